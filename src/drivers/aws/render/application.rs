//! The application layer: components, the tasks beside them, and what is in front of them.

use serde::Serialize;
use serde_json::json;

use super::super::place::{
    APPLICATION, Architecture, CERTIFICATES, Certificate, DATABASE_USER, IMAGES, MIGRATION, dashed,
};
use super::binding::Binding;
use super::components::Writer;
use super::hcl::{Hcl, Reference};
use super::images::All;
use super::layers::{Database, boundary};
use super::network::Network;
use super::{Layer, Root, region};
use crate::deployment::ResolvedService;
use crate::render::{Artifacts, RenderError};

/// A task that is started by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Task {
    name: &'static str,
    /// Its module, such as `module.migration`.
    path: &'static str,
    /// What it may reach, as `module.access` reads it.
    access: String,
}

/// What `main.tf` is told of the database's user.
#[derive(Debug, Serialize)]
struct User {
    #[serde(flatten)]
    database: Database,
    user: String,
    password: String,
    certificates: String,
}

/// Says whether people reach anything of a part.
pub(super) fn is_reached(root: &Root<'_>) -> bool {
    root.part
        .components
        .iter()
        .any(|component| !component.routes.is_empty())
}

/// Lists the tasks that must have run before components can, in their order.
pub(super) fn tasks(root: &Root<'_>) -> Vec<Task> {
    let endpoints = super::components::reaches_endpoints(root.place);
    let user = root.managed.database.map(|_| {
        let uses: Vec<&str> = ["database"]
            .into_iter()
            .chain(endpoints.then_some("endpoints"))
            .collect();
        Task {
            name: DATABASE_USER,
            path: "module.database_user",
            access: Hcl::object([("uses", Hcl::texts(uses))]).write(2),
        }
    });
    let migration = root.part.migration.as_ref().map(|migration| {
        let component = dashed(&migration.component);
        let of = |field: &str| format!("local.components[{}].{field}", Hcl::text(&component).write(0));
        Task {
            name: MIGRATION,
            path: "module.migration",
            access: format!("{{ uses = {}, egress = {} }}", of("uses"), of("egress")),
        }
    });
    user.into_iter().chain(migration).collect()
}

/// Renders the layer.
pub(super) fn application(
    root: &Root<'_>,
    images: &All,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let network = Network::of(root.deployment, root.part, root.place)?;
    let writer = Writer {
        deployment: root.deployment,
        part: root.part,
        place: root.place,
        managed: root.managed,
        network: &network,
    };
    let mut binding = Binding::new(root.part, root.managed);
    let components = writer.components(&mut binding)?.write(1);
    artifacts.extend(std::mem::take(&mut binding.files).under(APPLICATION));
    let composed = binding.composed().map(|composed| composed.write(1));
    let is_composed = composed.is_some();
    let mut files = vec!["components.tf", "main.tf", "outputs.tf", "variables.tf"];
    files.extend(is_composed.then_some("composed.tf"));
    let has_tasks = !tasks(root).is_empty();
    files.extend(has_tasks.then_some("run-task.sh"));
    if root.managed.database.is_some() {
        files.push("database-user.sh");
        certificates(root, artifacts)?;
    }
    let layer = Layer {
        name: APPLICATION,
        files: &files,
        modules: modules(root, is_composed),
        variables: variables(root),
    };
    let mut context = context(root);
    context["components"] = components.into();
    context["composed"] = composed.into();
    context["egress"] = network.shared().write(1).into();
    root.layer(&layer, &context, artifacts)?;
    let images = serde_json::to_string_pretty(&json!({ "images": images.pulled }));
    artifacts.add(IMAGES, images.expect("texts by text are JSON") + "\n");
    Ok(())
}

fn context(root: &Root<'_>) -> serde_json::Value {
    let options = &root.place.options;
    let balancer = is_reached(root);
    let made = balancer && options.certificate == Certificate::Zone;
    let migration = root.part.migration.as_ref().map(|migration| {
        let component = Hcl::text(dashed(&migration.component)).write(0);
        json!({ "component": component, "command": Hcl::texts(&migration.args).write(1) })
    });
    json!({
        "tasks": tasks(root),
        "run": run(&tasks(root)).write(1),
        "shared": shared(root).write(1),
        "balancer": balancer,
        "internal": options.internal,
        "made_certificate": made,
        "certificate": if made { "module.certificate.certificate_arn" } else { "var.certificate_arn" },
        "waf": balancer && options.waf,
        "migration": migration,
        "database": root.managed.database.map(|(_, service)| user(root, service)),
        "cache": root.managed.cache.is_some(),
        "objects": root.managed.objects.is_some(),
        "backup": options.backup && root.managed.is_saved(),
        "budget": options.budget.is_some(),
    })
}

