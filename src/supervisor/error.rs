//! What can go wrong with units.

use camino::Utf8PathBuf;
use thiserror::Error;

use super::protocol::UnitState;
use crate::tools::ToolError;

/// Describes why units could not be looked after.
#[derive(Debug, Error)]
pub enum SupervisorError {
    /// A file or folder of the supervisor could not be used.
    #[error("could not {action} `{path}`")]
    File {
        /// What was tried, such as `read`.
        action: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A unit file is not valid YAML or has a wrong field.
    #[error("could not understand the unit file `{path}`")]
    ParseUnit {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: serde_yaml::Error,
    },
    /// A unit could not be written as YAML.
    #[error("could not write down the unit `{unit}`")]
    WriteUnit {
        /// The unit.
        unit: String,
        /// What is wrong.
        #[source]
        source: serde_yaml::Error,
    },
    /// A unit file says something that cannot be.
    #[error("unit `{unit}` is not valid: {reason}")]
    InvalidUnit {
        /// The unit.
        unit: String,
        /// What cannot be.
        reason: String,
    },
    /// An environment file has a line that is not `KEY=value`.
    #[error("line {line} of `{path}` is not `KEY=value`")]
    EnvironmentLine {
        /// The file.
        path: Utf8PathBuf,
        /// The line's number, from 1.
        line: usize,
    },
    /// Units wait for each other in a circle.
    #[error("units wait for each other in a circle: {}", .0.join(", "))]
    Circle(
        /// The units that can never start.
        Vec<String>,
    ),
    /// There is no such unit.
    #[error("there is no unit `{0}`")]
    UnknownUnit(
        /// Its name.
        String,
    ),
    /// A unit did not come up.
    #[error("unit `{unit}` did not come up: it is {state}, {reason}")]
    NotUp {
        /// The unit.
        unit: String,
        /// The state it is in instead.
        state: UnitState,
        /// How its last process ended.
        reason: String,
    },
    /// Another supervisor looks after this folder.
    #[error("another supervisor holds `{0}`")]
    Held(
        /// The lock file.
        Utf8PathBuf,
    ),
    /// The supervisor does not answer.
    #[error("no supervisor answers at `{path}`")]
    Connect {
        /// Its socket.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The supervisor was started but does not answer.
    #[error("the supervisor did not answer within {seconds} s, see `{log}`")]
    NotReady {
        /// How long it had.
        seconds: u64,
        /// Where it writes.
        log: Utf8PathBuf,
    },
    /// The conversation with the supervisor broke off.
    #[error("the conversation with the supervisor at `{path}` broke off")]
    Conversation {
        /// Its socket.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The supervisor refused a request.
    #[error("the supervisor refused: {0}")]
    Refused(
        /// Its answer.
        String,
    ),
    /// A program did not do its part.
    #[error("could not {action}")]
    Tool {
        /// What was tried, such as `start unit x`.
        action: String,
        /// Why not.
        #[source]
        source: Box<ToolError>,
    },
    /// Signals cannot be received.
    #[error("could not listen for signals")]
    Signals(
        /// What the system said.
        #[source]
        std::io::Error,
    ),
}

impl SupervisorError {
    /// Makes an adapter for `map_err` on file operations.
    pub(super) fn file(
        action: &'static str,
        path: &camino::Utf8Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// Makes an adapter for `map_err` on programs.
    pub(super) fn tool(action: impl Into<String>) -> impl FnOnce(ToolError) -> Self {
        let action = action.into();
        move |source| Self::Tool {
            action,
            source: Box::new(source),
        }
    }
}
