//! What can go wrong in a cluster.

use camino::Utf8PathBuf;

use crate::drivers::{HandError, SecretError};
use crate::tools::ToolError;

/// Says what went wrong in a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// A program failed.
    #[error("could not {doing}")]
    Tool {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: Box<ToolError>,
    },
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A license is not in force.
    #[error(transparent)]
    License(#[from] HandError),
    /// A file could not be read or written.
    #[error("could not {doing} {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The options of a part cannot be used.
    #[error("the part cannot be used: {because}")]
    Strange {
        /// What is wrong.
        because: String,
    },
    /// An object holds something that it cannot hold.
    #[error("{kind} {name} cannot be used: {because}")]
    Unusable {
        /// The kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        because: String,
    },
    /// Another run of helm is at work, or was cut short and cannot be mended.
    #[error("the release {release} is {status}: another helm is at work on it")]
    Busy {
        /// The release.
        release: String,
        /// What helm says.
        status: String,
    },
    /// Pods did not become ready in time.
    #[error("`{subject}` did not become ready within {within} seconds: {last}{said}")]
    NotReady {
        /// The component or service.
        subject: String,
        /// The seconds it was given.
        within: u32,
        /// What it waited for last.
        last: String,
        /// The last lines it wrote, ready to be shown.
        said: String,
    },
    /// A Job failed.
    #[error("the Job {job} failed: {because}")]
    Job {
        /// The Job.
        job: String,
        /// Why.
        because: String,
    },
    /// What runs is not what was planned.
    #[error("`{component}` runs {found}, the plan says {planned}")]
    Mismatch {
        /// The component.
        component: String,
        /// What was found.
        found: String,
        /// What was planned.
        planned: String,
    },
}

impl ClusterError {
    /// Makes a closure that wraps the failure of a program.
    pub(super) fn tool(doing: impl Into<String>) -> impl FnOnce(ToolError) -> Self {
        let doing = doing.into();
        move |source| Self::Tool {
            doing,
            source: Box::new(source),
        }
    }

    /// Makes a closure that wraps an I/O error.
    pub(super) fn file(
        doing: &'static str,
        path: impl Into<Utf8PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
