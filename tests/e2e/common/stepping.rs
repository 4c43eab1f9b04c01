//! Acting at a given record of a run.

use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::Signal;

use super::{Ground, PATIENCE, Running};

/// A moment of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The step.
    pub step: String,
    /// The record, as the event stream writes it: `step-started`, `step-succeeded`, `progress`.
    pub record: &'static str,
    /// How much later.
    pub later: Duration,
}

impl At {
    /// The moment at which a step begins.
    pub fn start(step: &str) -> Self {
        Self {
            step: step.to_owned(),
            record: "step-started",
            later: Duration::ZERO,
        }
    }

    /// The moment at which a step is done.
    pub fn end(step: &str) -> Self {
        Self {
            record: "step-succeeded",
            ..Self::start(step)
        }
    }

    /// The moment at which a step first tells how it goes.
    pub fn amid(step: &str) -> Self {
        Self {
            record: "progress",
            ..Self::start(step)
        }
    }

    /// Says whether it is neither of a step's boundaries.
    pub fn is_amid(&self) -> bool {
        self.record == "progress"
    }

    /// So much later.
    pub fn later(self, milliseconds: u64) -> Self {
        Self {
            later: Duration::from_millis(milliseconds),
            ..self
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} +{:?}", self.record, self.step, self.later)
    }
}

/// Lists the steps of a plan.
pub fn steps_of(ground: &Ground) -> Vec<String> {
    let plan = ground.expect(0, &["plan", "--output", "json"]).json();
    let steps = plan["steps"].as_array().expect("a list");
    steps
        .iter()
        .map(|step| step["id"].as_str().unwrap().to_owned())
        .collect()
}

impl Ground {
    /// Starts a verb with an event stream and returns when the moment has come, or when it has ended before.
    pub fn start_until(&self, arguments: &[&str], at: &At) -> Running {
        let events = self.path("events.ndjson");
        start_until(|all| self.start_group(all), &events, arguments, at)
    }

    /// Runs a verb and kills it at a moment, all at once and without warning; says whether it was still running.
    pub fn kill_at(&self, arguments: &[&str], at: &At, group: bool) -> bool {
        kill(self.start_until(arguments, at), at, group)
    }
}

/// Starts a verb with an event stream in a file and returns when the moment has come, or when it has ended before.
pub fn start_until(
    start: impl FnOnce(&[&str]) -> Running,
    events: &Utf8Path,
    arguments: &[&str],
    at: &At,
) -> Running {
    let _ = fs_err::remove_file(events);
    let mut all = arguments.to_vec();
    all.extend(["--events", events.as_str()]);
    let mut running = start(&all);
    let mark = format!(r#"{{"{}":{{"step":"{}""#, at.record, at.step);
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        if fs_err::read_to_string(events).is_ok_and(|text| text.contains(&mark)) {
            std::thread::sleep(at.later);
            return running;
        }
        if running.has_ended() {
            return running;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("`{arguments:?}` did not come to {at}:\n{}", running.words());
}

/// Kills what runs, all at once and without warning; says whether it was still running.
pub fn kill(mut running: Running, at: &At, group: bool) -> bool {
    let was_running = !running.has_ended();
    if group {
        running.signal_group(Signal::KILL);
    } else {
        running.signal(Signal::KILL);
    }
    let said = running.end();
    // It may have ended before, well or by taking itself back.
    assert!(matches!(said.code, None | Some(0 | 7)), "before {at}: {said}");
    was_running && said.code.is_none()
}
