//! `landfall upgrade`

use std::ops::Bound;

use camino::Utf8PathBuf;
use clap::Args;

use super::plan::load;
use super::up::{approve_and_begin, not_installed, ready};
use crate::cli::context::Context;
use crate::cli::defaults::{DefaultArgs, settle};
use crate::cli::edits::EditArgs;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Aim, Session, installed_deployment, installed_version};
use crate::deployment::Deployment;
use crate::drivers::{self, DataMove, Edits, Stage};
use crate::journal::History;
use crate::plan::Purpose;
use crate::product::{BadVersion, Release, Releases, Version, path};

/// Options of `upgrade`.
#[derive(Debug, Args)]
pub struct UpgradeArgs {
    /// The release to go to; the newest that is no pre-release unless given.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub to: Option<Version>,
    /// Only try it out: beside what runs, on a copy of the data, and remove the copy.
    #[arg(long, conflicts_with = "plan")]
    pub rehearse: bool,
    /// Apply exactly this saved plan, or refuse; made with `landfall plan --to VERSION --out FILE`.
    #[arg(long, value_name = "FILE")]
    pub plan: Option<Utf8PathBuf>,
    /// Decisions about files that were changed by hand.
    #[command(flatten)]
    pub edits: EditArgs,
    /// Decisions about defaults that change.
    #[command(flatten)]
    pub defaults: DefaultArgs,
}

/// Reads a version of the command line.
pub fn version(text: &str) -> std::result::Result<Version, BadVersion> {
    text.parse()
}

/// Goes to another release, over those that may not be skipped, as one transaction.
pub async fn run(context: &Context, args: &UpgradeArgs) -> Result {
    let saved = args.plan.as_ref().map(load).transpose()?;
    let mut session = Session::open(context)?;
    session.decisions = args.edits.decisions(saved.as_ref());
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    // Whoever approved a saved plan was told of them.
    let decided = saved.is_some() || args.rehearse;
    if aim(&session, &history, args.to.as_ref())?.is_some() {
        settle(&mut session, &history, &args.defaults, !decided)?;
    }
    match aim(&session, &history, args.to.as_ref())? {
        Some(Aim::Over { from, stages, .. }) if args.rehearse => {
            super::rehearse::run(&session, &installation, &from, &stages).await
        }
        Some(aim) => approve_and_begin(&session, &installation, &history, aim, saved).await,
        None => {
            // A crash may have come between the end of the run and the note.
            if let Some(installed) = installed_version(&history).and_then(|version| version.parse().ok()) {
                session.note_release(&installed);
            }
            let value = serde_json::json!({ "status": "nothing-to-do", "exit_code": 0 });
            if context.json() {
                context.show(&value, String::new);
            }
            context.say("nothing to do: that release is installed");
            Ok(Exit::Done)
        }
    }
}

/// Finds the way from what is installed to a release; none when it is installed.
///
/// # Errors
/// When nothing is installed, or there is no allowed way.
pub fn aim(session: &Session, history: &History, to: Option<&Version>) -> Result<Option<Aim>> {
    let from = installed_deployment(history)?.ok_or_else(not_installed)?;
    let entry = session.product()?;
    let releases = entry.releases()?;
    let to = to.cloned().or_else(|| newest(&releases)).ok_or_else(|| {
        CommandError::new(Exit::Input, "no release of the product is known")
            .hint("bring one with `landfall release add`")
    })?;
    let hops = path(entry.product(), &releases, &from.version, &to)?;
    if hops.is_empty() {
        return Ok(None);
    }
    let stages = stages(session, &releases, &from, &hops)?;
    Ok(Some(Aim::Over {
        purpose: Purpose::Upgrade,
        from: Box::new(from),
        stages,
    }))
}

fn newest(releases: &Releases) -> Option<Version> {
    let stable = releases.keys().rev().find(|version| !version.is_prerelease());
    stable.or_else(|| releases.keys().next_back()).cloned()
}

/// Decides and renders every release on the way.
fn stages(session: &Session, releases: &Releases, from: &Deployment, hops: &[Version]) -> Result<Vec<Stage>> {
    let mut deployments = Vec::new();
    for version in hops {
        let deployment = session.deployment_of(Some(version))?;
        same_places(from, &deployment)?;
        deployments.push(deployment);
    }
    let back = hops.last().is_some_and(|to| *to < from.version);
    // What a release in between would have changed, the next one changes too: nothing is skipped by skipping it.
    let changed = |before: &Version, to: &Version| -> Vec<&Release> {
        let between = releases.range((Bound::Excluded(before), Bound::Included(to)));
        let between = between.map(|(_, (release, _))| release);
        between
            .filter(|release| release.migrations.changes_schema)
            .collect()
    };
    let all = match hops.last() {
        Some(to) if !back => changed(&from.version, to),
        _ => Vec::new(),
    };
    let mut stages = Vec::new();
    let mut before = from.version.clone();
    for deployment in deployments {
        let data = if back || changed(&before, &deployment.version).is_empty() {
            DataMove::Keep
        } else {
            // A promise reaches one change back: over two nothing is promised.
            let keeps = matches!(all.as_slice(), [one] if one.migrations.old_version_works);
            let or_keep = keeps.then(|| {
                format!(
                    "{before} works on the schema of {}, so what users wrote stays",
                    deployment.version
                )
            });
            DataMove::Migrate { or_keep }
        };
        before = deployment.version.clone();
        let artifacts = drivers::render(&deployment)?;
        stages.push(Stage {
            deployment,
            artifacts,
            data,
            edits: Edits::default(),
        });
    }
    Ok(stages)
}

/// Refuses to move an installation while it goes to another release.
pub fn same_places(from: &Deployment, to: &Deployment) -> Result<()> {
    let places = |deployment: &Deployment| -> Vec<_> {
        let place = |part: &crate::deployment::Part| {
            (part.name.clone(), part.target, part.options.get("root").cloned())
        };
        deployment.parts.values().map(place).collect()
    };
    if from.name == to.name && places(from) == places(to) {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Input,
        "the answers name other parts, targets or folders than what is installed",
    )
    .hint("bring them back to what is installed; a release cannot be changed and moved at once"))
}
