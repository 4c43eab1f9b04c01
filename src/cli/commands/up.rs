//! `landfall up`, `landfall stop`, `landfall start`

use camino::Utf8PathBuf;
use clap::Args;

use super::plan::{describe, load, same_version};
use crate::cli::context::Context;
use crate::cli::edits::{EditArgs, lines};
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{begin, lock};
use crate::cli::exit::Exit;
use crate::cli::licenses::mind;
use crate::cli::session::{Aim, Planned, Session, installed_deployment};
use crate::deployment::Deployment;
use crate::doctor::{Level, is_clear};
use crate::drivers::Intent;
use crate::journal::{History, Installation, RunId, RunStatus};
use crate::plan::{Plan, Purpose};
use crate::product::Version;

/// Options of `up`.
#[derive(Debug, Args)]
pub struct UpArgs {
    /// Apply exactly this saved plan, or refuse.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<Utf8PathBuf>,
    /// Decisions about files that were changed by hand.
    #[command(flatten)]
    pub edits: EditArgs,
}

/// Options of `stop` and `start`.
#[derive(Debug, Args)]
pub struct LifecycleArgs {
    /// Decisions about files and objects that were changed by hand.
    #[command(flatten)]
    pub edits: EditArgs,
}

/// Brings the product up.
pub async fn run(context: &Context, args: &UpArgs) -> Result {
    let saved = args.plan.as_ref().map(load).transpose()?;
    let mut session = Session::open(context)?;
    session.decisions = args.edits.decisions(saved.as_ref());
    let deployment = session.deployment()?;
    if deployment.parts.values().all(|part| part.target.is_none()) {
        return hosted(context, &deployment);
    }
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let deployment = session.keep_release(deployment, &history)?;
    same_version(&deployment, &history)?;
    let intent = Intent {
        purpose: Purpose::Up,
        data: false,
    };
    let aim = Aim::Here(intent, Box::new(deployment));
    approve_and_begin(&session, &installation, &history, aim, saved).await
}

/// Stops what runs.
pub async fn stop(context: &Context, args: &LifecycleArgs) -> Result {
    lifecycle(context, args, Purpose::Stop).await
}

/// Starts what was stopped.
pub async fn start(context: &Context, args: &LifecycleArgs) -> Result {
    lifecycle(context, args, Purpose::Start).await
}

async fn lifecycle(context: &Context, args: &LifecycleArgs, purpose: Purpose) -> Result {
    let mut session = Session::open(context)?;
    session.decisions = args.edits.decisions(None);
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let deployment = installed_deployment(&history)?.ok_or_else(not_installed)?;
    let aim = Aim::Here(Intent { purpose, data: false }, Box::new(deployment));
    approve_and_begin(&session, &installation, &history, aim, None).await
}

/// Says that nothing is installed.
pub fn not_installed() -> CommandError {
    CommandError::new(Exit::Input, "nothing is installed here")
        .hint("bring the product up with `landfall up`")
}

/// The vendor's own service has nothing to place.
fn hosted(context: &Context, deployment: &Deployment) -> Result {
    let url = deployment
        .parts
        .values()
        .map(|part| part.url.as_str())
        .next()
        .unwrap_or_default();
    context.say(format!(
        "{} runs as the vendor's own service; nothing is placed here: {url}",
        deployment.title
    ));
    Ok(Exit::Done)
}

/// Refuses to begin while a run is half-way or stuck, or after a newer Landfall was at work.
pub fn ready(history: &History) -> Result<()> {
    finished(history)?;
    let ours: Option<Version> = env!("CARGO_PKG_VERSION").parse().ok();
    let theirs: Option<Version> = history
        .last
        .as_ref()
        .and_then(|last| last.about.landfall.parse().ok());
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if theirs > ours => Err(CommandError::new(
            Exit::Input,
            format!("landfall {theirs} was at work on this installation, and this is the older {ours}"),
        )
        .hint(format!("use landfall {theirs} or newer"))),
        _ => Ok(()),
    }
}