/// Lists the modules of tasks by name.
fn run(tasks: &[Task]) -> Hcl {
    let module = |task: &Task| (task.name.to_owned(), Hcl::Reference(Reference::to(task.path)));
    Hcl::Object(tasks.iter().map(module).collect())
}

fn user(root: &Root<'_>, service: &ResolvedService) -> User {
    User {
        database: Database::of(&root.place.options),
        user: Hcl::text(service.text("user")).write(0),
        password: Hcl::text(service.secret("password").unwrap_or_default()).write(0),
        certificates: Hcl::text(CERTIFICATES).write(0),
    }
}

/// What components reach by a security group of its own.
fn shared(root: &Root<'_>) -> Hcl {
    let of = |name: &str, port: Hcl| {
        let group = Reference::entry("var.foundation.security_group_ids", name);
        let fields = [("security_group_id", Hcl::Reference(group)), ("port", port)];
        (name.to_owned(), Hcl::object(fields))
    };
    let port = |path: &'static str| Hcl::Reference(Reference::to(path));
    let database = root
        .managed
        .database
        .map(|_| of("database", port("var.data.database.port")));
    let cache = root
        .managed
        .cache
        .map(|_| of("cache", port("var.data.cache.port")));
    let endpoints = of("endpoints", Hcl::Integer(443));
    Hcl::Object(database.into_iter().chain(cache).chain([endpoints]).collect())
}

fn modules(root: &Root<'_>, composed: bool) -> Vec<&'static str> {
    let options = &root.place.options;
    let balancer = is_reached(root);
    let sometimes = [
        ("secrets", composed),
        (
            "certificate",
            balancer && options.certificate == Certificate::Zone,
        ),
        ("waf", balancer && options.waf),
        ("load_balancer", balancer),
        ("budget", options.budget.is_some()),
    ];
    let sometimes = sometimes
        .into_iter()
        .filter_map(|(module, used)| used.then_some(module));
    ["component_access", "cluster", "task", "service", "alarms"]
        .into_iter()
        .chain(sometimes)
        .collect()
}

fn variables(root: &Root<'_>) -> Vec<(&'static str, Hcl)> {
    let options = &root.place.options;
    let architecture = match options.architecture {
        Architecture::Amd64 => "X86_64",
        Architecture::Arm64 => "ARM64",
    };
    let mut variables = vec![
        ("architecture", Hcl::text(architecture)),
        ("alarm_emails", Hcl::texts(&options.alarm_emails)),
    ];
    if is_reached(root) {
        variables.push(("domain", Hcl::text(options.domain.to_ascii_lowercase())));
        variables.push(match options.certificate {
            Certificate::Zone => ("zone_id", Hcl::optional(options.zone_id.as_deref())),
            Certificate::Given => (
                "certificate_arn",
                Hcl::optional(options.certificate_arn.as_deref()),
            ),
        });
    }
    let credentials = options.registry_credentials.as_deref();
    variables.push(("registry_credentials_arn", Hcl::optional(credentials)));
    if let Some(file) = options
        .database_ca
        .as_ref()
        .filter(|_| root.managed.database.is_some())
    {
        variables.push(("database_ca_file", Hcl::text(file.as_str())));
    }
    if let Some(budget) = options.budget {
        variables.push(("monthly_budget", Hcl::Integer(budget.into())));
    }
    variables.push(("permissions_boundary", boundary(root.place)));
    variables
}

/// Brings along what RDS's databases are checked with.
fn certificates(root: &Root<'_>, artifacts: &mut Artifacts) -> Result<(), RenderError> {
    let options = &root.place.options;
    if options.database_ca.is_some() {
        return Ok(());
    }
    let pem = region::certificates(&options.region).ok_or_else(|| RenderError::Options {
        part: root.part.name.clone(),
        message: format!(
            "the certificates of RDS in `{}` do not come along: name a file with them as `database_ca`; AWS has it at \
             https://truststore.pki.rds.amazonaws.com/{0}/{0}-bundle.pem",
            options.region
        ),
    })?;
    artifacts.add(format!("{APPLICATION}/database-ca.pem"), pem.to_owned());
    Ok(())
}
