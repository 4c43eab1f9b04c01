//! What a step is given besides itself.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Cancel, Events, Progress, ProgressKind, chain_text};
use crate::journal::{Log, StepOutput};
use crate::plan::StepId;

/// What a step is given besides itself: what earlier steps gave, and whom to tell how it goes.
#[derive(Clone)]
pub struct StepContext {
    pub(super) step: StepId,
    pub(super) attempt: u32,
    pub(super) outputs: Arc<BTreeMap<StepId, StepOutput>>,
    pub(super) events: Events,
    pub(super) cancel: Cancel,
    pub(super) log: Arc<Mutex<Option<Box<dyn Log>>>>,
}

impl StepContext {
    /// Returns which attempt this is, from 1. A later one may find its own work half-done.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns what an earlier step of this run gave.
    pub fn output(&self, step: &StepId) -> Option<&StepOutput> {
        self.outputs.get(step)
    }

    /// Returns one value that an earlier step of this run gave.
    pub fn value(&self, step: &StepId, name: &str) -> Option<&Value> {
        self.outputs.get(step)?.get(name)
    }

    /// Returns the switch that tells the step to stop.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// Tells how far the step has come.
    pub fn percent(&self, percent: u8) {
        self.tell(ProgressKind::Percent(percent.min(100)));
    }

    /// Tells what the step waits for.
    pub fn waiting_for(&self, what: impl Into<String>) {
        self.tell(ProgressKind::WaitingFor(what.into()));
    }

    /// Passes on a line that a program printed, to the display and to the step's log.
    ///
    /// The caller must have taken out what is secret.
    pub fn line(&self, line: impl Into<String>) {
        let line = line.into();
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Err(error)) = log.as_mut().map(|log| log.line(&line)) {
            // The log is for people; the step is not worth less without it.
            *log = None;
            self.tell(ProgressKind::Line(format!(
                "the log ends here: {}",
                chain_text(&error)
            )));
        }
        drop(log);
        self.tell(ProgressKind::Line(line));
    }

    fn tell(&self, kind: ProgressKind) {
        self.events.progress(Progress {
            step: self.step.clone(),
            kind,
        });
    }

    /// Writes what is left of the log.
    pub(super) async fn close_log(&self) {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut log) = log
            && let Err(error) = log.close().await
        {
            self.tell(ProgressKind::Line(format!(
                "the log is not whole: {}",
                chain_text(&error)
            )));
        }
    }
}

impl fmt::Debug for StepContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StepContext")
            .field("step", &self.step)
            .field("attempt", &self.attempt)
            .finish()
    }
}
