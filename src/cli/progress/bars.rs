//! Bars: what is under way moves at the bottom, what ended stays above.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Display;
use super::lines::{ended, told};
use super::view::{Standing, View};
use crate::journal::RecordKind;
use crate::plan::StepId;
use crate::run::{Event, Header};

/// What is over sooner shows no bars: they would only flicker.
const DELAY: Duration = Duration::from_millis(250);

/// Shows a run on a terminal.
pub struct Bars {
    target: Option<ProgressDrawTarget>,
    color: bool,
    all: MultiProgress,
    total: ProgressBar,
    running: BTreeMap<StepId, ProgressBar>,
    kept_back: Vec<String>,
    view: Option<View>,
}

impl Bars {
    /// Draws on standard error. `color` is decided once, by whoever knows of `NO_COLOR`.
    pub fn stderr(color: bool) -> Self {
        Self::new(ProgressDrawTarget::stderr(), color)
    }

    /// Draws on a target.
    pub fn new(target: ProgressDrawTarget, color: bool) -> Self {
        Self {
            target: Some(target),
            color,
            all: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            total: ProgressBar::hidden(),
            running: BTreeMap::new(),
            kept_back: Vec::new(),
            view: None,
        }
    }

    /// Lets the bars be seen, with the lines that were kept back until now.
    fn reveal(&mut self) -> io::Result<()> {
        let Some(target) = self.target.take() else {
            return Ok(());
        };
        self.all.set_draw_target(target);
        std::mem::take(&mut self.kept_back)
            .into_iter()
            .try_for_each(|line| self.all.println(line))
    }

    fn print(&mut self, line: String) -> io::Result<()> {
        if self.target.is_some() {
            self.kept_back.push(line);
            return Ok(());
        }
        self.all.println(line)
    }

    fn update(&mut self, event: &Event) {
        let Some(view) = &self.view else { return };
        let id = match event {
            Event::Recorded(record) => record.kind.step(),
            Event::Progress(progress) => Some(&progress.step),
        };
        let Some((id, step)) = id.and_then(|id| Some((id, view.step(id)?))) else {
            return;
        };
        if !matches!(step.standing, Standing::Running | Standing::Undoing) {
            if let Some(bar) = self.running.remove(id) {
                bar.finish_and_clear();
                self.all.remove(&bar);
            }
            let ended = view.count(&[Standing::Done, Standing::Skipped]);
            self.total.set_position(u64::try_from(ended).unwrap_or(u64::MAX));
            return;
        }
        let (all, total) = (&self.all, &self.total);
        let bar = self.running.entry(id.clone()).or_insert_with(|| {
            all.insert_before(
                total,
                ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg} {elapsed}")),
            )
        });
        let undoing = if step.standing == Standing::Undoing {
            "taking back: "
        } else {
            ""
        };
        let progress = step.progress.as_deref().or(step.tail.back().map(String::as_str));
        let progress = progress
            .map(|progress| format!(" ({progress})"))
            .unwrap_or_default();
        bar.set_message(format!("{undoing}{}{progress}", step.title));
    }

    fn paint(&self, kind: &RecordKind, line: &str) -> String {
        let (mark, code) = match kind {
            RecordKind::StepFailed { .. } | RecordKind::UndoFailed { .. } => ("✗", "31"),
            RecordKind::StepInterrupted { .. } => ("!", "33"),
            _ => ("✓", "32"),
        };
        if self.color {
            format!("\x1b[{code}m{mark}\x1b[0m {line}")
        } else {
            format!("{mark} {line}")
        }
    }
}

impl Display for Bars {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        let steps = u64::try_from(header.plan.steps.len()).unwrap_or(u64::MAX);
        let total = ProgressBar::new(steps).with_style(style("  {bar:30} {pos}/{len} {msg}"));
        self.total = self.all.add(total.with_message(header.plan.release.clone()));
        self.view = Some(View::new(header));
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Some(view) = &mut self.view {
            view.apply(event);
        }
        self.update(event);
        let (Some(view), Event::Recorded(record)) = (&self.view, event) else {
            return Ok(());
        };
        let lines = match &record.kind {
            RecordKind::StepStarted { .. } | RecordKind::UndoStarted { .. } => Vec::new(),
            kind if kind.step().is_some() => {
                let mut lines = ended(view, kind);
                if let Some(first) = lines.first_mut() {
                    *first = self.paint(kind, first);
                }
                lines
            }
            kind => told(view, kind),
        };
        lines.into_iter().try_for_each(|line| self.print(line))
    }

    fn tick(&mut self, elapsed: Duration) -> io::Result<()> {
        if elapsed >= DELAY {
            self.reveal()?;
        }
        self.running
            .values()
            .chain([&self.total])
            .for_each(ProgressBar::tick);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        for bar in std::mem::take(&mut self.running).into_values() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
        self.reveal()?;
        let Some(view) = &self.view else { return Ok(()) };
        let last = view
            .because()
            .map(str::to_owned)
            .into_iter()
            .chain([view.world()]);
        last.into_iter().try_for_each(|line| self.all.println(line))
    }
}

fn style(template: &str) -> ProgressStyle {
    // The templates are constants of this file; a plain bar is better than none all the same.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
