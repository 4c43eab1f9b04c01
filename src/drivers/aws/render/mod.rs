//! Deployment to artifacts: thin roots in layers, and the modules they call as they are kept.

mod application;
mod binding;
mod components;
mod fargate;
pub mod hcl;
mod images;
mod layers;
mod made;
mod network;
mod quantities;
mod region;
mod secrets;
mod services;
mod sizing;
mod targets;

pub use made::{Made, When, made};
pub use quantities::things;

use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, include_dir};
use serde_json::{Value, json};

use super::place::{BOOTSTRAP, Certificate, MODULES, Place, State, Vpc, dashed};
use crate::deployment::{Deployment, Part, SecretOrigin};
use crate::render::{Artifacts, RenderError, Templates};
use hcl::{Hcl, attributes};
use images::All;
use secrets::Kept;
use services::Managed;

static KEPT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/terraform/modules");

/// What every layer is rendered with.
struct Root<'a> {
    deployment: &'a Deployment,
    part: &'a Part,
    place: &'a Place,
    managed: Managed<'a>,
    templates: Templates,
}

/// One layer: a root module with a state of its own.
struct Layer<'a> {
    name: &'static str,
    /// Its templates, beside those that all layers have.
    files: &'a [&'a str],
    /// The modules it calls.
    modules: Vec<&'static str>,
    /// What was answered.
    variables: Vec<(&'static str, Hcl)>,
}

/// Renders a part.
///
/// # Errors
/// [`RenderError`] when an option is not usable, or something asked for cannot be had on AWS.
pub fn render(deployment: &Deployment, part: &Part) -> Result<Artifacts, RenderError> {
    let place = Place::of(deployment, part)?;
    let root = Root::of(deployment, part, &place)?;
    let mut artifacts = Artifacts::default();
    let images = All::of(deployment, part, &place, root.managed)?;
    let secrets = secrets::kept(deployment, part, root.managed);
    layers::bootstrap(&root, &mut artifacts)?;
    layers::foundation(&root, &images, &mut artifacts)?;
    layers::data(&root, &secrets, &mut artifacts)?;
    application::application(&root, &images, &mut artifacts)?;
    let guide = root.guide(&images, &secrets, &artifacts);
    artifacts.add("README.md", root.templates.render("README.md", &guide)?);
    Ok(artifacts)
}

