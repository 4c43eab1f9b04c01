//! What displays and `--events` are fed with.
//!
//! The stream is a versioned list of lines: the first says the schema, the run and the plan, then one event a line.
//! Readers ignore fields and kinds of events that they do not know; a change that they must not ignore gets a new schema.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::journal::{Record, RunId};
use crate::oci::Digest;
use crate::plan::{Plan, Purpose, StepId};

/// The version of the event stream.
pub const EVENTS_SCHEMA: &str = "landfall/events/v1";

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Something that is remembered. Durable before it is told.
    Recorded(Record),
    /// Something that may be forgotten.
    Progress(Progress),
}

/// How a running step goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The step.
    pub step: StepId,
    /// How it goes.
    pub kind: ProgressKind,
}

/// How a running step goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgressKind {
    /// So much of a hundred is done.
    Percent(u8),
    /// A program printed a line.
    Line(String),
    /// The step waits for something.
    WaitingFor(String),
}

/// Sends events to a display.
#[derive(Debug, Clone)]
pub struct Events {
    sender: Option<mpsc::Sender<Event>>,
}

impl Events {
    /// Opens a channel for so many events. Its other end must be read, or the run waits.
    pub fn channel(capacity: usize) -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (Self { sender: Some(sender) }, receiver)
    }

    /// Tells nobody.
    pub fn none() -> Self {
        Self { sender: None }
    }

    /// Tells of a record, waiting until there is room. A display that has gone away is no reason to stop.
    pub(super) async fn recorded(&self, record: Record) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(Event::Recorded(record)).await;
        }
    }

    /// Tells of progress, unless there is no room: a slow display must never hold up the work.
    pub(super) fn progress(&self, progress: Progress) {
        if let Some(sender) = &self.sender {
            let _ = sender.try_send(Event::Progress(progress));
        }
    }
}

/// The first line of an event stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`EVENTS_SCHEMA`].
    pub schema: String,
    /// The run.
    pub run: RunId,
    /// The plan in short.
    pub plan: Outline,
}

/// A plan in short: what a display needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The plan's hash.
    pub hash: Digest,
    /// What it is for.
    pub purpose: Purpose,
    /// The installation.
    pub installation: String,
    /// The product's name and version, for people.
    pub release: String,
    /// The steps in order.
    pub steps: Vec<OutlineStep>,
}

/// A step in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineStep {
    /// Its name.
    pub id: StepId,
    /// What people read.
    pub title: String,
    /// Whether what it did stays when the run is taken back, for the next try.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
}

impl Header {
    /// Makes the first line of a run's stream.
    pub fn new(run: &RunId, plan: &Plan) -> Self {
        let outlined = |step: &crate::plan::Step| OutlineStep {
            id: step.id.clone(),
            title: step.title.clone(),
            stays: matches!(step.undo, crate::plan::Undo::Stays(_)),
        };
        Self {
            schema: EVENTS_SCHEMA.to_owned(),
            run: run.clone(),
            plan: Outline {
                hash: plan.hash,
                purpose: plan.purpose,
                installation: plan.installation.clone(),
                release: plan.release.clone(),
                steps: plan.steps.iter().map(outlined).collect(),
            },
        }
    }
}

/// Writes an event stream, each line at once.
#[derive(Debug)]
pub struct EventWriter<W: Write> {
    out: W,
}

impl<W: Write> EventWriter<W> {
    /// Begins a stream.
    ///
    /// # Errors
    /// When the first line cannot be written.
    pub fn new(out: W, header: &Header) -> io::Result<Self> {
        let mut writer = Self { out };
        writer.line(header)?;
        Ok(writer)
    }

    /// Writes an event.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        self.line(event)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.out.write_all(&line)?;
        self.out.flush()
    }
}

/// Reads an event stream, passing over kinds of events that this version does not know.
///
/// # Errors
/// When the first line is not of this schema, or a line is no JSON.
pub fn read_events(text: &str) -> io::Result<(Header, Vec<Event>)> {
    let mut lines = text.lines().filter(|line| !line.is_empty());
    let header: Header = serde_json::from_str(lines.next().unwrap_or_default())?;
    if header.schema != EVENTS_SCHEMA {
        let told = format!(
            "the events have schema `{}`, this version reads `{EVENTS_SCHEMA}`",
            header.schema
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, told));
    }
    let mut events = Vec::new();
    for line in lines {
        let value: Value = serde_json::from_str(line)?;
        events.extend(serde_json::from_value(value).ok());
    }
    Ok((header, events))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::RecordKind;
    use crate::journal::testing::{chain, id, noon};

    #[test]
    fn a_stream_reads_back_and_what_is_new_in_it_is_passed_over() {
        let plan = chain(&["a"]);
        let header = Header::new(&"20260304-120000-0001".parse().unwrap(), &plan);
        let record = Record {
            format: 1,
            sequence: 1,
            at: noon(),
            kind: RecordKind::RunStarted,
        };
        let progress = Progress {
            step: id("a"),
            kind: ProgressKind::Percent(50),
        };
        let events = vec![Event::Recorded(record), Event::Progress(progress)];
        let mut bytes = Vec::new();
        let mut writer = EventWriter::new(&mut bytes, &header).unwrap();
        events.iter().for_each(|event| writer.event(event).unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with(r#"{"schema":"landfall/events/v1","run":"20260304-120000-0001","plan":{"#));
        insta::assert_snapshot!(text.lines().skip(1).collect::<Vec<_>>().join("\n"), @r#"
        {"recorded":{"format":1,"sequence":1,"at":"2026-03-04T12:00:00Z","kind":"run-started"}}
        {"progress":{"step":"a/do","kind":{"percent":50}}}
        "#);
        let newer = text.replace("\"sequence\"", "\"new\":1,\"sequence\"") + "{\"invented\":{}}\n";
        assert_eq!(read_events(&newer).unwrap(), (header, events));
        assert!(read_events(&text.replace("/v1", "/v2")).is_err());
    }

    #[tokio::test]
    async fn progress_never_waits_for_a_slow_display() {
        let (events, mut receiver) = Events::channel(1);
        for percent in 0..100 {
            events.progress(Progress {
                step: id("a"),
                kind: ProgressKind::Percent(percent),
            });
        }
        drop(events);
        assert!(receiver.recv().await.is_some());
        assert!(receiver.recv().await.is_none(), "what found no room was dropped");
    }
}
