//! What of the product's own runs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Target, Template};

/// Something of the product's own that runs: an image, or a binary taken out of that image.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The name people read.
    pub title: String,
    /// The image's name, a template; a release pins it by digest.
    pub image: Template,
    /// The program inside the image that a host runs; none means it cannot run on a host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary: Option<String>,
    /// Arguments; empty means the image's own.
    #[serde(default)]
    pub args: Vec<Template>,
    /// Ports by name.
    #[serde(default)]
    pub ports: BTreeMap<String, Port>,
    /// How to tell that it works.
    #[serde(default)]
    pub health: Health,
    /// Where the running version is told, as JSON with a `version` field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Probe>,
    /// What one instance needs.
    #[serde(default)]
    pub resources: Resources,
    /// How many instances.
    #[serde(default)]
    pub scaling: Scaling,
    /// Environment variables; one whose template comes out empty is left out.
    #[serde(default)]
    pub environment: BTreeMap<String, Template>,
    /// Configuration files by name.
    #[serde(default)]
    pub files: BTreeMap<String, ConfigFile>,
    /// Folders by name that it writes and that must survive it, as paths inside the container.
    #[serde(default)]
    pub directories: BTreeMap<String, String>,
    /// Paths of the product's public address that it answers.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// Services that it uses: these are asked for, and its templates speak of them. An optional one may be left out
    /// (`supply: none`); then its fields are empty.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Components that must be healthy first.
    #[serde(default)]
    pub after: Vec<String>,
    /// When it is part of the deployment at all: an expression over the context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// The numeric user in its container.
    #[serde(default = "unprivileged")]
    pub user: u32,
    /// How to stop it.
    #[serde(default)]
    pub stop: Stop,
    /// Environment variables that differ by target.
    #[serde(default)]
    pub on: BTreeMap<Target, BTreeMap<String, Template>>,
    /// What was assumed here because the product's documentation leaves it open, one line each.
    #[serde(default)]
    pub assumed: Vec<String>,
}

fn unprivileged() -> u32 {
    65532
}

/// One port a component listens on.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// The number, often a setting.
    pub number: Template,
    /// What is spoken on it.
    #[serde(default)]
    pub protocol: Protocol,
    /// Whether clients outside reach it under its own number, beside the public address.
    #[serde(default)]
    pub published: bool,
}

/// What is spoken on a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP/1.1, WebSockets included.
    #[default]
    Http,
    /// gRPC over HTTP/2 without TLS.
    Grpc,
    /// Anything else over TCP.
    Tcp,
}

/// How to tell that a component works.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// It has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub startup: Option<Probe>,
    /// It may be sent traffic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readiness: Option<Probe>,
    /// It need not be restarted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liveness: Option<Probe>,
}

impl Health {
    /// Lists the probes there are, each with its key path below the component.
    pub fn probes(&self) -> impl Iterator<Item = (&Probe, &'static str)> {
        [
            (&self.startup, "health.startup"),
            (&self.readiness, "health.readiness"),
            (&self.liveness, "health.liveness"),
        ]
        .into_iter()
        .filter_map(|(probe, place)| Some((probe.as_ref()?, place)))
    }
}

/// An HTTP GET that must answer 2xx.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The path.
    pub path: String,
    /// The port's name.
    pub port: String,
    /// Seconds between two tries.
    #[serde(default = "five")]
    pub every: u32,
    /// Seconds until the component counts as failed.
    #[serde(default = "sixty")]
    pub within: u32,
}

fn five() -> u32 {
    5
}

fn sixty() -> u32 {
    60
}

/// A Kubernetes quantity such as `250m` or `512Mi`.
pub type Quantity = String;

/// What one instance needs and may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// CPU, such as `250m`.
    pub cpu: Quantity,
    /// Memory, such as `256Mi`; also its limit.
    pub memory: Quantity,
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            cpu: "250m".to_owned(),
            memory: "256Mi".to_owned(),
        }
    }
}

/// How many instances run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scaling {
    /// At least this many.
    pub min: u32,
    /// At most this many.
    pub max: u32,
}

impl Default for Scaling {
    fn default() -> Self {
        Self { min: 1, max: 1 }
    }
}

/// A configuration file of a component.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where the component finds it inside its container; a host has its own place, told by `files.<name>.path`.
    pub path: String,
    /// The template in the product's folder.
    pub template: String,
}

/// A path of the public address and the port that answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The path's beginning; the longest wins.
    pub path: String,
    /// The port's name.
    pub port: String,
}

/// How to stop a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Stop {
    /// Seconds from SIGTERM to SIGKILL.
    pub grace: u32,
}

impl Default for Stop {
    fn default() -> Self {
        Self { grace: 30 }
    }
}

/// How the schema is brought up to date: a step of its own, never a container's start-up.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Migrations {
    /// The component whose image and environment run it.
    pub component: String,
    /// Its arguments.
    pub args: Vec<Template>,
    /// Seconds until it counts as failed.
    #[serde(default = "ten_minutes")]
    pub within: u32,
}

/// How the product is asked from inside the cluster whether it answers, as `helm test` does.
///
/// The addresses to ask, those of readiness of every component with routes, follow the arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probing {
    /// The component whose image has a program that makes requests and ends with 0 when all are answered 2xx.
    pub component: String,
    /// The program; empty means the image's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Its arguments before the addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
}

fn ten_minutes() -> u32 {
    600
}
