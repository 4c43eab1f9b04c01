//! What a journal's records add up to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finish, Illegal, Record, RecordKind, StepOutput};
use crate::plan::{Plan, StepId};

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    /// Not started.
    Waiting,
    /// Started, and not known to have ended.
    Running,
    /// Done.
    Done,
    /// There was nothing to do.
    Skipped,
    /// Not done.
    Failed {
        /// What went wrong.
        error: String,
        /// Whether the world may differ from before.
        may_have_changed: bool,
    },
    /// Stopped half-way, by a person or by a crash.
    Interrupted,
}

impl Forward {
    pub(super) fn phrase(&self) -> &'static str {
        match self {
            Self::Waiting => "has not started",
            Self::Running => "is running",
            Self::Done => "is done",
            Self::Skipped => "was skipped",
            Self::Failed { .. } => "has failed",
            Self::Interrupted => "was interrupted",
        }
    }
}

/// How far taking a step back has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backward {
    /// Not begun.
    Waiting,
    /// Begun, and not known to have ended.
    Running,
    /// Taken back.
    Done,
    /// There was nothing to take back.
    Skipped,
    /// Not taken back.
    Failed {
        /// What went wrong.
        error: String,
    },
}

/// What is known of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// How far it has come.
    pub forward: Forward,
    /// How far taking it back has come.
    pub backward: Backward,
    /// How often it was started.
    pub attempts: u32,
    /// What it gives, once it is done or skipped.
    pub output: Option<StepOutput>,
}

impl StepState {
    const NEW: Self = Self {
        forward: Forward::Waiting,
        backward: Backward::Waiting,
        attempts: 0,
        output: None,
    };

    /// Says whether it is done, or there was nothing to do.
    pub fn is_done(&self) -> bool {
        matches!(self.forward, Forward::Done | Forward::Skipped)
    }

    /// Says whether this run may have changed the world by it.
    ///
    /// A step that found nothing to do in a later attempt may have found the work of an earlier one, cut off before it
    /// could be recorded.
    pub fn may_have_changed(&self) -> bool {
        match self.forward {
            Forward::Waiting => false,
            Forward::Running | Forward::Done | Forward::Interrupted => true,
            Forward::Skipped => self.attempts > 1,
            Forward::Failed { may_have_changed, .. } => may_have_changed || self.attempts > 1,
        }
    }

    /// Says whether it is taken back as far as it needs to be.
    pub fn is_taken_back(&self) -> bool {
        self.forward == Forward::Waiting || matches!(self.backward, Backward::Done | Backward::Skipped)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Phase {
    New,
    Going,
    Interrupted,
    Over(Finish),
}

/// What a journal's records add up to.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub(super) needs: BTreeMap<StepId, BTreeSet<StepId>>,
    pub(super) steps: BTreeMap<StepId, StepState>,
    completed: Vec<StepId>,
    sequence: u64,
    pub(super) phase: Phase,
    pub(super) taking_back: bool,
    discard_writes: bool,
}

impl RunState {
    /// Starts with no record.
    pub fn new(plan: &Plan) -> Self {
        Self {
            needs: plan
                .steps
                .iter()
                .map(|step| (step.id.clone(), step.needs.clone()))
                .collect(),
            steps: plan
                .steps
                .iter()
                .map(|step| (step.id.clone(), StepState::NEW))
                .collect(),
            completed: Vec::new(),
            sequence: 0,
            phase: Phase::New,
            taking_back: false,
            discard_writes: false,
        }
    }

    /// Returns the number of the next record.
    pub fn next_sequence(&self) -> u64 {
        self.sequence + 1
    }

    /// Returns how the run ended, if it did.
    pub fn finish(&self) -> Option<&Finish> {
        match &self.phase {
            Phase::Over(finish) => Some(finish),
            Phase::New | Phase::Going | Phase::Interrupted => None,
        }
    }

    /// Says whether there is no record yet.
    pub fn is_new(&self) -> bool {
        self.phase == Phase::New
    }

    /// Says whether the run goes backwards: a step has failed, or taking back has begun.
    pub fn is_taking_back(&self) -> bool {
        self.taking_back
    }

    /// Says whether anything was taken back already, or begun to be.
    pub fn is_undone_anywhere(&self) -> bool {
        self.steps.values().any(|step| step.backward != Backward::Waiting)
    }

    /// Says whether a person decided that data is put back although users may have written since.
    pub fn discards_writes(&self) -> bool {
        self.discard_writes
    }

