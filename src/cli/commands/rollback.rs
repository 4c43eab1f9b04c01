//! `landfall rollback`

use std::collections::BTreeMap;

use clap::Args;

use super::up::{approve_and_begin, not_installed, ready};
use super::upgrade::{same_places, version};
use crate::cli::context::Context;
use crate::cli::edits::EditArgs;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{Way, lock, recorded, take_up};
use crate::cli::exit::Exit;
use crate::cli::saved::Upgraded;
use crate::cli::session::{Aim, Session, installed_deployment};
use crate::drivers::{DataMove, Edits, Saved, Stage, Work};
use crate::journal::{Installation, RecordedRun, RunId};
use crate::plan::Purpose;
use crate::product::Version;
use crate::run::Direction;

/// Options of `rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The run to take back, or the beginning of its id; the unfinished one, else the last that installed.
    #[arg(value_name = "RUN", conflicts_with = "to")]
    pub run: Option<String>,
    /// Go back to what was installed with this version.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub to: Option<Version>,
    /// Put data back as it was saved before the upgrade; WHAT USERS WROTE SINCE IS LOST.
    #[arg(long)]
    pub discard_writes: bool,
    /// Decisions about files that were changed by hand.
    #[command(flatten)]
    pub edits: EditArgs,
}

/// Takes the unfinished run back, or goes back to what an earlier run had installed.
pub async fn run(context: &Context, args: &RollbackArgs) -> Result {
    let to = args.to.as_ref();
    let mut session = Session::open(context)?;
    session.decisions = args.edits.decisions(None);
    let installation = session.installation()?;
    // Whoever is at work is told, or waited for, first: there is nothing to take back while he goes on.
    if installation.lock_holder().await?.is_some() {
        lock(&session, &installation, "rollback")
            .await?
            .guard
            .release()
            .await?;
    }
    let history = installation.history().await?;
    let given = match &args.run {
        Some(prefix) => Some(installation.find(prefix).await?),
        None => None,
    };
    let unfinished = history
        .unfinished
        .clone()
        .filter(|run| given.as_ref().is_none_or(|given| given == run));
    if let Some(run) = unfinished.filter(|_| to.is_none()) {
        let direction = Direction::Back {
            discard_writes: args.discard_writes,
        };
        if args.discard_writes {
            context.say(format!(
                "data goes back to what was saved before run {run}; WHAT USERS WROTE SINCE IS LOST"
            ));
            context.approve("Go back and lose it?")?;
        }
        let lock = lock(&session, &installation, "rollback").await?;
        context.say(format!("rollback of run {run}"));
        return take_up(&session, &installation, &run, Way::TakeUp(direction), lock).await;
    }
    ready(&history)?;
    let from = installed_deployment(&history)?.ok_or_else(not_installed)?;
    let way = way_back(&installation, given.as_ref(), to, &from.version).await?;
    let data = way.data(args.discard_writes, &from.version)?;
    let Work {
        mut deployment,
        artifacts,
    } = recorded(&installation, &way.target.about.id).await?;
    // A license is of no release: the one in force stays.
    deployment.take_licenses(&from);
    same_places(&from, &deployment)?;
    context.say(format!(
        "back from {} to {}, as run {} had installed it",
        from.version, deployment.version, way.target.about.id
    ));
    let aim = Aim::Over {
        purpose: Purpose::Rollback,
        from: Box::new(from),
        stages: vec![Stage {
            deployment,
            artifacts,
            data,
            edits: Edits::default(),
        }],
    };
    approve_and_begin(&session, &installation, &history, aim, None).await
}

/// What lies between what is installed and what was.
struct WayBack {
    /// The run whose work comes back.
    target: RecordedRun,
    /// The runs since then that migrated data, the oldest first.
    migrated: Vec<Upgraded>,
}

