//! Carrying a plan out, with displays fed by its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::context::Context;
use super::error::{CommandError, Result};
use super::exit::Exit;
use super::display::Display;
use super::session::{Planned, Session};
use crate::deployment::Deployment;
use crate::drivers::Performer;
use crate::journal::{Acquired, Installation, Journal, NewRun, RunId};
use crate::render::Artifacts;
use crate::run::{Cancel, Engine, Events, Header, Outcome, RunError};

/// How a run is to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the beginning.
    Run,
    /// On from where it stopped.
    Resume,
    /// Backwards.
    Rollback,
}

/// Takes the lock and says so when it was left behind by somebody dead.
///
/// # Errors
/// When somebody else holds it.
pub async fn lock(session: &Session, installation: &Installation, doing: &str) -> Result<Acquired> {
    let acquired = installation.lock(session.holder(doing)).await?;
    if let Some(stale) = &acquired.stale {
        session.context.say(format!("note: took over the lock of {stale}: that process is no longer there"));
    }
    Ok(acquired)
}

/// Carries out an approved plan, with the lock held.
///
/// # Errors
/// When the run cannot be recorded.
pub async fn begin(session: &Session, installation: &Installation, mut lock: Acquired, planned: Planned) -> Result {
    let Planned { deployment, artifacts, plan } = planned;
    let mut random = [0; 2];
    getrandom::fill(&mut random).map_err(|error| CommandError::new(Exit::Failed, error.to_string()))?;
    let id = installation.new_run_id(random).await?;
    let files: BTreeMap<_, _> =
        artifacts.iter().map(|(path, artifact)| (path.clone(), Bytes::from(artifact.text.clone()))).collect();
    let new = NewRun {
        id,
        argv: std::env::args().collect(),
        parent: None,
        plan,
        deployment: serde_yaml::to_string(&deployment)
            .map_err(|error| CommandError::from_error(Exit::Bug, &error))?,
        artifacts: files,
    };
    let mut journal = installation.begin(new, &mut lock.guard).await?;
    let exit = carry(&session.context, &mut journal, deployment, artifacts, Way::Run, &session.context.user()).await;
    lock.guard.release().await?;
    exit
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
    let deployment: Deployment = serde_yaml::from_slice(&installation.deployment(id).await?)
        .map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
    let mut artifacts = Artifacts::default();
    for (path, text) in installation.artifacts(id).await? {
        artifacts.add(path, String::from_utf8_lossy(&text).into_owned());
    }
    let mut journal = installation.open(id, &mut lock.guard).await?;
    let user = session.context.user();
    let exit = carry(&session.context, &mut journal, deployment, artifacts, way, &user).await;
    lock.guard.release().await?;
    exit
}

async fn carry(
    context: &Context,
    journal: &mut Journal,
    deployment: Deployment,
    artifacts: Artifacts,
    way: Way,
    by: &str,
) -> Result {
    let (events, receiver) = Events::channel(1024);
    let header = Header::new(journal.id(), journal.plan());
    let display = Display::open(context, &header)?;
    let shown = tokio::spawn(display.follow(receiver));
    let cancel = Cancel::new();
    let listening = tokio::spawn(listen(context.clone(), cancel.clone()));
    let id = journal.id().clone();
    let url = deployment.parts.values().map(|part| part.url.clone()).find(|url| !url.is_empty());
    let performer = Arc::new(Performer::new(context.world()?, deployment, artifacts, id.as_str()));
    let engine = Engine::default();
    let outcome = match way {
        Way::Run => engine.run(journal, performer, &events, &cancel).await,
        Way::Resume => engine.resume(journal, performer, &events, &cancel, by).await,
        Way::Rollback => engine.rollback(journal, performer, &events, &cancel, by).await,
    };
    drop(events);
    listening.abort();
    let _ = shown.await;
    conclude(context, &id, way, outcome, url.as_deref(), journal)
}

/// Listens for interrupts: the first stops between steps, the second stops what runs.
async fn listen(context: Context, cancel: Cancel) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
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

/// Says what state the world is in and turns the outcome into an exit code.
fn conclude(
    context: &Context,
    id: &RunId,
    way: Way,
    outcome: std::result::Result<Outcome, RunError>,
    url: Option<&str>,
    journal: &Journal,
) -> Result {
    let purpose = journal.plan().purpose;
    let release = &journal.plan().release;
    let show = format!("landfall runs show {id}");
    let (exit, status, message, because) = match outcome? {
        Outcome::Succeeded => {
            let message = match (purpose.verb(), url) {
                ("up" | "start", Some(url)) => format!("{release} is up at {url}"),
                ("stop", _) => format!("{release} is stopped; `landfall start` starts it again"),
                ("destroy", _) => format!("{release} is removed"),
                (verb, _) => format!("{release}: {verb} is done"),
            };
            (Exit::Done, "succeeded", message, None)
        }
        Outcome::FailedClean { because } => (Exit::Failed, "failed", "nothing was changed".to_owned(), Some(because)),
        Outcome::RolledBack { because } => {
            let asked = way == Way::Rollback;
            let exit = if asked { Exit::Done } else { Exit::RolledBack };
            (exit, "rolled-back", "everything that was done is taken back".to_owned(), Some(because).filter(|_| !asked))
        }
        Outcome::Stuck { step, because } => {
            let message = format!("stopped half-way at `{step}`: it cannot be taken back without you");
            (Exit::Stuck, "stuck", message, Some(because))
        }
        Outcome::Interrupted => {
            let message = "interrupted; what was done stays. Go on with `landfall resume`, or take it back with \
                           `landfall rollback`";
            (Exit::Interrupted, "interrupted", message.to_owned(), None)
        }
    };
    if context.json() {
        let value = serde_json::json!({
            "run": id, "purpose": purpose.verb(), "status": status, "message": message, "error": because,
            "url": url, "exit_code": exit as u8,
        });
        context.show(&value, String::new);
    }
    if let Some(because) = because {
        context.say(format!("error: {because}"));
        context.say(format!("hint: everything that was recorded: {show}"));
    }
    context.say(message);
    Ok(exit)
}
