//! What is there in an account, as data for the plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::plan::LayerChange;

/// What was seen of an account. It holds no times and no counts that autoscaling changes, so that an unchanged account is
/// seen the same twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The version that the history says is installed.
    pub installed: Option<String>,
    /// The version of terraform.
    pub tools: BTreeMap<String, String>,
    /// The layers by name.
    pub layers: BTreeMap<String, ObservedLayer>,
    /// The services by component.
    pub services: BTreeMap<String, ObservedService>,
}

/// A layer as seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedLayer {
    /// How many resources its state has.
    pub resources: usize,
    /// Whether an apply was cut short there: what it made may be in no state.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unfinished: bool,
    /// What Terraform would do to it.
    pub change: LayerChange,
}

/// A service as seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObservedService {
    /// The revision that it is set to; none where there is no such service.
    pub definition: Option<String>,
    /// Whether that is the one that the application layer registered last, or the same under another number.
    pub in_line: bool,
    /// Whether it is to have no task at all.
    pub stopped: bool,
    /// Whether ECS is done with its last rollout, and that one succeeded.
    pub settled: bool,
}
