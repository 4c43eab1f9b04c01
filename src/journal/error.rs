//! What can be wrong with the record of what happened.

use super::{Holder, RunId};
use crate::plan::{PlanError, StepId};

/// Why a store could not do what was asked.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Says why something cannot be remembered, or what is remembered cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A location is none that we can keep state in.
    #[error(
        "could not open the state at `{location}`: give a folder, `s3://bucket/path` or `az://container/path`"
    )]
    OpenStore {
        /// The location.
        location: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// A key would lead out of the store.
    #[error("not a key that state can be kept under: `{key}`")]
    Key {
        /// The key.
        key: String,
    },
    /// Something could not be read.
    #[error("could not read `{place}`")]
    Read {
        /// Where it lies.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Something could not be written.
    #[error("could not write `{place}`")]
    Write {
        /// Where it should lie.
        place: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The disk is full.
    #[error("no space is left to write `{place}`: make room, then run `landfall resume`")]
    DiskFull {
        /// What should be written.
        place: String,
        /// What the system said.
        #[source]
        source: Cause,
    },
    /// The folder must not be written to.
    #[error("`{place}` must not be written to: check who owns the state folder and how it is mounted")]
    ReadOnly {
        /// What should be written.
        place: String,
        /// What the system said.
        #[source]
        source: Cause,
    },
    /// Something would be written over.
    #[error("`{place}` is there already: somebody else is writing to this installation's state")]
    AlreadyThere {
        /// Where it lies.
        place: String,
    },
    /// Somebody else is at work.
    #[error("the installation is locked by {0}: wait, or give `--lock-wait`")]
    Held(Box<Holder>),
    /// Somebody else is at work, who has not said who.
    #[error("the installation is locked, and `{place}` does not say by whom: wait, or give `--lock-wait`")]
    HeldByUnknown {
        /// The lock.
        place: String,
    },
    /// The lock is no longer ours.
    #[error("the lock was lost, so nothing more is done: {because}; run `landfall resume` to go on")]
    LockLost {
        /// How.
        because: String,
    },
    /// Something is not what was written there.
    #[error("`{place}` is damaged")]
    Parse {
        /// Where it lies.
        place: String,
        /// Where the damage is.
        #[source]
        source: serde_json::Error,
    },
    /// Something was written by another version.
    #[error(
        "`{place}` has format {found}, this version of landfall reads {} to {}: use the version that wrote it",
        super::OLDEST_READ,
        super::FORMAT
    )]
    Format {
        /// Where it lies.
        place: String,
        /// The format's number.
        found: u32,
    },
    /// A record does not fit the ones before it.
    #[error("record {sequence} of `{place}` cannot follow the ones before it")]
    Impossible {
        /// The record's place in the journal.
        sequence: u64,
        /// The journal's file.
        place: String,
        /// What does not fit.
        #[source]
        source: Illegal,
    },
    /// A plan that was kept is not the one that was approved.
    #[error("the plan in `{place}` is not the one that was approved")]
    Plan {
        /// Where it lies.
        place: String,
        /// What is wrong.
        #[source]
        source: PlanError,
    },
    /// Something that belongs to a run is not there.
    #[error("`{place}` is missing: the run cannot be read without it")]
    Missing {
        /// Where it should lie.
        place: String,
    },
    /// Something is not spelled as the id of a run.
    #[error("not the id of a run: `{text}`; ids look like `20260304-050607-a10f`")]
    ParseRunId {
        /// What was found.
        text: String,
    },
    /// No run has such an id.
    #[error("no run's id begins with `{prefix}`: see `landfall runs list`")]
    UnknownRun {
        /// What was asked for.
        prefix: String,
    },
    /// Several runs have such an id.
    #[error("{} runs have ids that begin with `{prefix}`: {}", .runs.len(), list(.runs))]
    AmbiguousRun {
        /// What was asked for.
        prefix: String,
        /// The runs.
        runs: Vec<RunId>,
    },
}

fn list(runs: &[RunId]) -> String {
    runs.iter().map(RunId::as_str).collect::<Vec<_>>().join(", ")
}

/// Says why a record cannot follow the ones before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// A number is missing or twice.
    #[error("its number is {found}, the next is {expected}")]
    Sequence {
        /// The next number.
        expected: u64,
        /// Its number.
        found: u64,
    },
    /// A run goes forwards again although something of it was taken back.
    #[error("something was taken back already, so the run cannot go forwards again")]
    RetryWhileUndoing,
    /// Something comes before the run's start.
    #[error("the run has not started")]
    NotStarted,
    /// The run starts twice.
    #[error("the run has started already")]
    StartedTwice,
    /// Something comes after the run's end.
    #[error("the run is over")]
    AfterEnd,
    /// Something happens between an interruption and the resumption.
    #[error("the run is interrupted, and nobody has resumed it")]
    NotResumed,
    /// A step is not in the plan.
    #[error("step `{step}` is not in the plan")]
    UnknownStep {
        /// The step.
        step: StepId,
    },
    /// A step starts before what it needs.
    #[error("step `{step}` needs `{need}`, which is not done")]
    NeedNotDone {
        /// The step.
        step: StepId,
        /// What it needs.
        need: StepId,
    },
    /// A step starts although a step has failed or is being taken back.
    #[error("step `{step}` cannot start: the run is being taken back")]
    StartWhileUndoing {
        /// The step.
        step: StepId,
    },
    /// A step starts that runs or is done.
    #[error("step `{step}` cannot start: it {state}")]
    CannotStart {
        /// The step.
        step: StepId,
        /// What it does.
        state: &'static str,
    },
    /// An attempt has the wrong number.
    #[error("attempt {found} of step `{step}` should be attempt {expected}")]
    Attempt {
        /// The step.
        step: StepId,
        /// The next number.
        expected: u32,
        /// Its number.
        found: u32,
    },
    /// A step ends that does not run.
    #[error("step `{step}` cannot end: it {state}")]
    EndWithoutStart {
        /// The step.
        step: StepId,
        /// What it does.
        state: &'static str,
    },
    /// A step is taken back that was never started.
    #[error("step `{step}` cannot be taken back: it was never started")]
    UndoOfNothing {
        /// The step.
        step: StepId,
    },
    /// A step is taken back twice.
    #[error("step `{step}` cannot be taken back: it was already")]
    UndoTwice {
        /// The step.
        step: StepId,
    },
    /// A step is taken back before one that builds on it.
    #[error("step `{step}` cannot be taken back before `{dependent}`, which needs it")]
    UndoOutOfOrder {
        /// The step.
        step: StepId,
        /// The one that needs it.
        dependent: StepId,
    },
    /// Taking back ends without having begun.
    #[error("taking back step `{step}` cannot end: it has not begun")]
    UndoEndWithoutStart {
        /// The step.
        step: StepId,
    },
    /// Something happens that must wait for a running step.
    #[error("step `{step}` is still running")]
    StillRunning {
        /// The step.
        step: StepId,
    },
    /// The end does not fit what happened.
    #[error("the run cannot end as {outcome}: step `{step}` {state}")]
    WrongEnd {
        /// The end.
        outcome: &'static str,
        /// A step that does not fit.
        step: StepId,
        /// What it does.
        state: &'static str,
    },
}
