//! Who does the steps.

use async_trait::async_trait;

use super::{StepContext, StepError, UndoError};
use crate::journal::StepOutput;
use crate::plan::Step;

/// How doing a step ended well.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    /// It was done, and gives this.
    Done(StepOutput),
    /// There was nothing to do: the world is that way already. Not an error, and not taken back either.
    Skipped {
        /// Why.
        because: String,
        /// What it gives all the same.
        output: StepOutput,
    },
}

/// Carries out one step, or takes it back.
///
/// Both must be idempotent: after a crash the engine cannot know how far a step came and calls again.
/// Long work that does not wait (hashing, unpacking) belongs on a blocking thread, and both should watch
/// [`StepContext::cancel`]: at [`super::Level::Forced`] children are stopped and an error is returned; after a grace
/// period the future is dropped.
#[async_trait]
pub trait Performer: Send + Sync {
    /// Does a step.
    async fn perform(&self, step: &Step, cx: &StepContext) -> Result<StepOutcome, StepError>;

    /// Takes a step back.
    ///
    /// Must tolerate a step that is done, half-done or not done at all: it is also called for a step that failed or was
    /// cut off. `output` is what the step gave, when it came to its end.
    async fn revert(
        &self,
        step: &Step,
        output: Option<&StepOutput>,
        cx: &StepContext,
    ) -> Result<(), UndoError>;
}
