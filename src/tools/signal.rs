//! The signals that ask a program to stop.

use rustix::process::Signal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names a signal that asks a program to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopSignal {
    /// The usual request.
    #[default]
    #[serde(rename = "SIGTERM")]
    Term,
    /// What Ctrl-C sends; PostgreSQL's fast shutdown.
    #[serde(rename = "SIGINT")]
    Interrupt,
    /// Graceful shutdown in nginx and others.
    #[serde(rename = "SIGQUIT")]
    Quit,
    /// Hang-up.
    #[serde(rename = "SIGHUP")]
    HangUp,
    /// Stop without a chance to clean up.
    #[serde(rename = "SIGKILL")]
    Kill,
}

impl StopSignal {
    /// Returns the name as the kernel's documentation spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Interrupt => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::HangUp => "SIGHUP",
            Self::Kill => "SIGKILL",
        }
    }

    /// Returns the signal as `rustix` knows it.
    pub(crate) const fn raw(self) -> Signal {
        match self {
            Self::Term => Signal::TERM,
            Self::Interrupt => Signal::INT,
            Self::Quit => Signal::QUIT,
            Self::HangUp => Signal::HUP,
            Self::Kill => Signal::KILL,
        }
    }
}
