//! What can go wrong while a plan is carried out.

use std::error::Error;

use crate::journal::{JournalError, RunId};

/// Says why the engine could not go on at all. A step that fails is no such error, but an [`super::Outcome`].
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// What happened could not be recorded.
    #[error(
        "could not record what was done, so nothing more was started: run `landfall resume {run}` once this is mended"
    )]
    Record {
        /// The run.
        run: RunId,
        /// Why.
        #[source]
        source: JournalError,
    },
    /// A run that is over cannot go on.
    #[error("run {run} is over, there is nothing to resume or roll back: see `landfall runs show {run}`")]
    Over {
        /// The run.
        run: RunId,
    },
    /// Going back would end half-way, or lose what users wrote, and nobody decided that.
    #[error("run {run} is not rolled back: {because}")]
    NotBack {
        /// The run.
        run: RunId,
        /// What stands in the way.
        because: String,
    },
    /// A run of which something was taken back cannot go forwards again.
    #[error("something of run {run} was taken back already, so it cannot go forwards again")]
    Undone {
        /// The run.
        run: RunId,
    },
    /// A run that has begun cannot begin.
    #[error("run {run} has begun already: `landfall resume {run}` goes on with it")]
    Begun {
        /// The run.
        run: RunId,
    },
    /// No step can start although some are left: the plan was not checked.
    #[error("run {run} has steps left, but none of them can start")]
    Stalled {
        /// The run.
        run: RunId,
    },
}

/// Says why a step could not be done.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct StepError {
    /// What was tried and failed, as a sentence without its cause.
    pub doing: String,
    /// Whether the world may differ from before the step.
    pub may_have_changed: bool,
    /// Why.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl StepError {
    /// Says what failed. It may have changed something.
    pub fn new(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            may_have_changed: true,
            source: None,
        }
    }

    /// Says that the world is as it was before the step.
    #[must_use]
    pub fn nothing_changed(self) -> Self {
        Self {
            may_have_changed: false,
            ..self
        }
    }

    /// Says why.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }
}

/// Says why a step could not be taken back.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct UndoError {
    /// What was tried and failed, as a sentence without its cause.
    pub doing: String,
    /// Why.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl UndoError {
    /// Says what failed.
    pub fn new(doing: impl Into<String>) -> Self {
        Self {
            doing: doing.into(),
            source: None,
        }
    }

    /// Says why.
    #[must_use]
    pub fn because(self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }
}

/// Writes an error and its causes as one text, for a record.
pub fn chain_text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_recorded_with_its_causes() {
        let error = StepError::new("could not start `api`").because(std::io::Error::other("no such unit"));
        assert!(error.may_have_changed);
        assert_eq!(chain_text(&error), "could not start `api`: no such unit");
        assert!(!error.nothing_changed().may_have_changed);
    }
}
