//! Forwards: starts what can start, and records how it ends.

use std::sync::{Arc, Mutex};

use super::engine::Execution;
use super::tasks::{Ended, Tasks};
use super::{Level, RunError, StepContext, StepError, StepOutcome, chain_text};
use crate::journal::{Forward, RecordKind};
use crate::plan::{Step, StepId};

type Performed = Result<StepOutcome, StepError>;

impl Execution<'_> {
    /// Does steps until all are done, one has failed or the run is told to stop; nothing is under way afterwards.
    pub(super) async fn forward(&mut self) -> Result<(), RunError> {
        let mut tasks = Tasks::new(self.engine.grace);
        let result = self.step_by_step(&mut tasks).await;
        if result.is_err() {
            // What cannot be recorded must not go on.
            tasks.stop(&self.cancel).await;
        }
        result
    }

    async fn step_by_step(&mut self, tasks: &mut Tasks<Performed>) -> Result<(), RunError> {
        loop {
            while tasks.len() < self.engine.limit.max(1)
                && let Some(step) = self.next_step()
            {
                self.start(tasks, step).await?;
            }
            let Some((step, ended)) = tasks.next(&self.cancel).await else {
                return Ok(());
            };
            let kind = self.ending(step, ended);
            self.record(kind).await?;
        }
    }

    /// Returns the next step of the plan that can start now.
    fn next_step(&self) -> Option<Step> {
        let state = self.journal.state();
        if self.is_cancelled() || state.is_taking_back() {
            return None;
        }
        let can_start = |step: &&Step| {
            let forward = state.step(&step.id).map(|step| &step.forward);
            matches!(forward, Some(Forward::Waiting | Forward::Interrupted))
                && state.unmet_need(&step.id).is_none()
        };
        self.journal.plan().steps.iter().find(can_start).cloned()
    }

    async fn start(&mut self, tasks: &mut Tasks<Performed>, step: Step) -> Result<(), RunError> {
        let attempt = self.attempts(&step.id) + 1;
        self.record(RecordKind::StepStarted {
            step: step.id.clone(),
            attempt,
        })
        .await?;
        let cx = self.context(&step.id, attempt).await;
        let performer = self.performer.clone();
        tasks.spawn(step.id.clone(), async move {
            let performed = performer.perform(&step, &cx).await;
            cx.close_log().await;
            performed
        });
        Ok(())
    }

    pub(super) fn attempts(&self, step: &StepId) -> u32 {
        self.journal.state().step(step).map_or(0, |step| step.attempts)
    }

    pub(super) async fn context(&self, step: &StepId, attempt: u32) -> StepContext {
        StepContext {
            step: step.clone(),
            attempt,
            outputs: Arc::new(self.journal.state().outputs()),
            events: self.events.clone(),
            cancel: self.cancel.clone(),
            // The log is for people; the step is not worth less without it.
            log: Arc::new(Mutex::new(self.journal.open_log(step).await.ok())),
        }
    }

    fn ending(&self, step: StepId, ended: Ended<Performed>) -> RecordKind {
        match ended {
            Ended::Returned(Ok(StepOutcome::Done(output))) => RecordKind::StepSucceeded { step, output },
            Ended::Returned(Ok(StepOutcome::Skipped { because, output })) => RecordKind::StepSkipped {
                step,
                because,
                output,
            },
            // Told to stop, it did: that is no failure, and the step can be done again.
            Ended::Returned(Err(_)) if self.cancel.level() == Level::Forced => {
                RecordKind::StepInterrupted { step }
            }
            Ended::Returned(Err(error)) => RecordKind::StepFailed {
                step,
                error: chain_text(&error),
                may_have_changed: error.may_have_changed,
            },
            Ended::Stopped => RecordKind::StepInterrupted { step },
            Ended::Panicked(text) => RecordKind::StepFailed {
                step,
                error: format!("a bug in landfall: {text}"),
                may_have_changed: true,
            },
        }
    }
}
