//! What can go wrong in an account.

use camino::Utf8PathBuf;

use crate::aws::AwsError;
use crate::drivers::SecretError;
use crate::render::RenderError;
use crate::tools::ToolError;

/// Says what went wrong in an account.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A program failed.
    #[error("could not {doing}")]
    Tool {
        /// What was tried.
        doing: String,
        /// Why.
        #[source]
        source: Box<ToolError>,
    },
    /// AWS did not do what it was asked for.
    #[error(transparent)]
    Aws(AwsError),
    /// AWS did not do what it was asked for, and there is something to do about it.
    #[error("{advice}")]
    Advised {
        /// What to do.
        advice: &'static str,
        /// What AWS said.
        #[source]
        source: AwsError,
    },
    /// A secret cannot be had.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// What is rendered cannot be used.
    #[error(transparent)]
    Render(#[from] RenderError),
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
    /// Terraform said something that was not understood, or the journal names what is not there.
    #[error("{because}")]
    Strange {
        /// What is wrong.
        because: String,
    },
    /// Terraform wants something else than what was approved.
    #[error(
        "terraform would do something to the {layer} layer that was not approved: {}; nothing was done; plan again to see it",
        .more.join(", ")
    )]
    NotApproved {
        /// The layer.
        layer: String,
        /// What, each with its address.
        more: Vec<String>,
    },
    /// Data would be lost.
    #[error(
        "terraform would remove what holds data: {}; nothing was planned: take back the answer that leads to it, or remove it by hand",
        .resources.join(", ")
    )]
    LosesData {
        /// The resources.
        resources: Vec<String>,
    },
    /// What is to be made is there, and somebody else's.
    #[error(
        "there is already, and is not this installation's: {}; remove or rename it, or give the installation another name",
        .others.join(", ")
    )]
    Occupied {
        /// The resources, each with its address and id.
        others: Vec<String>,
    },
    /// A Terraform that an earlier run left is still at work.
    #[error(
        "terraform (process {process}), which an earlier run left, is still at work in {folder}: wait for its end, or `landfall resume`, which does"
    )]
    AtWork {
        /// Its process.
        process: u32,
        /// The root module's folder.
        folder: Utf8PathBuf,
    },
    /// Another Landfall is at work in the folder of the root modules.
    #[error(
        "another landfall{} is at work in {folder}: wait until it is done, and try again",
        .process.map(|process| format!(" (process {process})")).unwrap_or_default()
    )]
    Busy {
        /// Its process, where it has said so.
        process: Option<u32>,
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// A service does not run what was planned.
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

impl AccountError {
    /// Says whether somebody else is at work, and nothing else is wrong.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

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

    /// Makes an error of something that is not as it must be.
    pub(super) fn strange(because: impl Into<String>) -> Self {
        Self::Strange {
            because: because.into(),
        }
    }
}

impl From<AwsError> for AccountError {
    fn from(source: AwsError) -> Self {
        match source.advice() {
            Some(advice) => Self::Advised { advice, source },
            None => Self::Aws(source),
        }
    }
}
