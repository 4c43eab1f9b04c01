//! What can be wrong with a plan.

use super::StepId;

/// Says why a plan cannot be made, read or used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// A step needs one that is not in the plan.
    #[error("step `{step}` needs `{need}`, which is not in the plan")]
    MissingNeed {
        /// The step.
        step: StepId,
        /// What it needs.
        need: StepId,
    },
    /// Two steps have the same id.
    #[error("two steps are called `{step}`")]
    TwoSteps {
        /// The id.
        step: StepId,
    },
    /// Steps wait for each other.
    #[error("steps wait for each other: {}", .steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", "))]
    Circle {
        /// The steps.
        steps: Vec<StepId>,
    },
    /// The plan's content does not have the hash it carries.
    #[error("the plan has been changed since it was made: its hash is {carried}, its content's is {actual}")]
    Changed {
        /// The hash that the file carries.
        carried: String,
        /// The hash of its content.
        actual: String,
    },
    /// The plan was written in a format that this version cannot read.
    #[error("the plan has format {found}; this version of landfall reads format {known}")]
    Format {
        /// What the file says.
        found: u32,
        /// What is known.
        known: u32,
    },
}
