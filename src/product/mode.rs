//! The ways to run a product, and the rules for choosing one.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where Landfall can put things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// Amazon Web Services, by Terraform.
    Aws,
    /// Microsoft Azure, by Bicep.
    Azure,
    /// Any conformant cluster, by Helm.
    Kubernetes,
    /// One machine with a container engine, by Compose.
    Compose,
    /// One machine, by systemd or Landfall's own supervisor.
    Host,
}

impl Target {
    /// Every target, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Aws,
        Self::Azure,
        Self::Kubernetes,
        Self::Compose,
        Self::Host,
    ];

    /// Returns the name used in files, folders and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::Azure => "azure",
            Self::Kubernetes => "kubernetes",
            Self::Compose => "compose",
            Self::Host => "host",
        }
    }

    /// Returns the name people read, after "on".
    pub fn title(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Azure => "Azure",
            Self::Kubernetes => "Kubernetes",
            Self::Compose => "Docker Compose",
            Self::Host => "a Linux machine",
        }
    }

    /// Finds a target by its name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Who provides a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Supply {
    /// The cloud's own.
    Managed,
    /// Landfall runs it.
    Bundled,
    /// The customer's, given by address.
    Yours,
    /// The service is not used (only for an optional one).
    None,
}

impl Supply {
    /// Returns the name used in files and flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::Bundled => "bundled",
            Self::Yours => "yours",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Supply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One way to run the product.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mode {
    /// The name people read.
    pub title: String,
    /// What it means for the customer, in one or two sentences.
    pub summary: String,
    /// Whether it only adds to another mode: it is offered beside one, never by itself.
    #[serde(default)]
    pub addition: bool,
    /// Where it can run; none means the vendor's own service.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// The tiers that may use it; none means all.
    #[serde(default)]
    pub tiers: Vec<String>,
    /// The regions it is offered in; none means wherever the target is.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// What runs on the customer's ground.
    #[serde(default)]
    pub components: Vec<String>,
    /// Who may supply each service here, the default first; narrows what the service itself says.
    #[serde(default)]
    pub supplies: BTreeMap<String, Vec<Supply>>,
    /// Values of settings that this mode decides.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    /// Modes it may be combined with in one installation.
    #[serde(default)]
    pub combines_with: Vec<String>,
    /// Where the same mode differs from target to target.
    #[serde(default)]
    pub on: BTreeMap<Target, OnTarget>,
    /// What the vendor runs, for a mode without a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosted: Option<Hosted>,
    /// Things to know before choosing it.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What a mode does otherwise on one of its targets.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OnTarget {
    /// What runs, instead of the mode's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<String>>,
    /// Who may supply each service.
    #[serde(default)]
    pub supplies: BTreeMap<String, Vec<Supply>>,
    /// The database engine of each SQL service.
    #[serde(default)]
    pub engines: BTreeMap<String, super::Engine>,
    /// How each object store may store here, the default first; narrows what the service itself says.
    #[serde(default)]
    pub drivers: BTreeMap<String, Vec<super::ObjectDriver>>,
    /// How many instances of each component run here, instead of the component's own say.
    #[serde(default)]
    pub scaling: BTreeMap<String, super::Scaling>,
    /// Values of settings decided here.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
}

/// A region in which a mode is offered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The provider's name for it.
    pub id: String,
    /// The name people read.
    pub title: String,
    /// The tiers that may use it; none means all of the mode's.
    #[serde(default)]
    pub tiers: Vec<String>,
}

/// The vendor's own service.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hosted {
    /// Where it is, as a template over settings.
    pub url: super::Template,
    /// What of the customer's goes there.
    #[serde(default)]
    pub sends: Vec<String>,
    /// What the vendor takes care of.
    #[serde(default)]
    pub includes: Vec<String>,
}

/// A rule that speaks for a mode.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// When it speaks: an expression over `facts` and `tier`.
    pub when: String,
    /// What it speaks for.
    pub prefer: Prefer,
    /// How loudly, from 1 to 100.
    pub weight: u8,
    /// The reason people read.
    pub because: String,
}

/// What a rule speaks for.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Prefer {
    /// The mode.
    pub mode: String,
    /// One of its targets; none means all of them alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// One of its regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}
