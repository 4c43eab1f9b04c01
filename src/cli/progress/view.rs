//! What all displays know of a run.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::journal::{Finish, Record, RecordKind};
use crate::plan::{Purpose, StepId};
use crate::run::{Event, Header, Progress, ProgressKind};

/// How many of a failing step's last lines are shown.
const TAIL: usize = 10;

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Not started.
    Waiting,
    /// Under way.
    Running,
    /// Done.
    Done,
    /// There was nothing to do.
    Skipped,
    /// Failed.
    Failed,
    /// Stopped half-way.
    Interrupted,
    /// Being taken back.
    Undoing,
    /// Taken back, or nothing was to take back.
    Undone,
    /// Not taken back.
    NotUndone,
}

/// What is known of a step.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Its place in the plan, from 1.
    pub number: usize,
    /// What people read.
    pub title: String,
    /// How it stands.
    pub standing: Standing,
    /// When what is under way, or was last, began.
    pub began: Option<Timestamp>,
    /// How long doing it took.
    pub took: Option<SignedDuration>,
    /// The last lines that its programs printed.
    pub tail: VecDeque<String>,
    /// What it waits for or how far it is, for people.
    pub progress: Option<String>,
}

enum End {
    Open,
    Interrupted,
    Finished(Finish),
}

/// What is known of a run.
pub struct View {
    header: Header,
    steps: BTreeMap<StepId, StepView>,
    began: Option<Timestamp>,
    last: Option<Timestamp>,
    taken_back: usize,
    /// How many steps were done and are not taken back, because the next try goes on with them.
    stayed: usize,
    end: End,
}

impl View {
    /// Begins with nothing done.
    pub fn new(header: &Header) -> Self {
        let outlined = header.plan.steps.iter().enumerate().map(|(index, step)| {
            let view = StepView {
                number: index + 1,
                title: step.title.clone(),
                standing: Standing::Waiting,
                began: None,
                took: None,
                tail: VecDeque::new(),
                progress: None,
            };
            (step.id.clone(), view)
        });
        Self {
            steps: outlined.collect(),
            header: header.clone(),
            began: None,
            last: None,
            taken_back: 0,
            stayed: 0,
            end: End::Open,
        }
    }

    /// Returns the run and its plan.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns how many steps there are.
    pub fn total(&self) -> usize {
        self.steps.len()
    }

    /// Returns what is known of a step.
    pub fn step(&self, id: &StepId) -> Option<&StepView> {
        self.steps.get(id)
    }

    /// Returns how many steps stand so.
    pub fn count(&self, standings: &[Standing]) -> usize {
        self.steps
            .values()
            .filter(|step| standings.contains(&step.standing))
            .count()
    }

