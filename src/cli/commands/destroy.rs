//! `landfall destroy`

use clap::Args;

use super::plan::describe;
use super::rehearse;
use super::up::{not_installed, ready};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{begin, lock};
use crate::cli::exit::Exit;
use crate::cli::session::{Aim, Session, installed_deployment};
use crate::drivers::Intent;
use crate::plan::Purpose;

/// Options of `destroy`.
#[derive(Debug, Args)]
pub struct DestroyArgs {
    /// Remove the data too: databases, objects and the secrets that open them. It cannot be taken back.
    #[arg(long)]
    pub data: bool,
    /// The installation's name, typed out, instead of being asked for it.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,
}

/// Removes the product.
pub async fn run(context: &Context, args: &DestroyArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let deployment = match installed_deployment(&history)? {
        Some(deployment) => deployment,
        // A first `up` that was taken back leaves data behind that only this can remove.
        None if args.data && history.last.is_some() => session.deployment()?,
        None => return Err(not_installed()),
    };
    let intent = Intent {
        purpose: Purpose::Destroy,
        data: args.data,
    };
    let aim = Aim::Here(intent, Box::new(deployment));
    let planned = session.plan(&aim, &history).await?;
    context.say(describe(&planned.plan).trim_end());
    context.say(if args.data {
        "all data of this installation goes, but for what a step above says stays"
    } else {
        "data and its secrets stay; `landfall up` finds them again, `landfall destroy --data` removes them"
    });
    confirm(context, args, &planned.deployment.name)?;
    let lock = lock(&session, &installation, "destroy").await?;
    let history = installation.history().await?;
    ready(&history)?;
    let again = session.plan(&aim, &history).await?;
    if again.plan.hash != planned.plan.hash {
        return Err(CommandError::new(
            Exit::Input,
            "the installation changed meanwhile, so nothing was done",
        )
        .hint("look again with `landfall destroy`"));
    }
    rehearse::clear(&session, &again.deployment).await?;
    begin(&session, &installation, lock, again).await
}

/// Wants the installation's name typed out: `--yes` alone must not remove anything.
fn confirm(context: &Context, args: &DestroyArgs, name: &str) -> Result<()> {
    let typed = match &args.confirm {
        Some(typed) => typed.clone(),
        None if context.interactive => dialoguer::Input::<String>::new()
            .with_prompt(format!("Type the installation's name ({name}) to go on"))
            .allow_empty(true)
            .interact_text()
            .map_err(|_| CommandError::new(Exit::Failed, "interrupted; nothing was changed"))?,
        None => {
            let error = CommandError::new(Exit::Input, "not confirmed, and nobody can be asked");
            return Err(error.hint(format!("confirm with --confirm {name}")));
        }
    };
    if typed == name {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::Failed,
        format!("`{typed}` is not `{name}`; nothing was changed"),
    ))
}
