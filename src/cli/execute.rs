//! Carrying a plan out, with displays fed by its events.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8PathBuf;

use super::context::Context;
use super::error::{CommandError, Result};
use super::exit::Exit;
use super::progress::{Bars, Display, EventStream, Json, Lines, show};
use super::session::{Planned, Session};
use crate::deployment::Deployment;
use crate::drivers::{self, Performer, Work};
use crate::journal::{Acquired, Installation, Journal, NewRun, RunId, StageFiles};
use crate::plan::Purpose;
use crate::render::Artifacts;
use crate::run::{Cancel, Direction, Engine, Events, Header, Outcome, RunError};

/// How a run is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the beginning.
    Run,
    /// On from where it stopped.
    TakeUp(Direction),
}

impl Way {
    fn is_back(self) -> bool {
        matches!(self, Self::TakeUp(Direction::Back { .. }))
    }
}

/// Takes the lock and says so when it was left behind by somebody dead.
///
/// # Errors
/// When somebody else holds it.
pub async fn lock(session: &Session, installation: &Installation, doing: &str) -> Result<Acquired> {
    let acquired = installation.lock(session.holder(doing)).await?;
    if let Some(stale) = &acquired.stale {
        session.context.say(format!(
            "note: took over the lock of {stale}: that process is no longer there"
        ));
    }
    Ok(acquired)
}

/// Something else that steps of a run are done for, by a version of its own.
pub struct Extra {
    /// The version that steps name as their stage.
    pub version: String,
    /// What they are done for.
    pub work: Work,
}

/// Carries out an approved plan, with the lock held.
///
/// # Errors
/// When the run cannot be recorded.
pub async fn begin(
    session: &Session,
    installation: &Installation,
    lock: Acquired,
    planned: Planned,
) -> Result {
    begin_with(session, installation, lock, planned, None).await
}

/// As [`begin`], with something else that steps are done for.
///
/// # Errors
/// When the run cannot be recorded.
pub async fn begin_with(
    session: &Session,
    installation: &Installation,
    mut lock: Acquired,
    planned: Planned,
    extra: Option<Extra>,
) -> Result {
    let Planned {
        deployment,
        artifacts,
        stages,
        plan,
    } = planned;
    let mut random = [0; 2];
    getrandom::fill(&mut random).map_err(|error| CommandError::new(Exit::Failed, error.to_string()))?;
    let id = installation.new_run_id(random).await?;
    let on_the_way = stages.iter().map(|stage| {
        let files = StageFiles {
            deployment: stage.deployment.to_yaml(),
            artifacts: files(&stage.artifacts),
        };
        (stage.deployment.version.to_string(), files)
    });
    let new = NewRun {
        id,
        argv: std::env::args().collect(),
        parent: None,
        plan,
        deployment: deployment.to_yaml(),
        artifacts: files(&artifacts),
        stages: on_the_way.collect(),
    };
    let mut journal = installation.begin(new, &mut lock.guard).await?;
    let stages = stages.into_iter().map(|stage| {
        let version = stage.deployment.version.to_string();
        let (deployment, artifacts) = (stage.deployment, stage.artifacts);
        (
            version,
            Work {
                deployment,
                artifacts,
            },
        )
    });
    let works = Works {
        stages: stages
            .chain(extra.map(|extra| (extra.version, extra.work)))
            .collect(),
        end: Work {
            deployment,
            artifacts,
        },
    };
    let exit = carry(session, &mut journal, works, Way::Run).await;
    lock.guard.release().await?;
    exit
}

/// What the steps of a run are done for.
struct Works {
    end: Work,
    stages: BTreeMap<String, Work>,
}

fn files(artifacts: &Artifacts) -> BTreeMap<Utf8PathBuf, Bytes> {
    artifacts
        .iter()
        .map(|(path, artifact)| (path.clone(), Bytes::from(artifact.text.clone())))
        .collect()
}

/// Reads back what was recorded of a release.
fn work(deployment: &[u8], files: BTreeMap<Utf8PathBuf, Bytes>) -> Result<Work> {
    let deployment =
        Deployment::from_yaml(deployment).map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
    let mut artifacts = Artifacts::default();
    for (path, text) in files {
        artifacts.add(path, String::from_utf8_lossy(&text).into_owned());
    }
    Ok(Work {
        deployment,
        artifacts,
    })
}

/// Reads back what a run brought up, or was to bring up.
///
/// # Errors
/// When it cannot be read.
pub async fn recorded(installation: &Installation, id: &RunId) -> Result<Work> {
    work(
        &installation.deployment(id).await?,
        installation.artifacts(id).await?,
    )
}

