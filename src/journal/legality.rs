//! Which record may come next.
//!
//! The same checks are made when a record is appended and when a journal is replayed, so a history that could not have
//! happened is neither written nor believed.

use std::collections::BTreeSet;

use super::state::Phase;
use super::{Backward, Finish, Forward, Illegal, Record, RecordKind, RunState, StepState};
use crate::plan::StepId;

impl RunState {
    /// Checks that a record may come next.
    ///
    /// # Errors
    /// [`Illegal`]: why it may not.
    pub fn check(&self, record: &Record) -> Result<(), Illegal> {
        if record.sequence != self.next_sequence() {
            return Err(Illegal::Sequence {
                expected: self.next_sequence(),
                found: record.sequence,
            });
        }
        self.check_phase(&record.kind)?;
        if let Some(step) = record.kind.step() {
            let state = self
                .steps
                .get(step)
                .ok_or_else(|| Illegal::UnknownStep { step: step.clone() })?;
            return self.check_step(&record.kind, step, state);
        }
        match &record.kind {
            RecordKind::RunInterrupted => self.check_none_running(),
            RecordKind::RunFinished { outcome } => {
                self.check_none_running()?;
                self.check_finish(outcome)
            }
            _ => Ok(()),
        }
    }

    fn check_phase(&self, kind: &RecordKind) -> Result<(), Illegal> {
        match (&self.phase, kind) {
            (Phase::New, RecordKind::RunStarted) => Ok(()),
            (Phase::New, _) => Err(Illegal::NotStarted),
            (_, RecordKind::RunStarted) => Err(Illegal::StartedTwice),
            // A person has looked at what was stuck: the one way on after an end.
            (Phase::Over(Finish::Stuck { .. }), RecordKind::RunResumed { .. }) => Ok(()),
            (
                Phase::Over(Finish::Stuck { .. }) | Phase::Interrupted | Phase::Going,
                RecordKind::RunRetried { .. },
            ) if self.is_undone_anywhere() => Err(Illegal::RetryWhileUndoing),
            (Phase::Over(Finish::Stuck { .. }) | Phase::Interrupted, RecordKind::RunRetried { .. }) => Ok(()),
            (Phase::Over(_), _) => Err(Illegal::AfterEnd),
            (Phase::Interrupted, RecordKind::RunResumed { .. }) => Ok(()),
            (Phase::Interrupted, _) => Err(Illegal::NotResumed),
            (Phase::Going, _) => Ok(()),
        }
    }

    fn check_step(&self, kind: &RecordKind, id: &StepId, state: &StepState) -> Result<(), Illegal> {
        match kind {
            RecordKind::StepStarted { attempt, .. } => self.check_start(id, state, *attempt),
            RecordKind::StepSucceeded { .. }
            | RecordKind::StepSkipped { .. }
            | RecordKind::StepFailed { .. }
            | RecordKind::StepInterrupted { .. }
                if state.forward != Forward::Running =>
            {
                Err(Illegal::EndWithoutStart {
                    step: id.clone(),
                    state: state.forward.phrase(),
                })
            }
            RecordKind::UndoStarted { .. } | RecordKind::UndoSkipped { .. } => self.check_undo(id, state),
            RecordKind::UndoFinished { .. } | RecordKind::UndoFailed { .. }
                if state.backward != Backward::Running =>
            {
                Err(Illegal::UndoEndWithoutStart { step: id.clone() })
            }
            _ => Ok(()),
        }
    }

    fn check_start(&self, id: &StepId, state: &StepState, attempt: u32) -> Result<(), Illegal> {
        if self.taking_back {
            return Err(Illegal::StartWhileUndoing { step: id.clone() });
        }
        if !matches!(state.forward, Forward::Waiting | Forward::Interrupted) {
            return Err(Illegal::CannotStart {
                step: id.clone(),
                state: state.forward.phrase(),
            });
        }
        let expected = state.attempts + 1;
        if attempt != expected {
            return Err(Illegal::Attempt {
                step: id.clone(),
                expected,
                found: attempt,
            });
        }
        match self.unmet_need(id) {
            Some(need) => Err(Illegal::NeedNotDone {
                step: id.clone(),
                need: need.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Returns something that a step needs and that is not done.
    pub fn unmet_need(&self, id: &StepId) -> Option<&StepId> {
        let done = |need: &StepId| self.steps.get(need).is_some_and(StepState::is_done);
        self.needs.get(id)?.iter().find(|need| !done(need))
    }

    fn check_undo(&self, id: &StepId, state: &StepState) -> Result<(), Illegal> {
        self.check_none_running()?;
        if state.forward == Forward::Waiting {
            return Err(Illegal::UndoOfNothing { step: id.clone() });
        }
        if state.is_taken_back() {
            return Err(Illegal::UndoTwice { step: id.clone() });
        }
        let builds_on = |(other, needs): &(&StepId, &BTreeSet<StepId>)| {
            needs.contains(id) && self.steps.get(*other).is_some_and(|step| !step.is_taken_back())
        };
        match self.needs.iter().find(builds_on) {
            Some((dependent, _)) => Err(Illegal::UndoOutOfOrder {
                step: id.clone(),
                dependent: dependent.clone(),
            }),
            None => Ok(()),
        }
    }

    fn check_none_running(&self) -> Result<(), Illegal> {
        let running =
            |step: &StepState| step.forward == Forward::Running || step.backward == Backward::Running;
        match self.steps.iter().find(|(_, step)| running(step)) {
            Some((id, _)) => Err(Illegal::StillRunning { step: id.clone() }),
            None => Ok(()),
        }
    }

    fn check_finish(&self, finish: &Finish) -> Result<(), Illegal> {
        type Fits = fn(&StepState) -> bool;
        let (outcome, fits, state): (&str, Fits, &str) = match finish {
            Finish::Succeeded => (
                "succeeded",
                |step| step.is_done() && step.backward == Backward::Waiting,
                "is not done",
            ),
            Finish::Failed { .. } => (
                "failed",
                |step| !step.may_have_changed(),
                "may have changed something",
            ),
            Finish::RolledBack { .. } => ("rolled back", StepState::is_taken_back, "is not taken back"),
            Finish::Stuck { step, .. } => {
                return match self.steps.get(step) {
                    None => Err(Illegal::UnknownStep { step: step.clone() }),
                    Some(state) if state.is_taken_back() => Err(Illegal::WrongEnd {
                        outcome: "stuck",
                        step: step.clone(),
                        state: "has nothing to take back",
                    }),
                    Some(_) => Ok(()),
                };
            }
        };
        match self.steps.iter().find(|(_, step)| !fits(step)) {
            Some((step, _)) => Err(Illegal::WrongEnd {
                outcome,
                step: step.clone(),
                state,
            }),
            None => Ok(()),
        }
    }
}
