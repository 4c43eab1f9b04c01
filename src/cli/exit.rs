//! Exit codes: a documented, tested table (`docs/reference/exit-codes.md`).

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Failed; nothing was changed.
    Failed = 1,
    /// Changes or drift are pending.
    Pending = 2,
    /// The input is not valid, or answers are missing.
    Input = 3,
    /// Preflight found a blocker.
    Blocked = 4,
    /// Somebody else holds the lock.
    Locked = 5,
    /// Interrupted; can be resumed.
    Interrupted = 6,
    /// Failed and rolled back.
    RolledBack = 7,
    /// Failed; needs a person.
    Stuck = 8,
    /// The command line makes no sense.
    Usage = 64,
    /// A mistake of ours.
    Bug = 70,
}

impl Exit {
    /// Every code with its meaning, for the reference.
    pub const TABLE: [(Self, &'static str); 11] = [
        (Self::Done, "done, or nothing to do"),
        (Self::Failed, "failed, nothing changed"),
        (
            Self::Pending,
            "changes or drift pending (`plan --check`, `render --check`, `drift`)",
        ),
        (Self::Input, "input invalid or answers missing"),
        (Self::Blocked, "preflight found a blocker"),
        (Self::Locked, "lock held by somebody else"),
        (Self::Interrupted, "interrupted, resumable"),
        (Self::RolledBack, "failed, rolled back"),
        (Self::Stuck, "failed, needs a person"),
        (Self::Usage, "the command line makes no sense"),
        (Self::Bug, "a mistake of ours"),
    ];
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
