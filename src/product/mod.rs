//! What a vendor ships: the product definition and its releases, parsed strictly and checked as a whole.
//!
//! `product.yaml` becomes a [`Product`], `releases/<version>.yaml` a [`Release`]; a [`Catalog`] finds both. Data
//! decides: a new product, mode or question is YAML. Must not resolve anything: that takes answers.

mod catalog;
mod check;
mod component;
mod error;
mod mode;
mod origin;
mod path;
mod pin;
mod quantity;
mod question;
mod release;
mod scaffold;
mod schema;
mod service;
mod template;
#[cfg(test)]
pub(crate) mod testing;
mod version;

pub use catalog::{Catalog, Entry, ProductFiles};
pub use check::check;
pub use component::{
    Component, ConfigFile, Health, Migrations, Port, Probe, Probing, Protocol, Quantity, Resources, Route,
    Scaling, Stop,
};
pub use error::ProductError;
pub use mode::{Hosted, Mode, OnTarget, Prefer, Region, Rule, Supply, Target};
pub use path::{PathError, Releases, Risk, path};
pub use pin::{bills, pin};
pub use quantity::thousandths;
pub use question::{AnswerError, Choice, Question, QuestionType};
pub use release::{ImageOrigin, MigrationPromise, RELEASE_SCHEMA, Release, ReleaseImage};
pub use scaffold::scaffold;
pub(crate) use schema::described;
pub use schema::{release_schema, schema};
pub use service::{
    Ai, Cache, Claim, Engine, KindQuestions, ObjectDriver, Objects, Oidc, Preset, SecretDefinition,
    SecretKind, Service, ServiceKind, Sql, Temporal, kinds,
};
pub use template::Template;
pub use version::{BadVersion, Version};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema line that every product definition carries.
pub const PRODUCT_SCHEMA: &str = "landfall/product/v1";

/// A vendor's product: what runs, what it needs, how it may be run and what is asked.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// `landfall/product/v1`.
    pub schema: String,
    /// The product's short name: lower case letters, digits and dashes.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// One or two sentences on what it does.
    #[serde(default)]
    pub description: String,
    /// Who ships it.
    pub vendor: Vendor,
    /// The tiers it is sold in, lowest first.
    #[serde(default)]
    pub tiers: Vec<String>,
    /// What matters for choosing a mode, asked first.
    #[serde(default)]
    pub facts: Vec<Question>,
    /// The rules that rank the modes.
    #[serde(default)]
    pub choosing: Vec<Rule>,
    /// The ways to run it.
    pub modes: BTreeMap<String, Mode>,
    /// What else is asked, as `settings.<key>`.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// What of its own runs.
    #[serde(default)]
    pub components: BTreeMap<String, Component>,
    /// What it needs from elsewhere.
    #[serde(default)]
    pub services: BTreeMap<String, Service>,
    /// Secrets beyond those of the services.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretDefinition>,
    /// Files that the customer may hand in and a component reads at start.
    #[serde(default)]
    pub provisioning: BTreeMap<String, Provisioning>,
    /// Pipelines that can be generated for the customer.
    #[serde(default)]
    pub pipelines: BTreeMap<String, Pipeline>,
    /// How the schema is brought up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<Migrations>,
    /// How it is asked from inside the cluster whether it answers; without it there is no `helm test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probing: Option<Probing>,
    /// Which releases may not be skipped.
    #[serde(default)]
    pub upgrades: Upgrades,
}

/// Who ships a product and how to reach them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// The vendor's name.
    pub name: String,
    /// The page on deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// Where help is had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<String>,
}

/// A file that the customer hands in, such as the first users and projects.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// The name people read.
    pub title: String,
    /// The component that reads it.
    pub component: String,
    /// Where the component finds it inside its container; a host has its own place, told by `files.<name>.path`.
    pub path: String,
    /// The setting that holds the customer's file; without it nothing is provisioned.
    pub setting: String,
    /// An example in the product's folder, also what `init` can write.
    pub example: String,
    /// The JSON Schema of the file, in the product's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
}

/// A pipeline for the customer's own delivery system.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The name people read.
    pub title: String,
    /// The template in the product's folder.
    pub template: String,
    /// Where the customer's repository keeps it.
    pub path: String,
}

/// How releases follow one another.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Upgrades {
    /// Versions that an upgrade may not skip.
    #[serde(default)]
    pub stops: Vec<Version>,
    /// The oldest version from which an upgrade is supported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Version>,
}

impl Product {
    /// Finds the rank of a tier: 0 is the lowest.
    pub fn tier_rank(&self, tier: &str) -> Option<usize> {
        self.tiers.iter().position(|name| name == tier)
    }

    /// Lists the components of a mode on a target.
    pub fn components_of<'a>(&'a self, mode: &'a Mode, target: Option<Target>) -> &'a [String] {
        target
            .and_then(|target| mode.on.get(&target))
            .and_then(|on| on.components.as_deref())
            .unwrap_or(&mode.components)
    }

    /// Says how many instances of a component run in a mode on a target.
    pub fn scaling_of(&self, component: &str, mode: &Mode, target: Option<Target>) -> Scaling {
        target
            .and_then(|target| mode.on.get(&target)?.scaling.get(component))
            .or_else(|| self.components.get(component).map(|component| &component.scaling))
            .cloned()
            .unwrap_or_default()
    }

    /// Lists how an object store may store in a mode on a target, the first being the default.
    pub fn drivers_of(&self, service: &str, mode: &Mode, target: Option<Target>) -> Vec<ObjectDriver> {
        target
            .and_then(|target| mode.on.get(&target)?.drivers.get(service))
            .or_else(|| Some(&self.services.get(service)?.objects.as_ref()?.drivers))
            .cloned()
            .unwrap_or_default()
    }

    /// Lists who may supply a service in a mode on a target, the first being the default.
    pub fn supplies_of(&self, service: &str, mode: &Mode, target: Option<Target>) -> Vec<Supply> {
        let on = target.and_then(|target| mode.on.get(&target));
        on.and_then(|on| on.supplies.get(service))
            .or_else(|| mode.supplies.get(service))
            .cloned()
            .or_else(|| self.services.get(service).map(|service| service.supplies.clone()))
            .unwrap_or_default()
    }
}
