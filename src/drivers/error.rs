//! What can go wrong with a target.

use super::host::HostError;
use crate::plan::PlanError;
use crate::render::RenderError;

/// Says what went wrong with a target.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// Rendering failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A host could not be looked at.
    #[error("could not look at the host")]
    Host(#[from] HostError),
    /// A way over stages has none, or one that lacks a part.
    #[error("there is no release to go to, or one on the way lacks a part")]
    NoStages,
    /// A backup lacks what a part needs.
    #[error("the backup does not fit")]
    Backup(#[from] crate::backup::BackupError),
    /// The plan has no order.
    #[error("could not order the plan")]
    Plan(#[source] PlanError),
    /// Files that the customer changed by hand changed in what is rendered too.
    #[error("{} that you edited changed in what is rendered too: {}", counted(.conflicts.len()), listed(.conflicts))]
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

fn counted(count: usize) -> String {
    match count {
        1 => "a file".to_owned(),
        count => format!("{count} files"),
    }
}

fn listed(conflicts: &[(String, Vec<String>)]) -> String {
    let names: Vec<&str> = conflicts.iter().map(|(name, _)| name.as_str()).collect();
    names.join(", ")
}