    /// Returns how the run ended, in one word.
    pub fn outcome(&self) -> &'static str {
        match &self.end {
            End::Open | End::Interrupted => "interrupted",
            End::Finished(Finish::Succeeded) => "succeeded",
            End::Finished(Finish::Failed { .. }) => "failed",
            End::Finished(Finish::RolledBack { .. }) => "rolled-back",
            End::Finished(Finish::Stuck { .. }) => "stuck",
        }
    }

    /// Returns why the run did not succeed, if it is over and did not.
    pub fn because(&self) -> Option<&str> {
        match &self.end {
            End::Finished(
                Finish::Failed { because } | Finish::RolledBack { because } | Finish::Stuck { because, .. },
            ) => Some(because),
            _ => None,
        }
    }

    /// Adds an event.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Recorded(record) => self.recorded(record),
            Event::Progress(progress) => self.progressed(progress),
        }
    }

    fn progressed(&mut self, progress: &Progress) {
        let Some(step) = self.steps.get_mut(&progress.step) else {
            return;
        };
        match &progress.kind {
            ProgressKind::Percent(percent) => step.progress = Some(format!("{percent}%")),
            ProgressKind::WaitingFor(what) => step.progress = Some(format!("waiting for {what}")),
            ProgressKind::Line(line) => {
                if step.tail.len() == TAIL {
                    step.tail.pop_front();
                }
                step.tail.push_back(line.clone());
            }
        }
    }

    fn recorded(&mut self, record: &Record) {
        self.began.get_or_insert(record.at);
        self.last = Some(record.at);
        match &record.kind {
            RecordKind::RunStarted => {}
            RecordKind::RunResumed { .. } | RecordKind::RunRetried { .. } => self.end = End::Open,
            RecordKind::RunInterrupted => self.end = End::Interrupted,
            RecordKind::RunFinished { outcome } => self.end = End::Finished(outcome.clone()),
            RecordKind::StepStarted { step, .. } => self.stands(step, Standing::Running, record.at),
            RecordKind::StepSucceeded { step, .. } => self.stands(step, Standing::Done, record.at),
            RecordKind::StepSkipped { step, .. } => self.stands(step, Standing::Skipped, record.at),
            RecordKind::StepFailed { step, .. } => self.stands(step, Standing::Failed, record.at),
            RecordKind::StepInterrupted { step } => self.stands(step, Standing::Interrupted, record.at),
            RecordKind::UndoStarted { step } => self.stands(step, Standing::Undoing, record.at),
            RecordKind::UndoFinished { step } => {
                self.taken_back += 1;
                self.stands(step, Standing::Undone, record.at);
            }
            RecordKind::UndoSkipped { step, .. } => {
                let done = self.steps.get(step).is_some_and(|seen| seen.began.is_some());
                let steps = &self.header.plan.steps;
                if done
                    && steps
                        .iter()
                        .any(|outlined| outlined.id == *step && outlined.stays)
                {
                    self.stayed += 1;
                }
                self.stands(step, Standing::Undone, record.at);
            }
            RecordKind::UndoFailed { step, .. } => self.stands(step, Standing::NotUndone, record.at),
        }
    }

    fn stands(&mut self, id: &StepId, standing: Standing, at: Timestamp) {
        let Some(step) = self.steps.get_mut(id) else {
            return;
        };
        step.standing = standing;
        step.progress = None;
        if matches!(standing, Standing::Running | Standing::Undoing) {
            step.began = Some(at);
            step.took = None;
            step.tail.clear();
        } else {
            step.took = step.began.map(|began| at.duration_since(began));
        }
    }

    /// Returns how long the run took so far, by its records.
    pub fn took(&self) -> SignedDuration {
        let both = self.began.zip(self.last);
        both.map_or(SignedDuration::ZERO, |(began, last)| last.duration_since(began))
    }

    /// Says what state the world is in: the last line of every display.
    pub fn world(&self) -> String {
        let name = &self.header.plan.installation;
        let run = &self.header.run;
        let left = self.count(&[
            Standing::Done,
            Standing::Skipped,
            Standing::Failed,
            Standing::Running,
            Standing::Interrupted,
            Standing::Undoing,
            Standing::NotUndone,
        ]);
        match &self.end {
            End::Finished(Finish::Succeeded) => {
                format!(
                    "{} ({} in {})",
                    self.success(),
                    steps(self.total()),
                    duration(self.took())
                )
            }
            End::Finished(Finish::Failed { .. }) => {
                format!(
                    "`{name}` is as it was before: nothing was changed; `landfall runs show {run}` tells more"
                )
            }
            End::Finished(Finish::RolledBack { .. }) if self.stayed > 0 => format!(
                "`{name}` is not done: what {} made stays, and the next try goes on with it, {} taken back; `landfall runs show {run}` tells more",
                steps(self.stayed),
                steps(self.taken_back)
            ),
            End::Finished(Finish::RolledBack { .. }) => {
                format!(
                    "`{name}` is as it was before: {} taken back; `landfall runs show {run}` tells more",
                    steps(self.taken_back)
                )
            }
            End::Finished(Finish::Stuck { step, .. }) => format!(
                "`{name}` needs a person: `{step}` is not taken back, {} in place; `landfall runs show {run}` says why and names the ways on",
                steps(left)
            ),
            End::Interrupted | End::Open => format!(
                "`{name}` is half-way: {left} of {}; `landfall resume {run}` goes on, `landfall rollback {run}` takes back",
                steps(self.total())
            ),
        }
    }

    fn success(&self) -> String {
        let (name, release) = (&self.header.plan.installation, &self.header.plan.release);
        match self.header.plan.purpose {
            Purpose::Up => format!("`{name}` is up: {release}"),
            Purpose::Stop => format!("`{name}` is stopped"),
            Purpose::Start => format!("`{name}` is started: {release}"),
            Purpose::Destroy => format!("`{name}` is removed"),
            Purpose::Upgrade => format!("`{name}` is upgraded: {release}"),
            Purpose::Rollback => format!("`{name}` is back at {release}"),
            Purpose::Rehearse => format!("{release} came up on a copy of the data"),
            Purpose::Prune => format!("what `{name}` does not need any more is removed"),
            Purpose::Restore => format!("`{name}` is restored: {release}"),
            Purpose::RotateLicense => format!("`{name}` has its new license: {release}"),
            Purpose::Backup => format!("`{name}` is backed up: {release}"),
        }
    }
}

/// Writes a number of steps.
fn steps(count: usize) -> String {
    if count == 1 {
        "1 step".to_owned()
    } else {
        format!("{count} steps")
    }
}

/// Writes a time span for people.
pub(super) fn duration(span: SignedDuration) -> String {
    let seconds = span.as_secs().max(0);
    match seconds {
        0..10 => format!("{:.1}s", span.as_secs_f64().max(0.0)),
        10..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_short() {
        let spans = [0, 900, 9_940, 12_000, 61_000, 3_660_000]
            .map(SignedDuration::from_millis)
            .map(duration);
        assert_eq!(spans, ["0.0s", "0.9s", "9.9s", "12s", "1m 01s", "1h 01m"]);
    }
}
