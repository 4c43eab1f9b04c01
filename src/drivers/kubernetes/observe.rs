//! What is there in a cluster, as data for the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::drivers::Likeness;
use crate::edits::Edit;
use crate::oci::Digest;

/// What was seen of a cluster. It holds no times and no revision numbers, so that an unchanged cluster is seen the same
/// twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The version that the history says is installed.
    pub installed: Option<String>,
    /// The versions of helm, kubectl and the cluster.
    pub tools: BTreeMap<String, String>,
    /// Whether the namespace is there.
    pub namespace: bool,
    /// How each entry of the Secret with secrets compares with its source.
    pub secrets: BTreeMap<String, Likeness>,
    /// How each entry of the Secret with files compares with its source.
    pub files: BTreeMap<String, Likeness>,
    /// The Helm release with the bundled services.
    pub services: ObservedRelease,
    /// The Helm release of the product.
    pub release: ObservedRelease,
    /// The workloads, by component or service.
    pub workloads: BTreeMap<String, ObservedWorkload>,
    /// Whether the volume that databases are saved into is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub snapshots: bool,
    /// The objects that somebody changed by hand, and what becomes of that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub edits: BTreeMap<String, Edit>,
}

/// A Helm release as seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedRelease {
    /// Whether there is one that was completed.
    pub deployed: bool,
    /// The digest of the chart and values it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<Digest>,
    /// Whether a helm was cut short, or is at work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// The objects of it that somebody removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

/// A workload as seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedWorkload {
    /// Whether it is there.
    pub installed: bool,
    /// Whether it is asked to run at all.
    pub wanted: bool,
    /// Whether all its pods are of the newest revision and ready.
    pub ready: bool,
}
