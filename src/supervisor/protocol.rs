//! What is said over the control socket: one JSON object a line, each request answered by one line.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Says what a unit is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnitState {
    /// Its process runs.
    Running,
    /// It does not run, and should not.
    Stopped,
    /// It ended and waits to be started again.
    Backoff,
    /// It ended badly and is not started again, or its file cannot be used.
    Failed,
}

impl fmt::Display for UnitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Backoff => "waiting to be started again",
            Self::Failed => "failed",
        })
    }
}

/// Tells how a unit is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitStatus {
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub state: UnitState,
    /// Its process, while it runs.
    pub pid: Option<u32>,
    /// How often it was started again by itself since it was last started on purpose.
    pub restarts: u64,
    /// Since when it is in this state; systemd tells it only relative to the start of the machine.
    pub since: Option<jiff::Timestamp>,
    /// How its last process ended, such as `status 1`, or why it could not be started.
    pub last_exit: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Request {
    /// Are you there?
    Ping,
    /// Start a unit, and keep it up from now on.
    Start { unit: String },
    /// Stop a unit, and keep it down from now on.
    Stop { unit: String },
    /// Stop and start a unit; it is kept up from now on.
    Restart { unit: String },
    /// Tell how every unit is.
    Status,
    /// Read the unit files again.
    Reload,
    /// Stop everything, without forgetting what should be up, and end.
    Shutdown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(super) enum Answer {
    Pong { pid: u32, version: String },
    Unit { status: UnitStatus },
    Units { units: Vec<UnitStatus> },
    Done,
    UnknownUnit { unit: String },
    Refused { reason: String },
}
