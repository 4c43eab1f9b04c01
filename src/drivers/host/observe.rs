//! What is there on the host, as data for the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::drivers::Likeness;
use crate::edits::Edit;
use crate::oci::Digest;

/// What was seen of a host. It holds no times, so that an unchanged host is seen the same twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The version that the history says is installed.
    pub installed: Option<String>,
    /// Whether the folders and the user are there.
    pub prepared: bool,
    /// The version of the installation's own copy of Landfall.
    pub tool: Option<String>,
    /// The digest of each unpacked image of this release, by component.
    pub images: BTreeMap<String, Digest>,
    /// How each secret compares with its source.
    pub secrets: BTreeMap<String, Likeness>,
    /// How each placed file compares with its artifact.
    pub files: BTreeMap<String, Likeness>,
    /// How each file that the customer hands in compares with its copy, by the place of the copy.
    pub handed: BTreeMap<String, Likeness>,
    /// The bundled databases.
    pub databases: BTreeMap<String, ObservedDatabase>,
    /// The release that `current` leads to.
    pub current: Option<String>,
    /// Whether what keeps units running is there.
    pub supervisor: bool,
    /// The units, by component or service.
    pub units: BTreeMap<String, ObservedUnit>,
    /// Whether users are kept out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// About how large each database is, in bytes rounded up to a power of two; looked at for an upgrade only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sizes: BTreeMap<String, u64>,
    /// The files that the customer changed by hand, by artifact, and what becomes of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edits: BTreeMap<String, Edit>,
    /// How the timer for backups compares with its artifacts, where there is or should be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Likeness>,
}

/// A bundled database as seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedDatabase {
    /// Whether its programs are linked.
    pub programs: bool,
    /// Whether its cluster is complete.
    pub initialized: bool,
    /// Whether the product's role can connect to the product's database.
    pub ready: bool,
}

/// A unit as seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedUnit {
    /// Whether it is known.
    pub installed: bool,
    /// Whether it runs.
    pub running: bool,
    /// What it was started with.
    pub stamp: Option<Digest>,
    /// Whether it is not running now and is started again and again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restless: bool,
}
