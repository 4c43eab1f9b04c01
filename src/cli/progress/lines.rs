//! Plain lines: one when a step begins, one when it ends.

use std::io::{self, Write};

use super::Display;
use super::view::{View, duration};
use crate::journal::RecordKind;
use crate::plan::StepId;
use crate::run::{Event, Header};

/// Shows a run as plain lines: for logs, pipes and screen readers.
pub struct Lines<W> {
    out: W,
    view: Option<View>,
}

impl<W: Write> Lines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, view: None }
    }
}

impl<W: Write + Send> Display for Lines<W> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.view = Some(View::new(header));
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        let Some(view) = &mut self.view else { return Ok(()) };
        view.apply(event);
        let Event::Recorded(record) = event else {
            return Ok(());
        };
        for line in told(view, &record.kind) {
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(view) = &self.view else { return Ok(()) };
        if let Some(because) = view.because() {
            writeln!(self.out, "{because}")?;
        }
        writeln!(self.out, "{}", view.world())?;
        self.out.flush()
    }
}

/// Says what a record means: nothing for what goes without saying.
pub(super) fn told(view: &View, kind: &RecordKind) -> Vec<String> {
    match kind {
        RecordKind::RunStarted | RecordKind::RunFinished { .. } => Vec::new(),
        RecordKind::RunInterrupted => vec!["stopped".to_owned()],
        RecordKind::RunResumed { by, .. } => vec![format!("{by} goes on")],
        RecordKind::RunRetried { by } => vec![format!("{by} goes forwards again")],
        RecordKind::StepStarted { step, attempt: 1 } => vec![named(view, step)],
        RecordKind::StepStarted { step, attempt } => {
            vec![format!("{} (attempt {attempt})", named(view, step))]
        }
        RecordKind::UndoStarted { step } => vec![format!("{}: taking back", named(view, step))],
        _ => ended(view, kind),
    }
}

/// Says how a step, or taking it back, ended; of what failed with the last lines of its programs.
pub(super) fn ended(view: &View, kind: &RecordKind) -> Vec<String> {
    let Some(id) = kind.step() else { return Vec::new() };
    let took = view
        .step(id)
        .and_then(|step| step.took)
        .map(duration)
        .unwrap_or_default();
    let (what, failed) = match kind {
        RecordKind::StepSucceeded { .. } => (format!("done in {took}"), false),
        RecordKind::StepSkipped { because, .. } => (format!("nothing to do: {because}"), false),
        RecordKind::StepFailed { error, .. } => (format!("failed after {took}: {error}"), true),
        RecordKind::StepInterrupted { .. } => (format!("stopped after {took}"), false),
        RecordKind::UndoFinished { .. } => (format!("taken back in {took}"), false),
        RecordKind::UndoSkipped { because, .. } => (format!("nothing to take back: {because}"), false),
        RecordKind::UndoFailed { error, .. } => (format!("not taken back: {error}"), true),
        _ => return Vec::new(),
    };
    let mut lines = vec![format!("{}: {what}", named(view, id))];
    if failed && let Some(step) = view.step(id) {
        lines.extend(step.tail.iter().map(|line| format!("    | {line}")));
    }
    lines
}

fn named(view: &View, id: &StepId) -> String {
    match view.step(id) {
        Some(step) => format!("[{}/{}] {}", step.number, view.total(), step.title),
        None => id.to_string(),
    }
}
