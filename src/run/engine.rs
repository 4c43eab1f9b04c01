//! The engine: begins, resumes and rolls back runs.

use std::sync::Arc;
use std::time::Duration;

use super::{Cancel, Events, Performer, RunError};
use crate::journal::{Finish, Journal, JournalError, RecordKind};
use crate::plan::StepId;

/// Carries out plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// How many steps are done at the same time, where the plan allows it.
    pub limit: usize,
    /// How long to wait before each further attempt to take a step back; as many attempts more as there are waits.
    pub undo_waits: Vec<Duration>,
    /// How long steps are given to stop their children when the run is stopped with force.
    pub grace: Duration,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            limit: 4,
            undo_waits: vec![Duration::from_secs(1), Duration::from_secs(5)],
            grace: Duration::from_secs(20),
        }
    }
}

/// How carrying out a plan ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Every step is done.
    Succeeded,
    /// A step failed before anything was changed.
    FailedClean {
        /// What went wrong.
        because: String,
    },
    /// Everything that was done was taken back.
    RolledBack {
        /// What went wrong.
        because: String,
    },
    /// Something done cannot be taken back without a person. What was done before it is still in place.
    Stuck {
        /// The step that cannot be taken back.
        step: StepId,
        /// Why, and what went wrong first.
        because: String,
    },
    /// Stopped half-way; the run can be resumed or rolled back.
    Interrupted,
}

/// Which way a run goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The way it was going: forwards, or backwards after a failure.
    On,
    /// Forwards again after a failure, of which nothing was taken back yet.
    Again,
    /// Backwards.
    Back {
        /// Whether data is put back although users may have written since.
        discard_writes: bool,
    },
}

/// One carrying-out of a plan, under way.
pub(super) struct Execution<'a> {
    pub(super) engine: &'a Engine,
    pub(super) journal: &'a mut Journal,
    pub(super) performer: Arc<dyn Performer>,
    pub(super) events: Events,
    pub(super) cancel: Cancel,
}

impl Engine {
    /// Carries out the plan of a run that has just begun.
    ///
    /// When a step fails, nothing new is started, what runs is finished, and then everything is taken back in reverse:
    /// first what failed or was cut off, which may be half-done, then what was done, the last completed first.
    ///
    /// # Errors
    /// [`RunError::Record`] when something cannot be recorded: the run then stops at once, and what is under way is
    /// stopped. [`RunError::Begun`] when the run is not new.
    pub async fn run(
        &self,
        journal: &mut Journal,
        performer: Arc<dyn Performer>,
        events: &Events,
        cancel: &Cancel,
    ) -> Result<Outcome, RunError> {
        let mut execution = self.execution(journal, performer, events, cancel);
        if !execution.journal.state().is_new() {
            return Err(RunError::Begun {
                run: execution.journal.id().clone(),
            });
        }
        execution.record(RecordKind::RunStarted).await?;
        execution.go_on().await
    }

    /// Goes on with a run that was interrupted or is stuck, in a direction that `by` (as `user@host`) has chosen.
    ///
    /// Steps that were started and not ended are done again. A run that is stuck is tried again.
    ///
    /// # Errors
    /// As [`Self::run`]; [`RunError::Over`] when there is nothing to go on with, [`RunError::NotBack`] when going
    /// back would end half-way, or lose what users wrote and that was not decided, [`RunError::Undone`] when it cannot go forwards again.
    pub async fn take_up(
        &self,
        journal: &mut Journal,
        performer: Arc<dyn Performer>,
        events: &Events,
        cancel: &Cancel,
        (by, direction): (&str, Direction),
    ) -> Result<Outcome, RunError> {
        let mut execution = self.execution(journal, performer, events, cancel);
        execution.take_up(by, direction).await?;
        match direction {
            Direction::On | Direction::Again => execution.go_on().await,
            Direction::Back { .. } => {
                let because = execution
                    .failure()
                    .unwrap_or_else(|| format!("{by} asked for it"));
                execution.take_back(because).await
            }
        }
    }

    fn execution<'a>(
        &'a self,
        journal: &'a mut Journal,
        performer: Arc<dyn Performer>,
        events: &Events,
        cancel: &Cancel,
    ) -> Execution<'a> {
        Execution {
            engine: self,
            journal,
            performer,
            events: events.clone(),
            cancel: cancel.clone(),
        }
    }
}

impl Execution<'_> {
    /// Writes a record, and tells of it once it is durable.
    pub(super) async fn record(&mut self, kind: RecordKind) -> Result<(), RunError> {
        let record = self
            .journal
            .append(kind)
            .await
            .map_err(|source| self.unrecorded(source))?;
        self.events.recorded(record).await;
        Ok(())
    }

    fn unrecorded(&self, source: JournalError) -> RunError {
        RunError::Record {
            run: self.journal.id().clone(),
            source,
        }
    }

    async fn take_up(&mut self, by: &str, direction: Direction) -> Result<(), RunError> {
        let state = self.journal.state();
        let run = self.journal.id().clone();
        if state.is_new() {
            return self.record(RecordKind::RunStarted).await;
        }
        if !matches!(state.finish(), None | Some(Finish::Stuck { .. })) {
            return Err(RunError::Over { run });
        }
        let by = by.to_owned();
        let kind = match direction {
            Direction::Again if state.is_undone_anywhere() => return Err(RunError::Undone { run }),
            Direction::Again => RecordKind::RunRetried { by },
            Direction::On => RecordKind::RunResumed {
                by,
                discard_writes: false,
                back: false,
            },
            Direction::Back { discard_writes } => {
                if !discard_writes && let Some((_, because)) = self.in_the_way() {
                    return Err(RunError::NotBack { run, because });
                }
                RecordKind::RunResumed {
                    by,
                    discard_writes,
                    back: true,
                }
            }
        };
        self.record(kind).await
    }

    async fn go_on(&mut self) -> Result<Outcome, RunError> {
        if !self.journal.state().is_taking_back() {
            self.forward().await?;
        }
        let state = self.journal.state();
        if state.is_taking_back() {
            let because = self
                .failure()
                .unwrap_or_else(|| "it was being rolled back".to_owned());
            let untouched = state.steps().values().all(|step| !step.may_have_changed());
            if untouched {
                return self.finish(Finish::Failed { because }).await;
            }
            return self.take_back(because).await;
        }
        if state.steps().values().all(crate::journal::StepState::is_done) {
            return self.finish(Finish::Succeeded).await;
        }
        if self.is_cancelled() {
            return self.interrupt().await;
        }
        Err(RunError::Stalled {
            run: self.journal.id().clone(),
        })
    }

    /// Says which step failed and why, if one did.
    fn failure(&self) -> Option<String> {
        let (step, error) = self.journal.state().failure()?;
        Some(format!("step `{step}` failed: {error}"))
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancel.level() > super::Level::GoOn
    }

    pub(super) async fn interrupt(&mut self) -> Result<Outcome, RunError> {
        self.record(RecordKind::RunInterrupted).await?;
        Ok(Outcome::Interrupted)
    }

    pub(super) async fn finish(&mut self, finish: Finish) -> Result<Outcome, RunError> {
        self.record(RecordKind::RunFinished {
            outcome: finish.clone(),
        })
        .await?;
        Ok(match finish {
            Finish::Succeeded => Outcome::Succeeded,
            Finish::Failed { because } => Outcome::FailedClean { because },
            Finish::RolledBack { because } => Outcome::RolledBack { because },
            Finish::Stuck { step, because } => Outcome::Stuck { step, because },
        })
    }
}
