//! What steps do in an AWS account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Action;
use crate::oci::Digest;
use crate::product::Version;

/// What a step does in the account of its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum AwsAction {
    /// Brings a layer in line with its root module, by Terraform.
    ApplyLayer {
        /// The layer.
        layer: String,
        /// What Terraform may do; where nothing is named, it may change things in place and no more.
        change: Option<LayerChange>,
        /// With what it is applied beside what was answered.
        #[serde(default, skip_serializing_if = "LayerSettings::is_usual")]
        settings: LayerSettings,
        /// The release whose root module this comes after, to be applied again when it is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Version>,
    },
    /// Removes a layer: lifts what protects it, then destroys it.
    RemoveLayer {
        /// The layer.
        layer: String,
        /// How many resources it has.
        resources: usize,
    },
    /// Starts a task and waits until it has ended well.
    RunTask {
        /// The task's name.
        task: String,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Saves the managed database as a snapshot that is named after the run.
    SaveDatabase {
        /// The service.
        service: String,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Moves services to the revisions that the application layer registered, and starts those that are stopped.
    RollOut {
        /// The services by name.
        services: BTreeMap<String, ServiceMove>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Stops services: none of their tasks is left.
    StopServices {
        /// The services, with how many tasks each had.
        services: BTreeMap<String, u16>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Notes how the installed release runs; taken back, waits until it does again.
    Baseline {
        /// The installed version.
        version: Version,
        /// The services that run.
        services: BTreeSet<String>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Compares what runs with what the plan says should run.
    Verify {
        /// The digests that each service's image may have.
        services: BTreeMap<String, BTreeSet<Digest>>,
    },
}

/// What a plan of Terraform's does to a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerChange {
    /// What is done to each resource, by its address: `create`, `update`, `delete`, `replace` or `import`.
    pub resources: BTreeMap<String, String>,
    /// The digest of all that Terraform said of it; of the addresses alone for a preview.
    pub digest: Option<Digest>,
    /// Whether it was planned with stand-ins for what other layers will give.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preview: bool,
}

/// With what a layer is applied beside what was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerSettings {
    /// Whether autoscaling holds still.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// Whether what protects data is lifted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unprotected: bool,
}

/// What becomes of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceMove {
    /// The revision that it runs before; none where it is new.
    pub from: Option<String>,
    /// Whether it has no tasks before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// How many tasks it must have at least.
    pub tasks: u16,
    /// The digests that its image may have.
    pub digests: BTreeSet<Digest>,
}

impl LayerChange {
    /// Says whether there is nothing to do.
    pub fn is_nothing(&self) -> bool {
        self.resources.is_empty() && self.digest.is_none()
    }

    /// Makes a preview of it: only what is done to which resource counts, because values will be others.
    #[must_use]
    pub fn into_preview(mut self) -> Self {
        let resources = serde_json::to_vec(&self.resources).expect("texts by text are JSON");
        self.digest = Some(Digest::of(resources));
        self.preview = true;
        self
    }

    /// Counts what is done, in words: `34 to create, 1 to update`.
    pub fn counted(&self) -> String {
        let count = |action: &str| self.resources.values().filter(|it| *it == action).count();
        let counts =
            ["import", "create", "update", "replace", "delete"].map(|action| (action, count(action)));
        let counts = counts.iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(action, count)| format!("{count} to {action}"))
            .collect();
        match counts.is_empty() {
            true => "no resource".to_owned(),
            false => counts.join(", "),
        }
    }
}

impl LayerSettings {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl From<AwsAction> for Action {
    fn from(action: AwsAction) -> Self {
        Self::Aws(action)
    }
}