/// Finds the run whose work should come back: the newest before the last, or with the version that is asked for.
async fn way_back(
    installation: &Installation,
    given: Option<&RunId>,
    to: Option<&Version>,
    installed: &Version,
) -> Result<WayBack> {
    let mut migrated = Vec::new();
    let mut last = None;
    for id in installation.runs().await?.into_iter().rev() {
        let Some(about) = installation.begun(&id).await? else {
            continue;
        };
        // A license is not gone back from: the one before may have ended.
        if !about.purpose.installs() || about.purpose == Purpose::RotateLicense {
            continue;
        }
        let run = installation.read(&id).await?;
        if run.state.finish() != Some(&crate::journal::Finish::Succeeded) {
            continue;
        }
        if about.purpose == Purpose::Destroy {
            break;
        }
        let Some(newest) = &last else {
            not_the_last(given, &id)?;
            if to.is_none() && about.purpose == Purpose::Rollback {
                let message = format!("run {id} was a rollback itself");
                return Err(CommandError::new(Exit::Input, message).hint(
                    "go forwards again with `landfall upgrade`, or further back with `landfall rollback --to VERSION`",
                ));
            }
            if to.is_none() && about.purpose == Purpose::Restore {
                let message = format!("run {id} brought a backup back, which is no step to another release");
                return Err(CommandError::new(Exit::Input, message).hint(
                    "restore another backup, or go back to a version with `landfall rollback --to VERSION`",
                ));
            }
            last = Some(id);
            migrated.extend(Upgraded::of(installation, run).await?);
            continue;
        };
        let deployment = recorded(installation, &id).await?.deployment;
        let fits = match to {
            Some(version) => deployment.version == *version,
            None => id != *newest,
        };
        if fits {
            if deployment.version > *installed {
                let message = format!("{} is newer than {installed}", deployment.version);
                return Err(CommandError::new(Exit::Input, message).hint(format!(
                    "go there with `landfall upgrade --to {}`",
                    deployment.version
                )));
            }
            migrated.reverse();
            return Ok(WayBack {
                target: run,
                migrated,
            });
        }
        migrated.extend(Upgraded::of(installation, run).await?);
    }
    let message = match to {
        Some(version) => format!("no run before the last installed {version}"),
        None => "nothing was installed before: there is nothing to go back to".to_owned(),
    };
    Err(CommandError::new(Exit::Input, message).hint("see `landfall runs list`"))
}

/// Refuses to take a run out of the middle.
fn not_the_last(given: Option<&RunId>, last: &RunId) -> Result<()> {
    match given {
        Some(given) if given != last => {
            let message = format!("run {given} is not the last that installed: {last} is");
            Err(CommandError::new(Exit::Input, message)
                .hint("go back to a version with `landfall rollback --to VERSION`"))
        }
        _ => Ok(()),
    }
}

impl WayBack {
    /// Decides what becomes of the data: it stays where that was promised, or is put back where a person says so.
    fn data(&self, discard: bool, installed: &Version) -> Result<DataMove> {
        let mut changes = self.migrated.iter().flat_map(|run| &run.changes);
        // A run promises for the one change that it made; two runs made two.
        let promised = self.migrated.len() <= 1 && changes.all(|change| change.keeps);
        if !discard {
            return if promised {
                Ok(DataMove::Keep)
            } else {
                Err(self.refused(installed))
            };
        }
        let Some(first) = self.migrated.first() else {
            return Err(CommandError::new(
                Exit::Input,
                "nothing was migrated since, so there is nothing to put back",
            )
            .hint("leave --discard-writes out"));
        };
        // What was saved first is what was there before all of it.
        let mut saved = BTreeMap::new();
        for change in self.migrated.iter().flat_map(|run| &run.changes) {
            for (service, found) in &change.saved {
                saved.entry(service.clone()).or_insert_with(|| found.clone());
            }
        }
        if saved.is_empty() {
            let message = format!("run {} saved no database that could be put back", first.run);
            return Err(CommandError::new(Exit::Stuck, message).hint("restore a backup of your own"));
        }
        // What a cluster or a program of the customer's has is looked for by whoever puts it back.
        let gone = saved.values().find_map(|saved| match saved {
            Saved::File(file) => Some(file).filter(|file| !file.exists()),
            Saved::Job { .. } => None,
        });
        if let Some(gone) = gone {
            return Err(CommandError::new(
                Exit::Stuck,
                format!("what was saved before the upgrade is gone: {gone}"),
            )
            .hint("restore a backup with `landfall restore`"));
        }
        Ok(DataMove::PutBack(saved))
    }

    fn refused(&self, installed: &Version) -> CommandError {
        let since = self.migrated.first().map(|run| run.started);
        let since = since.map_or_else(String::new, |since| format!(" since {since}"));
        CommandError::new(
            Exit::Stuck,
            format!(
                "users may have written to {installed}{since}, and the old version does not work on its data"
            ),
        )
        .hint(
            "put data back as it was saved before the upgrade, and lose what was written: \
             `landfall rollback --discard-writes`",
        )
        .hint("keep what was written and go forwards: `landfall upgrade --to VERSION`")
    }
}
