//! What can go wrong on a host.

use camino::Utf8PathBuf;

use crate::backup::BackupError;
use crate::drivers::{HandError, SecretError};
use crate::oci::{Digest, OciError};
use crate::supervisor::SupervisorError;
use crate::tools::ToolError;

/// Says what went wrong on a host.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// A file or folder could not be read, written, moved or removed.
    #[error("could not {doing} {path}")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder of the installation is not safe to use.
    #[error("{path} is not a folder of this installation's: {because}")]
    Strange {
        /// The folder.
        path: Utf8PathBuf,
        /// What is strange about it.
        because: String,
    },
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// An artifact that a step places is not among those of the plan.
    #[error("the artifact {path} is not part of the plan")]
    NoArtifact {
        /// The artifact.
        path: Utf8PathBuf,
    },
    /// An image could not be had or unpacked.
    #[error("could not unpack the image of `{component}`")]
    Image {
        /// The component.
        component: String,
        /// Why.
        #[source]
        source: Box<OciError>,
    },
    /// An external program failed.
    #[error("could not {doing}")]
    Tool {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: Box<ToolError>,
    },
    /// A unit could not be handled.
    #[error("could not {doing} `{unit}`{said}")]
    Unit {
        /// What was tried.
        doing: &'static str,
        /// The unit.
        unit: String,
        /// The last lines it wrote, ready to be shown.
        said: String,
        /// Why.
        #[source]
        source: Box<SupervisorError>,
    },
    /// The bundled database could not be handled.
    #[error("could not {doing}")]
    Database {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A backup could not be made or used.
    #[error("could not {doing}")]
    Backup {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: Box<BackupError>,
    },
    /// A component did not become healthy in time.
    #[error("`{component}` did not become healthy within {within} seconds: {last}{said}")]
    Unhealthy {
        /// The component.
        component: String,
        /// The seconds it was given.
        within: u32,
        /// What its probe said last.
        last: String,
        /// The last lines it wrote, ready to be shown.
        said: String,
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
    /// An unpacked image is not the planned one.
    #[error("the unpacked image of `{component}` is not {planned}")]
    WrongImage {
        /// The component.
        component: String,
        /// The planned digest.
        planned: Digest,
    },
    /// A license is not in force.
    #[error(transparent)]
    License(#[from] HandError),
    /// A probe could not be made at all.
    #[error("could not ask {url}")]
    Ask {
        /// The URL.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl HostError {
    /// Makes a closure that wraps an I/O error.
    pub(super) fn file(
        doing: &'static str,
        path: impl Into<Utf8PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { doing, path, source }
    }
}