    /// Returns what is known of a step.
    pub fn step(&self, id: &StepId) -> Option<&StepState> {
        self.steps.get(id)
    }

    /// Returns what is known of every step.
    pub fn steps(&self) -> &BTreeMap<StepId, StepState> {
        &self.steps
    }

    /// Returns what the steps that are done give.
    pub fn outputs(&self) -> BTreeMap<StepId, StepOutput> {
        let given = |(id, step): (&StepId, &StepState)| Some((id.clone(), step.output.clone()?));
        self.steps.iter().filter_map(given).collect()
    }

    /// Returns the error of the first step that failed, in the order of ids.
    pub fn failure(&self) -> Option<(&StepId, &str)> {
        self.steps.iter().find_map(|(id, step)| match &step.forward {
            Forward::Failed { error, .. } => Some((id, error.as_str())),
            _ => None,
        })
    }

    /// Returns the steps that still have to be taken back, in the order in which that must happen.
    ///
    /// First the half-done ones, which nothing builds on, then the done ones, the last completed first.
    pub fn undo_order(&self) -> Vec<StepId> {
        let open = |id: &&StepId| self.steps.get(*id).is_some_and(|step| !step.is_taken_back());
        let half_done = self
            .steps
            .iter()
            .filter(|(_, step)| !step.is_done())
            .map(|(id, _)| id);
        half_done
            .chain(self.completed.iter().rev())
            .filter(open)
            .cloned()
            .collect()
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`Illegal`] when it may not come next; then nothing is added.
    pub fn apply(&mut self, record: &Record) -> Result<(), Illegal> {
        self.check(record)?;
        self.sequence = record.sequence;
        match &record.kind {
            RecordKind::RunStarted => self.phase = Phase::Going,
            RecordKind::RunInterrupted => self.phase = Phase::Interrupted,
            RecordKind::RunResumed {
                discard_writes, back, ..
            } => {
                self.discard_writes |= discard_writes;
                self.taking_back |= *back || matches!(self.phase, Phase::Over(_));
                self.resumed();
            }
            RecordKind::RunRetried { .. } => self.retried(),
            RecordKind::RunFinished { outcome } => self.phase = Phase::Over(outcome.clone()),
            kind => {
                if let Some(step) = kind.step() {
                    self.apply_step(kind, step);
                }
            }
        }
        Ok(())
    }

    fn apply_step(&mut self, kind: &RecordKind, id: &StepId) {
        let Some(state) = self.steps.get_mut(id) else {
            return;
        };
        match kind {
            RecordKind::StepStarted { attempt, .. } => {
                state.attempts = *attempt;
                state.forward = Forward::Running;
            }
            RecordKind::StepSucceeded { output, .. } => {
                state.forward = Forward::Done;
                state.output = Some(output.clone());
                self.completed.push(id.clone());
            }
            RecordKind::StepSkipped { output, .. } => {
                state.forward = Forward::Skipped;
                state.output = Some(output.clone());
                self.completed.push(id.clone());
            }
            RecordKind::StepFailed {
                error,
                may_have_changed,
                ..
            } => {
                state.forward = Forward::Failed {
                    error: error.clone(),
                    may_have_changed: *may_have_changed,
                };
                self.taking_back = true;
            }
            RecordKind::StepInterrupted { .. } => state.forward = Forward::Interrupted,
            RecordKind::UndoStarted { .. } => state.backward = Backward::Running,
            RecordKind::UndoFinished { .. } => state.backward = Backward::Done,
            RecordKind::UndoSkipped { .. } => state.backward = Backward::Skipped,
            RecordKind::UndoFailed { error, .. } => {
                state.backward = Backward::Failed { error: error.clone() }
            }
            _ => {}
        }
        self.taking_back |= self
            .steps
            .get(id)
            .is_some_and(|step| step.backward != Backward::Waiting);
    }

    fn retried(&mut self) {
        self.resumed();
        (self.taking_back, self.discard_writes) = (false, false);
        for step in self.steps.values_mut() {
            if matches!(step.forward, Forward::Failed { .. }) {
                step.forward = Forward::Interrupted;
            }
        }
    }

    fn resumed(&mut self) {
        self.phase = Phase::Going;
        for step in self.steps.values_mut() {
            if step.forward == Forward::Running {
                step.forward = Forward::Interrupted;
            }
            if step.backward == Backward::Running {
                step.backward = Backward::Waiting;
            }
        }
    }
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