/// Refuses to begin while a run is half-way or stuck.
fn finished(history: &History) -> Result<()> {
    let Some(run) = &history.unfinished else {
        return Ok(());
    };
    let stuck = history
        .last
        .as_ref()
        .is_some_and(|last| matches!(last.status, RunStatus::Stuck { .. }));
    if stuck {
        return Err(
            CommandError::new(Exit::Stuck, format!("run {run} is stuck and needs you"))
                .hint("`landfall runs show` says why and names the ways on")
                .hint("once the cause is mended: `landfall resume` takes back, `landfall resume --forward` goes on"),
        );
    }
    Err(
        CommandError::new(Exit::Interrupted, format!("run {run} stopped half-way"))
            .hint("go on with `landfall resume`, or take it back with `landfall rollback`"),
    )
}

/// Plans, shows, asks, locks, looks again and begins.
pub async fn approve_and_begin(
    session: &Session,
    installation: &Installation,
    history: &History,
    aim: Aim,
    saved: Option<Plan>,
) -> Result {
    let context = &session.context;
    // Whoever is at work is told, or waited for, first: what he is changing would be taken for what is wrong.
    let waited = wait_for_others(session, installation, aim.purpose()).await?;
    let begun_with = history;
    let history = waited.as_ref().unwrap_or(history);
    still_meant(&aim, begun_with, history)?;
    let planned = match session.plan(&aim, history).await {
        Ok(planned) => planned,
        Err(error) => {
            unseen(session, &aim, history, &error).await?;
            return Err(error);
        }
    };
    if let Some(saved) = &saved {
        unchanged(saved, &planned.plan)?;
    }
    if aim.purpose() == Purpose::Up && history.installed.is_some() {
        mind(session, &planned)?;
    }
    if planned.plan.steps.is_empty() {
        return nothing_to_do(context, &planned);
    }
    match aim.purpose() {
        Purpose::Up if history.installed.is_none() => preflight(session, &planned.deployment, true).await?,
        Purpose::Upgrade => preflight(session, &planned.deployment, false).await?,
        _ => {}
    }
    if !context.json() {
        context.say(describe(&planned.plan).trim_end());
    }
    // A saved plan was approved when it was handed over; anything else is approved now.
    if saved.is_none() {
        context.approve("Carry this out?")?;
    }
    let lock = lock(session, installation, aim.purpose().verb()).await?;
    let now = installation.history().await?;
    ready(&now)?;
    still_meant(&aim, begun_with, &now)?;
    // Who is asked takes his time. Where nobody was, and no run came between, what was just seen holds.
    let is_asked = saved.is_none() && !context.global.yes;
    if !is_asked && last_run(&now) == last_run(history) {
        return begin(session, installation, lock, planned).await;
    }
    let again = session.plan(&aim, &now).await?;
    // Whoever was waited for may have done it; a saved plan is applied exactly or refused.
    if again.plan.steps.is_empty() && saved.is_none() {
        lock.guard.release().await?;
        return nothing_to_do(context, &again);
    }
    unchanged(&planned.plan, &again.plan)?;
    begin(session, installation, lock, again).await
}

/// Names the last run and how it stands.
fn last_run(history: &History) -> Option<(&RunId, &RunStatus)> {
    history.last.as_ref().map(|last| (&last.about.id, &last.status))
}

/// Refuses what was meant for something else than what another operator has installed meanwhile.
fn still_meant(aim: &Aim, meant: &History, now: &History) -> Result<()> {
    let run = |history: &History| history.installed.as_ref().map(|installed| installed.run.clone());
    if run(meant) == run(now) {
        return Ok(());
    }
    match aim {
        // Two who bring the same up agree.
        Aim::Here(intent, deployment) if intent.purpose == Purpose::Up => same_version(deployment, now),
        _ => Err(CommandError::new(
            Exit::Input,
            "another operator has changed what is installed meanwhile, so nothing was done",
        )
        .hint("look at it with `landfall status`, then say again what you want")),
    }
}