/// Says where the value of each secret comes from that AWS keeps for a part.
///
/// # Errors
/// As [`render`].
pub(super) fn kept(
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, SecretOrigin>, RenderError> {
    Ok(secrets::origins(deployment, part, Managed::of(deployment, part)?))
}

/// Returns the managed database of a part.
///
/// # Errors
/// As [`render`].
pub(super) fn database(deployment: &Deployment, part: &Part) -> Result<Option<String>, RenderError> {
    let managed = Managed::of(deployment, part)?;
    Ok(managed.database.map(|(name, _)| name.to_owned()))
}

/// What a part needs of an account that no type of resource tells.
#[derive(Debug)]
pub(super) struct Needs {
    /// Whether people reach it.
    pub(super) reached: bool,
    /// Whether services of AWS get an interface in the network.
    pub(super) endpoints: bool,
    /// How many instances the database has; none where there is none.
    pub(super) instances: Option<u64>,
    /// How many tasks there are at most.
    pub(super) tasks: u64,
    /// The images, by digest.
    pub(super) images: Vec<String>,
}

/// Says what a part needs of an account.
///
/// # Errors
/// As [`render`].
pub(super) fn needs(deployment: &Deployment, part: &Part) -> Result<Needs, RenderError> {
    let place = Place::of(deployment, part)?;
    let root = Root::of(deployment, part, &place)?;
    let images = All::of(deployment, part, &place, root.managed)?;
    let instances = sizing::Sizing::of(&place.options).instances;
    Ok(Needs {
        reached: application::is_reached(&root),
        endpoints: !layers::endpoints(&place.options).is_empty(),
        instances: root.managed.database.map(|_| instances),
        tasks: part
            .components
            .iter()
            .map(|it| u64::from(components::tasks(it).1))
            .sum(),
        images: images
            .pulled
            .into_values()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect(),
    })
}

impl<'a> Root<'a> {
    fn of(deployment: &'a Deployment, part: &'a Part, place: &'a Place) -> Result<Self, RenderError> {
        Ok(Self {
            deployment,
            part,
            place,
            managed: Managed::of(deployment, part)?,
            templates: Templates::of("aws"),
        })
    }

    /// Renders a layer, and adds the modules that it calls.
    fn layer(
        &self,
        layer: &Layer<'_>,
        context: &Value,
        artifacts: &mut Artifacts,
    ) -> Result<(), RenderError> {
        let mut context = context.clone();
        context["title"] = self.deployment.title.clone().into();
        context["version"] = self.deployment.version.as_str().into();
        context["region"] = self.place.options.region.clone().into();
        context["common"] = self.templates.render("common.tf", &json!({}))?.into();
        context["boundary"] = self
            .templates
            .render("boundary.tf", &json!({}))?
            .trim_end()
            .into();
        for file in layer.files {
            let path = format!("{}/{file}", layer.name);
            let text = self.templates.render(&path, &context)?;
            artifacts.add(path, text);
        }
        let versions = self.templates.render("versions.tf", &self.versions(layer.name))?;
        artifacts.add(format!("{}/versions.tf", layer.name), versions);
        let options = &self.place.options;
        let common = [
            ("name", Hcl::text(&self.place.name)),
            ("region", Hcl::text(&options.region)),
            ("account", Hcl::text(&options.account)),
        ];
        let answered = layer.variables.iter().filter(|(_, value)| *value != Hcl::Null);
        let variables = common.into_iter().chain(answered.cloned());
        let variables: Vec<_> = variables.map(|(name, value)| (name.to_owned(), value)).collect();
        let variables = json!({ "variables": attributes(&variables, 0).trim_end() });
        artifacts.add(
            format!("{}/terraform.tfvars", layer.name),
            self.templates.render("tfvars", &variables)?,
        );
        for module in &layer.modules {
            add_module(module, artifacts);
        }
        Ok(())
    }

    /// Says which providers a layer needs, where its state lies, and what everything is tagged with.
    fn versions(&self, layer: &str) -> Value {
        let options = &self.place.options;
        let bucket = self.place.state_bucket().filter(|_| layer != BOOTSTRAP);
        let own = [
            ("installation", self.place.name.as_str()),
            ("layer", layer),
            ("managed-by", "terraform"),
            ("product", self.deployment.product.as_str()),
        ];
        let given = options.tags.iter().filter_map(|tag| tag.split_once('='));
        let given = given.filter(|(name, _)| own.iter().all(|(own, _)| own != &name.trim()));
        let tags = own.into_iter().chain(given);
        let tags = tags.map(|(name, value)| (name.trim().to_owned(), Hcl::text(value.trim())));
        json!({
            "bucket": bucket.map(|bucket| Hcl::text(bucket).write(0)),
            "key": Hcl::text(format!("{}/{}/{layer}.tfstate", self.place.name, self.part.name)).write(0),
            "region": Hcl::text(&options.region).write(0),
            "account": Hcl::text(&options.account).write(0),
            "tags": Hcl::Object(tags.collect()).write(2),
        })
    }

    fn guide(&self, images: &All, secrets: &[Kept], artifacts: &Artifacts) -> Value {
        let options = &self.place.options;
        json!({
            "title": self.deployment.title,
            "version": self.deployment.version,
            "name": self.place.name,
            "account": options.account,
            "region": options.region,
            "domain": options.domain,
            "ecr": self.place.ecr(),
            "existing": options.vpc == Vpc::Existing,
            "made_bucket": options.state == State::S3,
            "copies": images.copies,
            "secrets": secrets,
            "tasks": application::tasks(self),
            "services": self.part.components.iter().map(|component| {
                json!({ "name": dashed(&component.name), "tasks": component.scaling.min })
            }).collect::<Vec<_>>(),
            "migration": self.part.migration.is_some(),
            "composed": artifacts.get("application/composed.tf".into()).is_some(),
            "balancer": application::is_reached(self),
            "made_certificate": options.certificate == Certificate::Zone,
        })
    }
}

/// Adds a module as it is kept, but for what only its own tests read.
fn add_module(name: &str, artifacts: &mut Artifacts) {
    let files = KEPT.get_dir(name).into_iter().flat_map(Dir::files);
    for file in files {
        if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
            artifacts.add(format!("{MODULES}/{path}"), text.to_owned());
        }
    }
}
