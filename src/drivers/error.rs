//! What can go wrong with a target.

use super::aws::AccountError;
use super::host::HostError;
use super::kubernetes::{ClusterError, OBJECTS};
use crate::plan::PlanError;
use crate::render::RenderError;

/// Says what went wrong with a target.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// Rendering failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// What it costs could not be estimated.
    #[error("could not estimate what it costs")]
    Cost(#[from] crate::cost::CostError),
    /// A host could not be looked at.
    #[error("could not look at the host")]
    Host(#[from] HostError),
    /// A cluster could not be looked at.
    #[error("could not look at the cluster")]
    Cluster(#[from] ClusterError),
    /// An account could not be looked at.
    #[error("could not look at the account")]
    Account(#[from] AccountError),
    /// A way over stages has none, or one that lacks a part.
    #[error("there is no release to go to, or one on the way lacks a part")]
    NoStages,
    /// A part lies where an upgrade cannot be rehearsed.
    #[error(
        "part `{part}` lies in a cluster or an account, where this version of landfall cannot rehearse an upgrade"
    )]
    NoRehearsal {
        /// The part.
        part: String,
    },
    /// A part lies where its data cannot be saved or brought back.
    #[error(
        "part `{part}` lies in a cluster or an account, whose data this version of landfall cannot save or bring back"
    )]
    NoBackup {
        /// The part.
        part: String,
    },
    /// A part lies where a license is not handed over to what runs.
    #[error(
        "part `{part}` lies in an account, where this version of landfall hands no license to what runs: `landfall up` stores \
         the new one, and starts anew what reads it"
    )]
    NoRotation {
        /// The part.
        part: String,
    },
    /// A backup lacks what a part needs.
    #[error("the backup does not fit")]
    Backup(#[from] crate::backup::BackupError),
    /// What is to be handed a license does not run.
    #[error("`{component}` does not run, so that it cannot be handed a license")]
    NotRunning {
        /// The component.
        component: String,
    },
    /// The plan has no order.
    #[error("could not order the plan")]
    Plan(#[source] PlanError),
    /// Files that the customer changed by hand changed in what is rendered too, or objects would be applied over.
    #[error("{}: {}", said(.conflicts), listed(.conflicts))]
    Conflicts {
        /// Each file, and what is in conflict.
        conflicts: Vec<(String, Vec<String>)>,
    },
    /// A decision names a file that is not placed.
    #[error("`{name}` is no file that is placed here")]
    UnknownFile {
        /// What was named.
        name: String,
    },
    /// An observation cannot be read back.
    #[error("what was observed of part `{part}` cannot be read")]
    Observation {
        /// The part.
        part: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

fn said(conflicts: &[(String, Vec<String>)]) -> String {
    let is_object = |(name, _): &(String, Vec<String>)| name.starts_with(OBJECTS);
    match (conflicts.len(), conflicts.iter().all(is_object)) {
        (1, true) => "an object that was changed by hand would be applied over".to_owned(),
        (count, true) => format!("{count} objects that were changed by hand would be applied over"),
        (1, false) => "a file that you edited changed in what is rendered too".to_owned(),
        (count, false) => format!("{count} files that you edited changed in what is rendered too"),
    }
}

fn listed(conflicts: &[(String, Vec<String>)]) -> String {
    let names: Vec<&str> = conflicts.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}
