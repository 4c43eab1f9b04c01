//! Carrying a plan out, with displays fed by its events.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;

use bytes::Bytes;

use super::context::Context;
use super::error::{CommandError, Result};
use super::exit::Exit;
use super::progress::{Bars, Display, EventStream, Json, Lines, show};
use super::session::{Planned, Session};
use crate::deployment::Deployment;
use crate::drivers::{self, Performer};
use crate::journal::{Acquired, Installation, Journal, NewRun, RunId};
use crate::plan::Purpose;
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
        session.context.say(format!(
            "note: took over the lock of {stale}: that process is no longer there"
        ));
    }
    Ok(acquired)
}

/// Carries out an approved plan, with the lock held.
///
/// # Errors
/// When the run cannot be recorded.
pub async fn begin(
    session: &Session,
    installation: &Installation,
    mut lock: Acquired,
    planned: Planned,
) -> Result {
    let Planned {
        deployment,
        artifacts,
        plan,
    } = planned;
    let mut random = [0; 2];
    getrandom::fill(&mut random).map_err(|error| CommandError::new(Exit::Failed, error.to_string()))?;
    let id = installation.new_run_id(random).await?;
    let files: BTreeMap<_, _> = artifacts
        .iter()
        .map(|(path, artifact)| (path.clone(), Bytes::from(artifact.text.clone())))
        .collect();
    let new = NewRun {
        id,
        argv: std::env::args().collect(),
        parent: None,
        plan,
        deployment: deployment.to_yaml(),
        artifacts: files,
    };
    let mut journal = installation.begin(new, &mut lock.guard).await?;
    let exit = carry(
        &session.context,
        &mut journal,
        deployment,
        artifacts,
        Way::Run,
        &session.context.user(),
    )
    .await;
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
    let deployment = Deployment::from_yaml(&installation.deployment(id).await?)
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
    let displays = displays(context)?;
    let shown = tokio::spawn(async move { show(receiver, &header, displays).await });
    let cancel = Cancel::new();
    let listening = tokio::spawn(listen(context.clone(), cancel.clone()));
    let id = journal.id().clone();
    let brings_up = matches!(journal.plan().purpose, Purpose::Up | Purpose::Start);
    let url = deployment
        .parts
        .values()
        .map(|part| part.url.clone())
        .find(|url| !url.is_empty());
    let performer = Arc::new(Performer::new(
        context.world()?,
        deployment.clone(),
        artifacts,
        id.as_str(),
    ));
    let engine = Engine::default();
    let outcome = match way {
        Way::Run => engine.run(journal, performer, &events, &cancel).await,
        Way::Resume => engine.resume(journal, performer, &events, &cancel, by).await,
        Way::Rollback => engine.rollback(journal, performer, &events, &cancel, by).await,
    };
    drop(events);
    listening.abort();
    if let Ok(Err(error)) = shown.await {
        context.say(format!("note: the run could not be shown to its end: {error}"));
    }
    let exit = conclude(context, way, outcome, url.as_deref().filter(|_| brings_up))?;
    if exit == Exit::Done && brings_up {
        show_tokens(context, &deployment)?;
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
fn show_tokens(context: &Context, deployment: &Deployment) -> Result<()> {
    for (name, token) in drivers::take_tokens(deployment)? {
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
        Outcome::RolledBack { .. } if way == Way::Rollback => Exit::Done,
        Outcome::FailedClean { .. } => Exit::Failed,
        Outcome::RolledBack { .. } => Exit::RolledBack,
        Outcome::Stuck { .. } => Exit::Stuck,
        Outcome::Interrupted => Exit::Interrupted,
    };
    match url {
        Some(url) if exit == Exit::Done && way != Way::Rollback => {
            context.say(format!("it answers at {url}"));
        }
        _ => {}
    }
    Ok(exit)
}
