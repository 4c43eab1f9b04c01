//! The fold of a history into how things stand, and what to do next.

use serde::Serialize;

use crate::journal::{History, Holder, RunId, RunStatus};
use crate::plan::Purpose;

/// How an installation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing is installed, and nothing was left behind.
    Absent,
    /// Somebody is at work.
    Working,
    /// A run was stopped half-way.
    HalfWay,
    /// A run failed, and needs a person.
    NeedsPerson,
    /// It is installed and meant to run.
    Up,
    /// It is installed and was stopped.
    Stopped,
}

/// How an installation stands, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How it stands.
    pub standing: Standing,
    /// What is installed: the product's name and version.
    pub release: Option<String>,
    /// The last run.
    pub run: Option<RunId>,
    /// Who is at work, if anybody is.
    pub holder: Option<Holder>,
    /// One sentence for people.
    pub sentence: String,
    /// The one next command, where there is one.
    pub next: Option<String>,
}

/// Folds a history, and who is at work, into how an installation stands.
pub fn fold(history: &History, holder: Option<Holder>) -> Status {
    let last = history.last.as_ref();
    let run = last.map(|last| last.about.id.clone());
    let release = history
        .installed
        .as_ref()
        .map(|installed| installed.release.clone());
    let (standing, sentence, next) = match (last.map(|last| (&last.status, last)), &holder) {
        (_, Some(holder)) => (Standing::Working, format!("{holder} is at work"), None),
        (Some((RunStatus::Interrupted | RunStatus::Running, last)), None) => (
            Standing::HalfWay,
            format!(
                "run {} was stopped half-way: {} of {} steps are done",
                last.about.id, last.done, last.steps
            ),
            Some(format!("landfall resume {}", last.about.id)),
        ),
        (Some((RunStatus::Stuck { step, because }, last)), None) => (
            Standing::NeedsPerson,
            format!(
                "run {} is stuck at step `{step}`: {}",
                last.about.id,
                first_line(because)
            ),
            Some(format!("landfall runs show {}", last.about.id)),
        ),
        (last, None) => {
            let failed = last.and_then(|(status, last)| failed(status, last.about.purpose));
            settled(release.as_deref(), history.stopped, failed)
        }
    };
    Status {
        standing,
        release,
        run,
        holder,
        sentence,
        next,
    }
}

type Told = (Standing, String, Option<String>);

/// Says what a last run that failed without a trace tried.
fn failed(status: &RunStatus, purpose: Purpose) -> Option<String> {
    match status {
        RunStatus::Failed { because } | RunStatus::RolledBack { because } => Some(format!(
            "; the last `{}` failed and left it as it was: {}",
            purpose.verb(),
            first_line(because)
        )),
        _ => None,
    }
}

/// A cause may end with the last lines of a log, which `runs show` tells.
fn first_line(because: &str) -> &str {
    because.lines().next().unwrap_or_default()
}

fn settled(release: Option<&str>, stopped: bool, failed: Option<String>) -> Told {
    let failed = failed.unwrap_or_default();
    match release {
        None => (
            Standing::Absent,
            format!("nothing is installed{failed}"),
            Some("landfall up".to_owned()),
        ),
        Some(release) if stopped => (
            Standing::Stopped,
            format!("{release} is installed and stopped{failed}"),
            Some("landfall start".to_owned()),
        ),
        Some(release) => (Standing::Up, format!("{release} is installed{failed}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::testing::{begin, holder, id, installation, memory, plan_for, step};
    use crate::journal::{Finish, Installation, RecordKind, StepOutput};

    async fn record(demo: &Installation, purpose: Purpose, end: Option<Finish>) {
        let (mut journal, lock) = begin(demo, plan_for(purpose, vec![step("a", &[])])).await;
        let done = RecordKind::StepSucceeded {
            step: id("a"),
            output: StepOutput::new(),
        };
        let started = RecordKind::StepStarted {
            step: id("a"),
            attempt: 1,
        };
        for kind in [RecordKind::RunStarted, started, done] {
            journal.append(kind).await.unwrap();
        }
        if let Some(outcome) = end {
            journal.append(RecordKind::RunFinished { outcome }).await.unwrap();
        }
        lock.guard.release().await.unwrap();
    }

    async fn status(demo: &Installation) -> Status {
        fold(&demo.history().await.unwrap(), demo.lock_holder().await.unwrap())
    }

    #[tokio::test]
    async fn an_installation_stands_as_its_last_runs_left_it() {
        let demo = installation(memory());
        assert_eq!(status(&demo).await.standing, Standing::Absent);
        record(&demo, Purpose::Up, Some(Finish::Succeeded)).await;
        assert_eq!(status(&demo).await.sentence, "sample 1.0.0 is installed");
        record(&demo, Purpose::Stop, Some(Finish::Succeeded)).await;
        assert_eq!(status(&demo).await.standing, Standing::Stopped);
        record(&demo, Purpose::Start, Some(Finish::Succeeded)).await;
        assert_eq!(status(&demo).await.standing, Standing::Up);
        let stuck = Finish::Stuck {
            step: id("a"),
            because: "no".to_owned(),
        };
        record(&demo, Purpose::Destroy, Some(stuck)).await;
        let told = status(&demo).await;
        assert_eq!(
            (told.standing, told.release.as_deref()),
            (Standing::NeedsPerson, Some("sample 1.0.0"))
        );
        record(&demo, Purpose::Destroy, Some(Finish::Succeeded)).await;
        assert_eq!(status(&demo).await.standing, Standing::Absent);
    }

    #[tokio::test]
    async fn what_was_left_half_way_names_the_next_command_and_who_works_is_named() {
        let demo = installation(memory());
        record(&demo, Purpose::Up, None).await;
        let told = status(&demo).await;
        assert_eq!(told.standing, Standing::HalfWay);
        assert_eq!(told.next, Some(format!("landfall resume {}", told.run.unwrap())));
        let _lock = demo.lock(holder("bob")).await.unwrap();
        let told = status(&demo).await;
        assert_eq!(told.standing, Standing::Working);
        assert!(
            told.sentence.starts_with("bob@here (process "),
            "{}",
            told.sentence
        );
    }
}
