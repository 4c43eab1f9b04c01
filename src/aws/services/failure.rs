//! Why a service does not run what it should.

use thiserror::Error;

/// Says why a rollout came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RolloutFailure {
    /// ECS went back to an earlier revision.
    #[error("ECS gave up and went back to {to}: {reason}")]
    RolledBack {
        /// The revision that runs now.
        to: String,
        /// What ECS said, and why tasks stopped.
        reason: String,
    },
    /// ECS gave up and left it so.
    #[error("ECS gave up: {reason}")]
    Failed {
        /// What ECS said, and why tasks stopped.
        reason: String,
    },
    /// Somebody else has set the service to something.
    #[error("somebody has set the service to {to} since, with deployment {by}")]
    Replaced {
        /// The other deployment.
        by: String,
        /// Its revision.
        to: String,
    },
    /// It took longer than it may.
    #[error("it was not done after {seconds} s: {reason}")]
    TimedOut {
        /// How long it had.
        seconds: u64,
        /// What was waited for last, and why tasks stopped.
        reason: String,
    },
    /// A task runs another revision.
    #[error("task {task} still runs {definition}")]
    OtherRevision {
        /// The task's id.
        task: String,
        /// What it runs.
        definition: String,
    },
    /// A task runs another image.
    #[error("task {task} runs the image {found}, and what is wanted is {wanted}")]
    OtherImage {
        /// The task's id.
        task: String,
        /// The digest that it runs.
        found: String,
        /// The one that is wanted.
        wanted: String,
    },
    /// Fewer tasks run than should.
    #[error("{running} of {desired} tasks run")]
    TooFew {
        /// How many run.
        running: usize,
        /// How many should.
        desired: usize,
    },
}

impl RolloutFailure {
    /// Says what to do next, where that is known.
    pub(in crate::aws) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::RolledBack { .. } | Self::Failed { .. } | Self::TimedOut { .. } => {
                Some("the component's log says what its tasks met with")
            }
            Self::Replaced { .. } => Some("find out who else deploys here before you try again"),
            _ => None,
        }
    }
}