/// Waits for another operator as long as he may be waited for, and reads the history that he leaves.
async fn wait_for_others(
    session: &Session,
    installation: &Installation,
    purpose: Purpose,
) -> Result<Option<History>> {
    if installation.lock_holder().await?.is_none() {
        return Ok(None);
    }
    let lock = lock(session, installation, purpose.verb()).await?;
    lock.guard.release().await?;
    let history = installation.history().await?;
    ready(&history)?;
    Ok(Some(history))
}

/// Checks the ground before the first `up` and before an upgrade; a blocker ends it.
async fn preflight(session: &Session, deployment: &Deployment, fresh: bool) -> Result<()> {
    let findings = super::doctor::look(session, deployment, fresh).await?;
    let notable: Vec<_> = findings
        .into_iter()
        .filter(|finding| finding.level != Level::Ok)
        .collect();
    if !notable.is_empty() {
        session.context.say(super::doctor::describe(&notable).trim_end());
    }
    if is_clear(&notable) {
        return Ok(());
    }
    let error = CommandError::new(Exit::Blocked, "the ground is not ready, so nothing was done");
    Err(error.hint("mend what blocks; `landfall doctor` looks again"))
}

/// Checks the ground when it could not even be looked at: the doctor names what is in the way, all of it at once.
async fn unseen(session: &Session, aim: &Aim, history: &History, error: &CommandError) -> Result<()> {
    match aim {
        Aim::Here(intent, deployment)
            if intent.purpose == Purpose::Up && history.installed.is_none() && error.exit == Exit::Failed =>
        {
            preflight(session, deployment, true).await
        }
        _ => Ok(()),
    }
}

fn nothing_to_do(context: &Context, planned: &Planned) -> Result {
    let url = planned
        .deployment
        .parts
        .values()
        .map(|part| part.url.as_str())
        .next()
        .unwrap_or_default();
    let value = serde_json::json!({
        "status": "nothing-to-do", "plan": planned.plan.hash, "url": url, "exit_code": 0,
    });
    if context.json() {
        context.show(&value, String::new);
    }
    let place = if planned.plan.purpose == Purpose::Stop {
        String::new()
    } else {
        format!(" at {url}")
    };
    lines(&planned.plan.observed)
        .iter()
        .for_each(|line| context.say(line));
    context.say(match planned.plan.purpose {
        Purpose::RotateLicense => {
            "nothing to do: the license that the answers lead to is in force".to_owned()
        }
        _ => format!(
            "nothing to do: {} is as it should be{place}",
            planned.plan.release
        ),
    });
    Ok(Exit::Done)
}

/// Refuses a plan that no longer fits, and says what it rested on that has changed.
fn unchanged(approved: &Plan, now: &Plan) -> Result<()> {
    if approved.hash == now.hash {
        return Ok(());
    }
    let mut changed = Vec::new();
    if approved.purpose != now.purpose {
        changed.push(format!("it is for `{}`", approved.purpose.verb()));
    }
    if approved.deployment != now.deployment {
        changed.push("the answers, the release or the product definition".to_owned());
    }
    if approved.artifacts != now.artifacts {
        changed.push("what is rendered".to_owned());
    }
    changed.extend(differences(&approved.observed, &now.observed, ""));
    let mut error = CommandError::new(
        Exit::Input,
        "the approved plan no longer fits, so nothing was done",
    );
    error
        .causes
        .push(format!("changed since: {}", changed.join(", ")));
    Err(error.hint("look at a new one with `landfall plan`"))
}

/// Lists the places at which two observations differ.
fn differences(before: &serde_json::Value, now: &serde_json::Value, path: &str) -> Vec<String> {
    match (before.as_object(), now.as_object()) {
        (Some(before), Some(now)) => {
            let keys: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
            let null = serde_json::Value::Null;
            let of = |key: &String| {
                let place = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                differences(
                    before.get(key).unwrap_or(&null),
                    now.get(key).unwrap_or(&null),
                    &place,
                )
            };
            keys.into_iter().flat_map(of).collect()
        }
        _ if before == now => Vec::new(),
        _ => vec![format!("{path} (was {before}, is {now})")],
    }
}
