//! `landfall prune`

use std::collections::BTreeSet;

use clap::Args;

use super::plan::describe;
use super::up::{not_installed, ready};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{begin, lock, recorded};
use crate::cli::exit::Exit;
use crate::cli::session::{Planned, Session, installed_deployment};
use crate::deployment::Deployment;
use crate::drivers::{self, Keeping};
use crate::journal::{Finish, History, Installation};
use crate::plan::Purpose;
use crate::render::Artifacts;

/// Options of `prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    /// How many releases stay: the installed one, and those before it that `rollback` may need.
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u8).range(1..))]
    pub keep: u8,
    /// Show what would be removed, and remove nothing.
    #[arg(long)]
    pub dry_run: bool,
}

/// Removes what nobody needs any more.
pub async fn run(context: &Context, args: &PruneArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let planned = plan(&session, &installation, &history, args).await?;
    if planned.plan.steps.is_empty() {
        context.say("nothing to prune: everything that is kept is needed");
        return Ok(Exit::Done);
    }
    if args.dry_run {
        context.show(&planned.plan, || describe(&planned.plan));
        return Ok(Exit::Done);
    }
    context.say(describe(&planned.plan).trim_end());
    context.approve("Remove this for good?")?;
    let lock = lock(&session, &installation, "prune").await?;
    let history = installation.history().await?;
    ready(&history)?;
    let again = plan(&session, &installation, &history, args).await?;
    if again.plan.hash != planned.plan.hash {
        let error = CommandError::new(
            Exit::Input,
            "the installation changed meanwhile, so nothing was done",
        );
        return Err(error.hint("look again with `landfall prune --dry-run`"));
    }
    begin(&session, &installation, lock, again).await
}

async fn plan(
    session: &Session,
    installation: &Installation,
    history: &History,
    args: &PruneArgs,
) -> Result<Planned> {
    let deployment = installed_deployment(history)?.ok_or_else(not_installed)?;
    let mut keeping = keeping(installation, history, usize::from(args.keep)).await?;
    keeping.cache = Some(session.context.cache().join("images"));
    let artifacts = match &history.installed {
        Some(installed) => recorded(installation, &installed.run).await?.artifacts,
        None => Artifacts::default(),
    };
    let leftovers = drivers::leftovers(&deployment, &keeping)?;
    let plan = drivers::plan_prune(&deployment, &artifacts, &leftovers)?;
    Ok(Planned {
        deployment,
        artifacts,
        stages: Vec::new(),
        plan,
    })
}

/// Reads from the runs what going back may need: the last `count` versions that were installed.
async fn keeping(installation: &Installation, history: &History, count: usize) -> Result<Keeping> {
    let mut keeping = Keeping::default();
    let runs = history.installed.iter().map(|installed| &installed.run);
    let last = history.last.iter().map(|last| &last.about.id);
    keeping.runs = runs.chain(last).map(ToString::to_string).collect();
    let mut newest = true;
    for id in installation.runs().await?.into_iter().rev() {
        let Some(about) = installation.begun(&id).await? else {
            continue;
        };
        if !about.purpose.installs()
            || installation.read(&id).await?.state.finish() != Some(&Finish::Succeeded)
        {
            continue;
        }
        if about.purpose == Purpose::Destroy {
            break;
        }
        if about.purpose != Purpose::RotateLicense && std::mem::take(&mut newest) {
            keeping.rolled_back = about.purpose == Purpose::Rollback;
        }
        let deployment = Deployment::from_yaml(&installation.deployment(&id).await?)
            .map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
        if keeping.versions.len() == count && !keeping.versions.contains(deployment.version.as_str()) {
            break;
        }
        keeping.images.extend(images(&deployment));
        keeping.versions.insert(deployment.version.to_string());
    }
    Ok(keeping)
}

fn images(deployment: &Deployment) -> BTreeSet<crate::oci::Digest> {
    let components = deployment.parts.values().flat_map(|part| &part.components);
    components.map(|component| component.image.digest).collect()
}
