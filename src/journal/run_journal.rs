//! The journal of one run.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Clock, FORMAT, JournalError, LockWatch, Log, Record, RecordKind, RunId, RunState, Store};
use crate::oci::Digest;
use crate::plan::{Plan, Purpose, StepId};

/// What is known of a run from its beginning: `run.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunAbout {
    /// The version of the format, [`FORMAT`].
    pub format: u32,
    /// The run.
    pub id: RunId,
    /// The version of landfall that began it.
    pub landfall: String,
    /// Who began it, as `user@host`.
    pub who: String,
    /// Where.
    pub host: String,
    /// The command line, redacted by the caller.
    pub argv: Vec<String>,
    /// The run that it follows.
    pub parent: Option<RunId>,
    /// What it is for.
    pub purpose: Purpose,
    /// The hash of its plan.
    pub plan: Digest,
    /// When it began.
    pub started: Timestamp,
}

/// Writes the journal of one run, with the lock held.
pub struct Journal {
    pub(super) store: Arc<dyn Store>,
    pub(super) folder: String,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) lock: LockWatch,
    pub(super) about: RunAbout,
    pub(super) plan: Arc<Plan>,
    pub(super) state: RunState,
}

impl Journal {
    /// Returns the run.
    pub fn id(&self) -> &RunId {
        &self.about.id
    }

    /// Returns what is known of the run from its beginning.
    pub fn about(&self) -> &RunAbout {
        &self.about
    }

    /// Returns the plan that the run carries out.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Returns what the records so far add up to.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Adds a record. When it returns, the record is durable.
    ///
    /// # Errors
    /// [`JournalError::LockLost`], [`JournalError::Impossible`], [`JournalError::AlreadyThere`] when somebody else
    /// writes to this journal, or why it could not be written. After an error the journal must be opened anew: whether
    /// the record is there is not known.
    pub async fn append(&mut self, kind: RecordKind) -> Result<Record, JournalError> {
        if let Some(because) = self.lock.lost() {
            return Err(JournalError::LockLost { because });
        }
        let sequence = self.state.next_sequence();
        let record = Record {
            format: FORMAT,
            sequence,
            at: self.clock.now(),
            kind,
        };
        let key = record_key(&self.folder, sequence);
        let impossible = |source| JournalError::Impossible {
            sequence,
            place: self.store.place(&key),
            source,
        };
        self.state.check(&record).map_err(impossible)?;
        let bytes = serde_json::to_vec(&record).map_err(|source| JournalError::Parse {
            place: self.store.place(&key),
            source,
        })?;
        self.store.create(&key, bytes.into()).await?;
        self.state.apply(&record).map_err(impossible)?;
        Ok(record)
    }

    /// Opens the log of a step's programs.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be written.
    pub async fn open_log(&self, step: &StepId) -> Result<Box<dyn Log>, JournalError> {
        self.store.open_log(&log_key(&self.folder, step)).await
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Journal")
            .field("folder", &self.folder)
            .field("state", &self.state)
            .finish()
    }
}

pub(super) fn record_key(run: &str, sequence: u64) -> String {
    format!("{run}/journal/{sequence:06}.json")
}

pub(super) fn log_key(run: &str, step: &StepId) -> String {
    format!("{run}/output/{}.log", step.as_str().replace('/', "-->"))
}
