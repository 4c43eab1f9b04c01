//! Product, release and answers with everything decided: digests, names, addresses, secret references.
//!
//! [`outline`] says what is asked; [`resolve`] takes the answers and leaves nothing to decide later. Pure: the same
//! input gives the same deployment, byte for byte.

mod answers;
mod beside;
mod bound;
mod context;
mod defaults;
mod definition;
mod error;
mod options;
mod outline;
mod places;
mod resolve;
mod schema;

pub use answers::{ANSWERS_SCHEMA, Answers, PartAnswers, with_release, wrong_state};
pub use beside::{beside, name_beside};
pub use bound::{Bound, Piece, SecretForm};
pub use defaults::{ChangedDefault, changed_defaults, with_answers};
pub use error::{Missing, ResolveError};
pub use options::options;
pub use outline::{Asked, Complaint, Outline, PartOutline, outline};
pub(crate) use outline::{capitalized, either};
pub use resolve::resolve;
pub use schema::answers_schema;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::oci::Digest;
use crate::product::{
    Health, MigrationPromise, Probe, Probing, Protocol, ReleaseImage, Resources, Scaling, ServiceKind,
    Supply, Target, Version,
};

/// The version of the deployment's format.
pub const DEPLOYMENT_FORMAT: u32 = 1;

/// Everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// [`DEPLOYMENT_FORMAT`].
    pub format: u32,
    /// The installation's name.
    pub name: String,
    /// The product's name.
    pub product: String,
    /// The product's title, for people.
    pub title: String,
    /// The version.
    pub version: Version,
    /// The tier; empty where the product has none.
    pub tier: String,
    /// The product's settings as they were decided, answered or not; what may not be shown is a reference.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What the release's migrations promise.
    pub promise: MigrationPromise,
    /// The services that are used, by name.
    pub services: BTreeMap<String, ResolvedService>,
    /// Where every secret comes from, by the name used in references.
    pub secrets: BTreeMap<String, SecretOrigin>,
    /// The parts, by name.
    pub parts: BTreeMap<String, Part>,
}

/// One mode on one target, everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The part's name.
    pub name: String,
    /// The mode's name.
    pub mode: String,
    /// The target; none means the vendor's own service, where nothing is placed.
    pub target: Option<Target>,
    /// The target's options, checked.
    pub options: Map<String, Value>,
    /// The URL under which people reach it.
    pub url: String,
    /// What runs, in an order in which it can be started.
    pub components: Vec<ResolvedComponent>,
    /// The migration, when a component of this part runs it.
    pub migration: Option<Migration>,
    /// How it is asked from inside whether it answers, when a component of this part can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probing: Option<Probing>,
}

/// The schema migration as a step of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The component whose image and environment run it.
    pub component: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Seconds until it counts as failed.
    pub within: u32,
}

/// A component with everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedComponent {
    /// Its name in the definition.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// Its image, pinned.
    pub image: ReleaseImage,
    /// The program inside the image, for a host.
    pub binary: Option<String>,
    /// Arguments; empty means the image's own.
    pub args: Vec<Bound>,
    /// Ports by name.
    pub ports: BTreeMap<String, ResolvedPort>,
    /// How to tell that it works.
    pub health: Health,
    /// Where the running version is told.
    pub version: Option<Probe>,
    /// What one instance needs.
    pub resources: Resources,
    /// How many instances.
    pub scaling: Scaling,
    /// Environment variables.
    pub environment: BTreeMap<String, Bound>,
    /// Configuration files by name.
    pub files: BTreeMap<String, ResolvedFile>,
    /// Files of the customer's that it reads at start, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub provisioned: BTreeMap<String, ResolvedProvisioning>,
    /// Folders that must survive it: name to path where it runs.
    pub directories: BTreeMap<String, Utf8PathBuf>,
    /// Paths of the public address, each with the port that answers.
    pub routes: BTreeMap<String, u16>,
    /// Components that must be healthy first.
    pub after: Vec<String>,
    /// The services it uses, those left out included.
    pub needs: Vec<String>,
    /// The numeric user in its container.
    pub user: u32,
    /// Seconds from SIGTERM to SIGKILL.
    pub grace: u32,
}

impl ResolvedComponent {
    /// Lists every text of it that may hold references: environment, arguments, configuration files.
    pub fn texts(&self) -> impl Iterator<Item = &Bound> {
        let files = self.files.values().map(|file| &file.content);
        self.environment.values().chain(&self.args).chain(files)
    }
}

/// A port with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedPort {
    /// The number.
    pub number: u16,
    /// What is spoken on it.
    pub protocol: Protocol,
    /// Whether clients outside reach it under its own number, beside the public address.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub published: bool,
}

