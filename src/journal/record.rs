//! One entry of a journal.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plan::StepId;

/// What a step gives to later ones and to later runs: names and values, secrets only as references.
pub type StepOutput = BTreeMap<String, Value>;

/// One entry of a journal: what we promise to remember.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The version of the format, [`super::FORMAT`].
    pub format: u32,
    /// Its place in the journal, from 1, without gaps.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub kind: RecordKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordKind {
    /// The run began.
    RunStarted,
    /// A step is about to be done. Durable before anything is done.
    StepStarted {
        /// The step.
        step: StepId,
        /// Which attempt it is, from 1.
        attempt: u32,
    },
    /// A step was done.
    StepSucceeded {
        /// The step.
        step: StepId,
        /// What it gives.
        #[serde(default)]
        output: StepOutput,
    },
    /// A step had nothing to do.
    StepSkipped {
        /// The step.
        step: StepId,
        /// Why.
        because: String,
        /// What it gives all the same.
        #[serde(default)]
        output: StepOutput,
    },
    /// A step could not be done.
    StepFailed {
        /// The step.
        step: StepId,
        /// What went wrong, with its causes.
        error: String,
        /// Whether the world may differ from before the step.
        may_have_changed: bool,
    },
    /// A step was told to stop half-way.
    StepInterrupted {
        /// The step.
        step: StepId,
    },
    /// A step is about to be taken back.
    UndoStarted {
        /// The step.
        step: StepId,
    },
    /// A step was taken back.
    UndoFinished {
        /// The step.
        step: StepId,
    },
    /// A step needs no taking back.
    UndoSkipped {
        /// The step.
        step: StepId,
        /// Why.
        because: String,
    },
    /// A step could not be taken back.
    UndoFailed {
        /// The step.
        step: StepId,
        /// What went wrong, with its causes.
        error: String,
    },
    /// The run was told to stop; it can be resumed.
    RunInterrupted,
    /// The run goes on after an interruption or a crash.
    RunResumed {
        /// Who goes on, as `user@host`.
        by: String,
        /// Whether that person decided that data is put back although users may have written since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        discard_writes: bool,
        /// Whether that person decided that it goes backwards from here on.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        back: bool,
    },
    /// A person decided that the run, of which nothing was taken back yet, goes forwards again.
    RunRetried {
        /// Who, as `user@host`.
        by: String,
    },
    /// The run is over.
    RunFinished {
        /// How it ended.
        outcome: Finish,
    },
}

impl RecordKind {
    /// Returns the step it is about.
    pub fn step(&self) -> Option<&StepId> {
        match self {
            Self::StepStarted { step, .. }
            | Self::StepSucceeded { step, .. }
            | Self::StepSkipped { step, .. }
            | Self::StepFailed { step, .. }
            | Self::StepInterrupted { step }
            | Self::UndoStarted { step }
            | Self::UndoFinished { step }
            | Self::UndoSkipped { step, .. }
            | Self::UndoFailed { step, .. } => Some(step),
            Self::RunStarted
            | Self::RunInterrupted
            | Self::RunResumed { .. }
            | Self::RunRetried { .. }
            | Self::RunFinished { .. } => None,
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// Every step is done.
    Succeeded,
    /// A step failed before anything was changed.
    Failed {
        /// What went wrong.
        because: String,
    },
    /// Everything that was done was taken back.
    RolledBack {
        /// What went wrong.
        because: String,
    },
    /// Something done cannot be taken back without a person.
    Stuck {
        /// The step that cannot be taken back.
        step: StepId,
        /// Why.
        because: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_readable_line() {
        let record = Record {
            format: 1,
            sequence: 3,
            at: "2026-03-04T05:06:07Z".parse().unwrap(),
            kind: RecordKind::StepStarted {
                step: StepId::new("api", "unpack"),
                attempt: 1,
            },
        };
        let line = serde_json::to_string(&record).unwrap();
        insta::assert_snapshot!(line, @r#"{"format":1,"sequence":3,"at":"2026-03-04T05:06:07Z","kind":{"step-started":{"step":"api/unpack","attempt":1}}}"#);
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), record);
    }
}
