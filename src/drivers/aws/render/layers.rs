//! Bootstrap, foundation and data: what of them a deployment needs, and the values of their variables.

use serde::Serialize;
use serde_json::json;

use super::super::place::{
    BOOTSTRAP, DATA, DatabaseKind, FOUNDATION, Images, Nat, Options, Place, State, Vpc,
};
use super::hcl::{Hcl, Reference};
use super::images::All;
use super::secrets::Kept;
use super::services::{Managed, Named};
use super::sizing::Sizing;
use super::{Layer, Root};
use crate::deployment::Deployment;
use crate::render::{Artifacts, RenderError};

/// What tasks need to start where there is no NAT: images, logs, secrets, and a way for people to look inside.
const NEEDED_ENDPOINTS: [&str; 8] = [
    "ecr.api",
    "ecr.dkr",
    "kms",
    "logs",
    "secretsmanager",
    "ssm",
    "ssmmessages",
    "sts",
];

/// Renders the layer with the bucket of the states, where one is made.
pub(super) fn bootstrap(root: &Root<'_>, artifacts: &mut Artifacts) -> Result<(), RenderError> {
    let Some(bucket) = root
        .place
        .state_bucket()
        .filter(|_| root.place.options.state == State::S3)
    else {
        return Ok(());
    };
    let layer = Layer {
        name: BOOTSTRAP,
        files: &["main.tf", "variables.tf"],
        modules: vec!["kms", "log_bucket", "objects"],
        variables: vec![("bucket", Hcl::text(bucket))],
    };
    root.layer(&layer, &json!({}), artifacts)
}

/// Renders network, keys and what else is there for the layers above.
pub(super) fn foundation(
    root: &Root<'_>,
    images: &All,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let (place, options) = (root.place, &root.place.options);
    let repositories = options.images == Images::Ecr;
    let mut variables = network(options);
    variables.extend([
        ("endpoints", Hcl::texts(endpoints(options))),
        ("allowed_cidrs", Hcl::texts(&options.allowed_cidrs)),
    ]);
    let mut modules = vec!["kms", "network", "security_groups", "endpoints", "log_bucket"];
    if repositories {
        variables.push(("repositories", Hcl::texts(images.pulled.keys())));
        modules.push("registry");
    }
    variables.push(("permissions_boundary", boundary(place)));
    let layer = Layer {
        name: FOUNDATION,
        files: &["main.tf", "variables.tf", "outputs.tf"],
        modules,
        variables,
    };
    let context = json!({
        "keys": keys(root.managed, options).write(1),
        "existing": options.vpc == Vpc::Existing,
        "repositories": repositories,
    });
    root.layer(&layer, &context, artifacts)
}

fn network(options: &Options) -> Vec<(&'static str, Hcl)> {
    let nat = match options.nat {
        Nat::One => "one",
        Nat::PerZone => "per_zone",
        Nat::None => "none",
    };
    let mut variables = match options.vpc {
        Vpc::New => vec![
            ("cidr", Hcl::optional(options.cidr.as_deref())),
            ("zones", Hcl::texts(&options.zones)),
        ],
        Vpc::Existing => vec![(
            "existing",
            Hcl::object([
                ("vpc_id", Hcl::optional(options.vpc_id.as_deref())),
                ("public_subnet_ids", Hcl::texts(&options.public_subnets)),
                ("private_subnet_ids", Hcl::texts(&options.private_subnets)),
                ("isolated_subnet_ids", Hcl::texts(&options.isolated_subnets)),
            ]),
        )],
    };
    variables.push(("nat", Hcl::text(nat)));
    variables
}

