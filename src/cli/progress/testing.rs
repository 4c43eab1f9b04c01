//! Recorded runs, and a terminal that remembers what was written to it.

use std::io;
use std::sync::{Arc, Mutex};

use indicatif::TermLike;
use jiff::SignedDuration;

use crate::journal::testing::{chain, id, noon};
use crate::journal::{Finish, Record, RecordKind, StepOutput};
use crate::run::{Event, Header, Progress, ProgressKind};

pub(super) fn header() -> Header {
    Header::new(&"20260304-120000-0001".parse().unwrap(), &chain(&["a", "b"]))
}

/// Numbers kinds of records and times them one and a half second apart.
pub(super) fn records(kinds: Vec<RecordKind>) -> Vec<Record> {
    let record = |(index, kind): (usize, RecordKind)| {
        let at = noon() + SignedDuration::from_millis(1500 * i64::try_from(index).unwrap());
        Record {
            format: 1,
            sequence: index as u64 + 1,
            at,
            kind,
        }
    };
    kinds.into_iter().enumerate().map(record).collect()
}

pub(super) fn line(name: &str, text: &str) -> Event {
    Event::Progress(Progress {
        step: id(name),
        kind: ProgressKind::Line(text.to_owned()),
    })
}

pub(super) fn success() -> Vec<RecordKind> {
    vec![
        RecordKind::RunStarted,
        RecordKind::StepStarted {
            step: id("a"),
            attempt: 1,
        },
        RecordKind::StepSucceeded {
            step: id("a"),
            output: StepOutput::new(),
        },
        RecordKind::StepStarted {
            step: id("b"),
            attempt: 1,
        },
        RecordKind::StepSkipped {
            step: id("b"),
            because: "it is there".to_owned(),
            output: StepOutput::new(),
        },
        RecordKind::RunFinished {
            outcome: Finish::Succeeded,
        },
    ]
}

/// A failure up to where it shows, and how it was taken back.
pub(super) fn failure() -> (Vec<RecordKind>, Vec<RecordKind>) {
    let because = "step `b/do` failed: exited with status 1".to_owned();
    let mut before = success();
    before.truncate(4);
    let after = vec![
        RecordKind::StepFailed {
            step: id("b"),
            error: "exited with status 1".to_owned(),
            may_have_changed: true,
        },
        RecordKind::UndoStarted { step: id("b") },
        RecordKind::UndoFinished { step: id("b") },
        RecordKind::UndoStarted { step: id("a") },
        RecordKind::UndoFinished { step: id("a") },
        RecordKind::RunFinished {
            outcome: Finish::RolledBack { because },
        },
    ];
    (before, after)
}

/// The failure as events, with a line of a program in its place.
pub(super) fn failure_events() -> Vec<Event> {
    let (before, after) = failure();
    let shown = before.len();
    let mut events: Vec<_> = records([before, after].concat())
        .into_iter()
        .map(Event::Recorded)
        .collect();
    events.insert(shown, line("b", "no such image"));
    events
}

/// What a display wrote.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const WIDTH: u16 = 100;

/// A terminal: lines, and the cursor's row.
#[derive(Debug, Clone, Default)]
pub(super) struct Screen(Arc<Mutex<(Vec<String>, usize)>>);

impl Screen {
    pub(super) fn text(&self) -> String {
        let lines = self.0.lock().unwrap().0.clone();
        let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// Writes at the cursor. A full line goes on in the next one, as on a real terminal.
    fn write(&self, text: &str) {
        let mut screen = self.0.lock().unwrap();
        for letter in text.chars() {
            let (lines, row) = &mut *screen;
            lines.resize(lines.len().max(*row + 2), String::new());
            if lines[*row].chars().count() == usize::from(WIDTH) {
                *row += 1;
            }
            lines[*row].push(letter);
        }
    }
}

impl TermLike for Screen {
    fn width(&self) -> u16 {
        WIDTH
    }
    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        let mut screen = self.0.lock().unwrap();
        screen.1 = screen.1.saturating_sub(n);
        Ok(())
    }
    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.0.lock().unwrap().1 += n;
        Ok(())
    }
    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }
    fn write_line(&self, text: &str) -> io::Result<()> {
        self.write(text);
        self.move_cursor_down(1)
    }
    fn write_str(&self, text: &str) -> io::Result<()> {
        self.write(text);
        Ok(())
    }
    fn clear_line(&self) -> io::Result<()> {
        let mut screen = self.0.lock().unwrap();
        let row = screen.1;
        screen.0.get_mut(row).map(String::clear);
        Ok(())
    }
    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
