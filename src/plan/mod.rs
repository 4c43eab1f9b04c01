//! What will be done, as data: ordered steps with their undo, hashed.
//!
//! A plan is made of a deployment, its artifacts and what was observed; its hash covers all three. What was approved is
//! what is applied: a saved plan whose hash no longer fits is refused. Pure: no clock, randomness, environment, network.

mod action;
mod aws;
mod backup;
mod cluster;
mod downtime;
mod error;
mod license;
mod order;
mod step;

pub use action::{Action, Check, Handed, Placement};
pub use aws::{AwsAction, LayerChange, LayerSettings, ServiceMove};
pub use backup::{BackupEnd, BackupKey, BackupLock, BackupPart, BackupSource, RestorePart};
pub use cluster::{ChartRef, ClusterAction, DatabaseJob, PodCheck, Workload};
pub use downtime::Downtime;
pub use error::PlanError;
pub use license::LicenseReload;
pub use order::order;
pub use step::{Step, StepId, Undo};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::oci::Digest;

/// The version of the plan's format.
pub const PLAN_FORMAT: u32 = 1;

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Bring up, or bring in line.
    Up,
    /// Stop without removing.
    Stop,
    /// Start again what was stopped.
    Start,
    /// Remove.
    Destroy,
    /// Go to another release.
    Upgrade,
    /// Go back to what an earlier run had installed.
    Rollback,
    /// Try an upgrade out beside what runs, on a copy of its data.
    Rehearse,
    /// Remove what nobody needs any more.
    Prune,
    /// Save everything for bad days.
    Backup,
    /// Bring back what was saved.
    Restore,
    /// Put a new license in force.
    RotateLicense,
}

impl Purpose {
    /// Returns the verb of the command line.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stop => "stop",
            Self::Start => "start",
            Self::Destroy => "destroy",
            Self::Upgrade => "upgrade",
            Self::Rollback => "rollback",
            Self::Rehearse => "rehearsal",
            Self::Prune => "prune",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::RotateLicense => "license rotate",
        }
    }

    /// Says whether a run of this purpose decides what is installed.
    pub fn installs(self) -> bool {
        matches!(
            self,
            Self::Up | Self::Destroy | Self::Upgrade | Self::Rollback | Self::Restore | Self::RotateLicense
        )
    }

    /// Says whether the product runs after a run of this purpose.
    pub fn brings_up(self) -> bool {
        matches!(
            self,
            Self::Up | Self::Start | Self::Upgrade | Self::Rollback | Self::Restore
        )
    }
}

/// What will be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_FORMAT`].
    pub format: u32,
    /// The SHA-256 of everything below, and so what is approved.
    pub hash: Digest,
    /// What it is for.
    pub purpose: Purpose,
    /// The installation's name.
    pub installation: String,
    /// The product's name and version, for people.
    pub release: String,
    /// The digest of the deployment it carries out.
    pub deployment: Digest,
    /// The digest of the artifacts it places.
    pub artifacts: Digest,
    /// What was seen of the world when it was made.
    pub observed: Value,
    /// The steps, each after what it needs. None means that nothing is to do.
    pub steps: Vec<Step>,
}

/// Everything a plan is made of, before it is ordered and hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What it is for.
    pub purpose: Purpose,
    /// The installation's name.
    pub installation: String,
    /// The product's name and version.
    pub release: String,
    /// The deployment's digest.
    pub deployment: Digest,
    /// The artifacts' digest.
    pub artifacts: Digest,
    /// What was observed.
    pub observed: Value,
    /// The steps in the driver's order.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Orders and hashes a draft.
    ///
    /// # Errors
    /// [`PlanError`] when the steps have no order.
    pub fn new(draft: Draft) -> Result<Self, PlanError> {
        let Draft {
            purpose,
            installation,
            release,
            deployment,
            artifacts,
            observed,
            steps,
        } = draft;
        let mut plan = Self {
            format: PLAN_FORMAT,
            hash: Digest::of([]),
            purpose,
            installation,
            release,
            deployment,
            artifacts,
            observed,
            steps: order(steps)?,
        };
        plan.hash = plan.content_hash();
        Ok(plan)
    }

    /// Checks that a plan read from elsewhere is whole: its format, its hash and its order.
    ///
    /// # Errors
    /// [`PlanError::Format`], [`PlanError::Changed`] or what is wrong with the order.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.format != PLAN_FORMAT {
            return Err(PlanError::Format {
                found: self.format,
                known: PLAN_FORMAT,
            });
        }
        let actual = self.content_hash();
        if actual != self.hash {
            return Err(PlanError::Changed {
                carried: self.hash.to_string(),
                actual: actual.to_string(),
            });
        }
        order(self.steps.clone()).map(|_| ())
    }

    /// Finds a step.
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    fn content_hash(&self) -> Digest {
        let bare = Self {
            hash: Digest::of([]),
            ..self.clone()
        };
        Digest::of(
            serde_json::to_vec(&bare).expect("a plan is made of maps with text keys, lists and scalars"),
        )
    }
}
