//! What people and programs see of a run: displays fed by events, live or from the record.
//!
//! Bars on a terminal, plain lines elsewhere, one object for programs, a file of events for whoever asked for one. All
//! keep their state in the same [`View`], and all end by saying what state the world is in.

mod bars;
mod file;
mod json;
mod lines;
mod view;

pub use bars::Bars;
pub use file::EventStream;
pub use json::Json;
pub use lines::Lines;
pub use view::View;

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::journal::{RecordKind, RecordedRun};
use crate::plan::StepId;
use crate::run::{Event, Header, Progress, ProgressKind};

/// How often displays that move are drawn anew.
const TICK: Duration = Duration::from_millis(100);

/// Shows a run.
pub trait Display: Send {
    /// Begins: which run, which plan.
    ///
    /// # Errors
    /// When it cannot be shown; so do the others.
    fn begin(&mut self, header: &Header) -> io::Result<()>;

    /// Shows an event.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn event(&mut self, event: &Event) -> io::Result<()>;

    /// Draws what moves, so long after the beginning.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn tick(&mut self, elapsed: Duration) -> io::Result<()> {
        let _ = elapsed;
        Ok(())
    }

    /// Ends: says what state the world is in.
    ///
    /// # Errors
    /// When it cannot be shown.
    fn end(&mut self) -> io::Result<()>;
}

/// Shows events as they come, until the engine lets go of its end.
///
/// A display that cannot show any more (a closed pipe, a full disk) is left out from then on; the run must not suffer.
///
/// # Errors
/// The first error of a display, once the run is over.
pub async fn show(
    mut events: mpsc::Receiver<Event>,
    header: &Header,
    displays: Vec<Box<dyn Display>>,
) -> io::Result<()> {
    let mut shown = Shown {
        displays,
        first_error: None,
    };
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    shown.each(|display| display.begin(header));
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => shown.each(|display| display.event(&event)),
                None => break,
            },
            _ = ticks.tick() => shown.each(|display| display.tick(began.elapsed())),
        }
    }
    shown.each(|display| display.end());
    shown.first_error.map_or(Ok(()), Err)
}

struct Shown {
    displays: Vec<Box<dyn Display>>,
    first_error: Option<io::Error>,
}

impl Shown {
    fn each(&mut self, mut act: impl FnMut(&mut dyn Display) -> io::Result<()>) {
        let first_error = &mut self.first_error;
        self.displays.retain_mut(|display| match act(&mut **display) {
            Ok(()) => true,
            Err(error) => {
                first_error.get_or_insert(error);
                false
            }
        });
    }
}

/// Shows a recorded run as it was shown live. `log` gives the lines that a step's programs printed.
///
/// # Errors
/// When the display cannot show it.
pub fn replay(
    recorded: &RecordedRun,
    log: impl Fn(&StepId) -> Vec<String>,
    display: &mut dyn Display,
) -> io::Result<()> {
    display.begin(&Header::new(&recorded.about.id, &recorded.plan))?;
    for record in &recorded.records {
        // Lines are only shown of what failed, so no other log needs to be read.
        if let RecordKind::StepFailed { step, .. } | RecordKind::UndoFailed { step, .. } = &record.kind {
            for line in log(step) {
                let kind = ProgressKind::Line(line);
                display.event(&Event::Progress(Progress {
                    step: step.clone(),
                    kind,
                }))?;
            }
        }
        display.event(&Event::Recorded(record.clone()))?;
    }
    display.end()
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
