//! Backwards: takes back what was done, in reverse.

use std::time::Duration;

use super::engine::{Execution, Outcome};
use super::tasks::{Ended, Tasks};
use super::{Level, RunError, UndoError, chain_text};
use crate::journal::{Finish, RecordKind};
use crate::plan::{Step, StepId, Undo};

/// How taking one step back ended.
enum Undone {
    Done,
    Stuck { because: String },
    Interrupted,
}

impl Execution<'_> {
    /// Takes back everything that was done, one step after the other.
    ///
    /// Stops at the first step that cannot be taken back: what lies under it is left as it is, since it may need it.
    /// Begins not at all when it would end at a step that cannot be taken back, or at data that users have written to:
    /// what is there is left as it runs.
    pub(super) async fn take_back(&mut self, because: String) -> Result<Outcome, RunError> {
        if let Some((step, why)) = self.in_the_way() {
            let because = format!("{why}; before that: {because}");
            return self.finish(Finish::Stuck { step, because }).await;
        }
        for id in self.journal.state().undo_order() {
            if self.is_cancelled() {
                return self.interrupt().await;
            }
            match self.take_back_step(&id).await? {
                Undone::Done => {}
                Undone::Interrupted => return self.interrupt().await,
                Undone::Stuck { because: why } => {
                    let because = format!("{why}; before that: {because}");
                    return self.finish(Finish::Stuck { step: id, because }).await;
                }
            }
        }
        self.finish(Finish::RolledBack { because }).await
    }

    /// Finds the step that stands in the way of taking everything back: one that cannot be, or whose taking back would lose
    /// what users may have written, unless that was decided.
    pub(super) fn in_the_way(&self) -> Option<(StepId, String)> {
        let state = self.journal.state();
        let plan = self.journal.plan();
        let changed = |step: &&Step| {
            state
                .step(&step.id)
                .is_some_and(|state| state.may_have_changed() && !state.is_taken_back())
        };
        let impossible = |step: &Step| match &step.undo {
            Undo::Impossible(why) => Some((
                step.id.clone(),
                format!(
                    "step `{}` cannot be taken back: {why}; `landfall resume --forward` tries again",
                    step.id
                ),
            )),
            _ => None,
        };
        let loses = |step: &Step| match &step.undo {
            Undo::Restore { how, or_keep: None } => Some((
                step.id.clone(),
                format!(
                    "users may have written since traffic was let in, and to {how} would lose that: \
                     `landfall resume --forward` tries again and keeps what they wrote, \
                     `landfall rollback --discard-writes` goes back and loses it"
                ),
            )),
            _ => None,
        };
        let steps = || plan.steps.iter().filter(changed);
        let asks = self.takes_traffic() && !state.discards_writes();
        steps()
            .find_map(impossible)
            .or_else(|| steps().filter(|_| asks).find_map(loses))
    }

    /// Says whether users' traffic may have reached the new version at any time of this run.
    fn takes_traffic(&self) -> bool {
        let state = self.journal.state();
        let opened = |step: &Step| {
            step.opens
                && state
                    .step(&step.id)
                    .is_some_and(crate::journal::StepState::may_have_changed)
        };
        self.journal.plan().steps.iter().any(opened)
    }

    async fn take_back_step(&mut self, id: &StepId) -> Result<Undone, RunError> {
        let plan = self.journal.plan().clone();
        let (Some(step), Some(state)) = (plan.step(id), self.journal.state().step(id)) else {
            return Ok(Undone::Done);
        };
        if !state.may_have_changed() {
            return self.skip(id, "it changed nothing").await;
        }
        match &step.undo {
            Undo::Nothing(phrase) | Undo::Stays(phrase) => self.skip(id, phrase).await,
            Undo::Impossible(phrase) => Ok(Undone::Stuck {
                because: format!("step `{id}` cannot be taken back: {phrase}"),
            }),
            Undo::Restore {
                or_keep: Some(because),
                ..
            } if self.takes_traffic() && !self.journal.state().discards_writes() => {
                self.skip(id, because).await
            }
            Undo::Revert(_) | Undo::Restore { .. } => self.revert(step).await,
        }
    }

    async fn skip(&mut self, id: &StepId, because: &str) -> Result<Undone, RunError> {
        self.record(RecordKind::UndoSkipped {
            step: id.clone(),
            because: because.to_owned(),
        })
        .await?;
        Ok(Undone::Done)
    }

    async fn revert(&mut self, step: &Step) -> Result<Undone, RunError> {
        let mut waits = self.engine.undo_waits.clone().into_iter();
        loop {
            self.record(RecordKind::UndoStarted {
                step: step.id.clone(),
            })
            .await?;
            let Err(error) = self.revert_once(step).await else {
                self.record(RecordKind::UndoFinished {
                    step: step.id.clone(),
                })
                .await?;
                return Ok(Undone::Done);
            };
            self.record(RecordKind::UndoFailed {
                step: step.id.clone(),
                error: error.clone(),
            })
            .await?;
            if self.is_cancelled() {
                return Ok(Undone::Interrupted);
            }
            match waits.next() {
                Some(wait) => self.pause(wait).await,
                None => {
                    let because = format!("step `{}` could not be taken back: {error}", step.id);
                    return Ok(Undone::Stuck { because });
                }
            }
            if self.is_cancelled() {
                return Ok(Undone::Interrupted);
            }
        }
    }

    async fn revert_once(&self, step: &Step) -> Result<(), String> {
        let cx = self.context(&step.id, self.attempts(&step.id)).await;
        let output = self
            .journal
            .state()
            .step(&step.id)
            .and_then(|state| state.output.clone());
        let (performer, step) = (self.performer.clone(), step.clone());
        let mut tasks: Tasks<Result<(), UndoError>> = Tasks::new(self.engine.grace);
        tasks.spawn(step.id.clone(), async move {
            let reverted = performer.revert(&step, output.as_ref(), &cx).await;
            cx.close_log().await;
            reverted
        });
        match tasks.next(&self.cancel).await {
            Some((_, Ended::Returned(reverted))) => reverted.map_err(|error| chain_text(&error)),
            Some((_, Ended::Panicked(text))) => Err(format!("a bug in landfall: {text}")),
            Some((_, Ended::Stopped)) | None => Err("it was stopped".to_owned()),
        }
    }

    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.cancel.reached(Level::Soft) => {}
        }
    }
}