/// A configuration file, rendered but for its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedFile {
    /// Where the component finds it.
    pub path: Utf8PathBuf,
    /// Its text.
    pub content: Bound,
}

impl ResolvedFile {
    /// Says whether a secret's value stands in it, so that the target keeps it where it keeps secrets.
    pub fn is_private(&self) -> bool {
        self.content.is_private()
    }
}

/// A file that the customer hands in; what is in it is the customer's, and is read only when it is placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedProvisioning {
    /// Where the component finds it.
    pub path: Utf8PathBuf,
    /// The customer's file; a relative path is relative to the answers file.
    pub source: Utf8PathBuf,
}

/// A service with everything decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedService {
    /// The name people read.
    pub title: String,
    /// Its kind.
    pub kind: ServiceKind,
    /// Who supplies it.
    pub supply: Supply,
    /// The part that runs it (bundled) or has it made (managed); none for one of the customer's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The oldest version that works, where the definition says one.
    pub oldest: Option<String>,
    /// The image to run it with, or to save its data with, where the release has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ReleaseImage>,
    /// Where what runs takes a new license; none where it is restarted for it, and for every other kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<Reload>,
    /// The fields that templates read; secrets are references, and so is what the cloud has yet to say
    /// (`${output:service.field}`).
    pub fields: Map<String, Value>,
}

impl ResolvedService {
    /// Reads a text field; empty when there is none.
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Names the secret that a field refers to; none when it refers to none.
    pub fn secret(&self, field: &str) -> Option<&str> {
        self.text(field).strip_prefix("${secret:")?.strip_suffix('}')
    }

    /// Says whether Landfall runs it in a part.
    pub fn is_run_by(&self, part: &str) -> bool {
        self.supply == Supply::Bundled && self.part.as_deref() == Some(part)
    }

    /// Says whether it is a PostgreSQL database.
    pub fn is_postgresql(&self) -> bool {
        self.kind == ServiceKind::Sql && self.text("engine") == "postgresql"
    }

    /// Reads a port; none when it is no port.
    pub fn port(&self, field: &str) -> Option<u16> {
        self.fields
            .get(field)
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok())
    }
}

/// Where a running component takes a new license.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// The component.
    pub component: String,
    /// The name of its port.
    pub port: String,
    /// The path of the request.
    pub path: String,
}

/// Where a secret comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SecretOrigin {
    /// Made in the target's own store, with so many characters.
    Generated(u8),
    /// Read from a file of the customer's.
    File(Utf8PathBuf),
    /// Read from an environment variable of whoever runs Landfall.
    Env(String),
    /// Made and shown once; the store keeps its SHA-256 alone.
    Token(u8),
}

impl Deployment {
    /// Lists the licenses that are used: each service by name, with the secret that holds its token.
    pub fn licenses(&self) -> impl Iterator<Item = (&String, &ResolvedService, &str)> {
        let licenses = self.services.iter();
        licenses
            .filter(|(_, service)| service.kind == ServiceKind::License)
            .filter_map(|(name, service)| Some((name, service, service.secret("token")?)))
    }

    /// Takes over where licenses come from: they are the customer's and of no release.
    pub fn take_licenses(&mut self, from: &Self) {
        for (name, service, token) in from.licenses() {
            let Some(origin) = from.secrets.get(token) else {
                continue;
            };
            if let (Some(own), Some(ours)) = (self.secrets.get_mut(token), self.services.get_mut(name)) {
                own.clone_from(origin);
                ours.reload.clone_from(&service.reload);
            }
        }
    }

    /// Writes the deployment as YAML, every enum as a plain map.
    pub fn to_yaml(&self) -> String {
        // Through JSON's model: YAML's own would write enums as tags, which no other tool reads.
        let value = serde_json::to_value(self)
            .expect("a deployment is made of maps with text keys, lists and scalars");
        serde_yaml::to_string(&value).expect("what JSON can hold, YAML can")
    }

    /// Reads a deployment from YAML.
    ///
    /// # Errors
    /// When the text is no deployment of this format.
    pub fn from_yaml(text: &[u8]) -> Result<Self, serde_yaml::Error> {
        let value: Value = serde_yaml::from_slice(text)?;
        serde_json::from_value(value).map_err(serde::de::Error::custom)
    }

    /// Computes the digest of everything that was decided.
    pub fn digest(&self) -> Digest {
        Digest::of(
            serde_json::to_vec(self).expect("a deployment is made of maps with text keys, lists and scalars"),
        )
    }
}