/// Goes on with a recorded run, or takes it back.
///
/// # Errors
/// When the run cannot be read or recorded.
pub async fn take_up(
    session: &Session,
    installation: &Installation,
    id: &RunId,
    way: Way,
    mut lock: Acquired,
) -> Result {
    let mut works = Works {
        end: recorded(installation, id).await?,
        stages: BTreeMap::new(),
    };
    for (version, stage) in installation.stages(id).await? {
        let stage = work(stage.deployment.as_bytes(), stage.artifacts)?;
        works.stages.insert(version, stage);
    }
    let mut journal = installation.open(id, &mut lock.guard).await?;
    let exit = carry(session, &mut journal, works, way).await;
    lock.guard.release().await?;
    exit
}

async fn carry(session: &Session, journal: &mut Journal, works: Works, way: Way) -> Result {
    let context = &session.context;
    let (events, receiver) = Events::channel(1024);
    let header = Header::new(journal.id(), journal.plan());
    let displays = displays(context)?;
    let shown = tokio::spawn(async move { show(receiver, &header, displays).await });
    let cancel = Cancel::new();
    let listening = tokio::spawn(listen(context.clone(), cancel.clone()));
    let id = journal.id().clone();
    let purpose = journal.plan().purpose;
    let deployment = works.end.deployment.clone();
    let url = deployment
        .parts
        .values()
        .map(|part| part.url.clone())
        .find(|url| !url.is_empty());
    let performer = Performer::new(context.world()?, works.end, works.stages, id.as_str());
    let performer = Arc::new(performer);
    let engine = Engine::default();
    let outcome = match way {
        Way::Run => engine.run(journal, performer, &events, &cancel).await,
        Way::TakeUp(direction) => {
            let by = (context.user(), direction);
            engine
                .take_up(journal, performer, &events, &cancel, (&by.0, by.1))
                .await
        }
    };
    drop(events);
    listening.abort();
    if let Ok(Err(error)) = shown.await {
        context.say(format!("note: the run could not be shown to its end: {error}"));
    }
    let brings_up = purpose.brings_up();
    let succeeded = matches!(outcome, Ok(Outcome::Succeeded));
    let exit = conclude(context, way, outcome, url.as_deref().filter(|_| brings_up))?;
    if exit == Exit::Done && brings_up {
        show_tokens(context, &deployment).await?;
    }
    if succeeded && matches!(purpose, Purpose::Upgrade | Purpose::Rollback) {
        session.note_release(&deployment.version);
    }
    Ok(exit)
}

/// Opens the displays that the options ask for; they are all fed by the same events.
fn displays(context: &Context) -> Result<Vec<Box<dyn Display>>> {
    let mut displays: Vec<Box<dyn Display>> = Vec::new();
    if let Some(file) = &context.global.events {
        let stream =
            EventStream::create(file).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
        displays.push(Box::new(stream));
    }
    if context.json() {
        displays.push(Box::new(Json::new(std::io::stdout())));
    }
    if std::io::stderr().is_terminal() {
        displays.push(Box::new(Bars::stderr(context.color)));
    } else {
        displays.push(Box::new(Lines::new(std::io::stderr())));
    }
    Ok(displays)
}

/// Shows the tokens that were made, once: what is kept of them is their SHA-256.
async fn show_tokens(context: &Context, deployment: &Deployment) -> Result<()> {
    for (name, token) in drivers::take_tokens(&context.world()?, deployment).await? {
        context.say(format!("token `{name}`, shown this once: {}", token.expose()));
    }
    Ok(())
}

/// Listens for interrupts: the first stops between steps, the second stops what runs.
async fn listen(context: Context, cancel: Cancel) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return;
    };
    let mut asked = 0;
    loop {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancel.request();
        asked += 1;
        context.say(if asked == 1 {
            "interrupt: finishing what is under way, then stopping; once more stops it now"
        } else {
            "interrupt: stopping what is under way"
        });
    }
}

/// Turns the outcome into an exit code. What state the world is in has been said by the display.
fn conclude(
    context: &Context,
    way: Way,
    outcome: std::result::Result<Outcome, RunError>,
    url: Option<&str>,
) -> Result {
    let exit = match outcome? {
        Outcome::Succeeded => Exit::Done,
        Outcome::RolledBack { .. } if way.is_back() => Exit::Done,
        Outcome::FailedClean { .. } => Exit::Failed,
        Outcome::RolledBack { .. } => Exit::RolledBack,
        Outcome::Stuck { .. } => Exit::Stuck,
        Outcome::Interrupted => Exit::Interrupted,
    };
    match url {
        Some(url) if exit == Exit::Done && !way.is_back() => {
            context.say(format!("it answers at {url}"));
        }
        _ => {}
    }
    Ok(exit)
}