/// Lists the services of AWS that have an interface in the network.
pub(super) fn endpoints(options: &Options) -> Vec<String> {
    let needed: &[&str] = if options.nat == Nat::None {
        &NEEDED_ENDPOINTS
    } else {
        &[]
    };
    let needed = needed.iter().map(|service| (*service).to_owned());
    let mut all: Vec<String> = needed.chain(options.endpoints.clone()).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Lists the keys, one for each kind of data, so that who may read one kind may not read all.
pub(super) fn keys(managed: Managed<'_>, options: &Options) -> Hcl {
    let key = |purpose: &str, services: &[&str]| {
        Hcl::object([
            ("purpose", Hcl::text(purpose)),
            ("services", Hcl::texts(services.iter().copied())),
        ])
    };
    let log_services = ["budgets", "cloudwatch", "events", "events.rds", "logs"];
    let all = [
        (
            "backup",
            options.backup && managed.is_saved(),
            key("backups", &[]),
        ),
        ("data", managed.any(), key("database, cache and objects", &[])),
        ("images", options.images == Images::Ecr, key("images", &[])),
        ("logs", true, key("logs, alarms and sessions", &log_services)),
        ("secrets", true, key("secrets", &[])),
    ];
    let wanted = all.into_iter().filter(|(_, wanted, _)| *wanted);
    Hcl::Object(wanted.map(|(name, _, key)| (name.to_owned(), key)).collect())
}

/// The policy that bounds every role.
pub(super) fn boundary(place: &Place) -> Hcl {
    Hcl::optional(place.options.permissions_boundary.as_deref())
}

/// What templates are told of the database.
#[derive(Debug, Serialize)]
pub(super) struct Database {
    module: &'static str,
    max_connections: u64,
}

impl Database {
    pub(super) fn of(options: &Options) -> Self {
        let module = match options.database_kind {
            DatabaseKind::Aurora => "aurora",
            DatabaseKind::Postgres => "postgres",
        };
        Self {
            module,
            max_connections: Sizing::of(options).connections(options),
        }
    }
}

/// Renders secrets, database, cache and objects.
pub(super) fn data(root: &Root<'_>, secrets: &[Kept], artifacts: &mut Artifacts) -> Result<(), RenderError> {
    let (options, managed) = (&root.place.options, root.managed);
    let sizing = Sizing::of(options);
    let (mut modules, mut variables) = (vec!["secrets"], Vec::new());
    let database = managed.database.map(|(_, service)| {
        variables.push(("database", sizing.database(options, service.text("name"))));
        let database = Database::of(options);
        modules.push(database.module);
        database
    });
    let cache = managed.cache.map(|(_, service)| {
        variables.push(("cache", sizing.cache(options)));
        modules.push("cache");
        json!({ "password": Hcl::text(service.secret("password").unwrap_or_default()).write(0) })
    });
    if let Some(objects) = managed.objects {
        variables.push(("bucket", Hcl::text(bucket(root, objects)?)));
        modules.push("objects");
    }
    let backup = options.backup && managed.is_saved();
    modules.extend(backup.then_some("backup"));
    variables.push(("permissions_boundary", boundary(root.place)));
    let layer = Layer {
        name: DATA,
        files: &["main.tf", "variables.tf", "outputs.tf"],
        modules,
        variables,
    };
    let context = json!({
        "secrets": described(root.deployment, secrets).write(1),
        "database": database,
        "cache": cache,
        "objects": managed.objects.is_some(),
        "backup": backup.then(|| saved(managed)),
        "left": left(managed).map(|left| left.write(1)),
    });
    root.layer(&layer, &context, artifacts)
}

/// Names the bucket for objects: it begins with what was answered, and is one in the world.
pub(super) fn bucket(root: &Root<'_>, (name, service): Named<'_>) -> Result<String, RenderError> {
    let (prefix, place) = (service.text("prefix"), root.place);
    let first = if prefix == place.name {
        prefix.to_owned()
    } else {
        format!("{prefix}-{}", place.name)
    };
    let bucket = format!("{first}-{}", place.options.account);
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if bucket.len() <= 63 && bucket.bytes().all(letter) && !bucket.starts_with('-') {
        return Ok(bucket);
    }
    Err(RenderError::Options {
        part: root.part.name.clone(),
        message: format!(
            "`services.{name}.bucket` takes lower case letters, digits and dashes, 63 with what follows: {bucket}"
        ),
    })
}

fn described(deployment: &Deployment, secrets: &[Kept]) -> Hcl {
    let described = |secret: &Kept| {
        let text = format!("{} of {}", secret.name, deployment.title);
        (secret.name.clone(), Hcl::text(text))
    };
    Hcl::Object(secrets.iter().map(described).collect())
}

/// What AWS Backup saves: all generations of the database, and the bucket.
fn saved(managed: Managed<'_>) -> &'static str {
    match (managed.database, managed.objects) {
        (Some(_), Some(_)) => "concat(values(module.database.arns), [module.objects.bucket_arn])",
        (Some(_), None) => "values(module.database.arns)",
        (None, _) => "[module.objects.bucket_arn]",
    }
}

/// What a destroy leaves.
fn left(managed: Managed<'_>) -> Option<Hcl> {
    let reference = |path| Hcl::Reference(Reference::to(path));
    let database = managed
        .database
        .map(|_| reference("module.database.final_snapshot_identifiers"));
    let cache = managed
        .cache
        .map(|_| reference("module.cache.final_snapshot_identifier"));
    let named = [("database", database), ("cache", cache)].into_iter();
    let left: Vec<_> = named
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect();
    (!left.is_empty()).then_some(Hcl::Object(left))
}
