//! `landfall restore`

use camino::Utf8PathBuf;
use clap::Args;

use super::backup::{PlaceArgs, shelf};
use super::plan::describe;
use super::up::ready;
use crate::backup::{self, Manifest};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{begin, lock};
use crate::cli::exit::Exit;
use crate::cli::keys::KeyArgs;
use crate::cli::session::{Aim, Planned, Session, installed_deployment};
use crate::deployment::Deployment;
use crate::drivers::RestoreOrder;
use crate::journal::History;

/// Options of `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup's name, `latest`, or the path of its folder.
    #[arg(default_value = "latest")]
    pub backup: String,
    /// Where backups lie, when the backup is given by name.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// What opens it.
    #[command(flatten)]
    pub key: KeyArgs,
}

/// Brings a backup back.
pub async fn run(context: &Context, args: &RestoreArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let history = installation.history().await?;
    ready(&history)?;
    let folder = find(&session, args).await?;
    let manifest = Manifest::read(&folder)?;
    let place = args.key.place(context, &manifest.encryption)?;
    let key = args.key.key(context, &manifest.encryption)?;
    // A backup that is damaged or cannot be opened ends it here, before anything stops.
    context.say(format!("checking backup {}", manifest.id));
    backup::verify(&folder, key.as_ref())?;
    let order = RestoreOrder {
        before: format!("{}-{}", manifest.id, count(&history)),
        folder,
        manifest,
        key: place,
    };
    let planned = plan(&session, &order, &history).await?;
    if !context.json() {
        context.say(describe(&planned.plan).trim_end());
    }
    context.approve("Carry this out?")?;
    let lock = lock(&session, &installation, "restore").await?;
    let history = installation.history().await?;
    ready(&history)?;
    let again = plan(&session, &order, &history).await?;
    if again.plan.hash != planned.plan.hash {
        lock.guard.release().await?;
        let error = CommandError::new(
            Exit::Input,
            "the installation changed meanwhile, so nothing was done",
        );
        return Err(error.hint("look again with `landfall restore`"));
    }
    begin(&session, &installation, lock, again).await
}

/// Names the state of history, so that what is saved first lies in a place of its own.
fn count(history: &History) -> String {
    let last = history.last.as_ref();
    last.map_or_else(|| "new".to_owned(), |last| last.about.id.to_string())
}

async fn find(session: &Session, args: &RestoreArgs) -> Result<Utf8PathBuf> {
    if args.backup.contains('/') {
        let path = camino::absolute_utf8(&args.backup);
        return path.map_err(|error| CommandError::from_error(Exit::Input, &error));
    }
    Ok(shelf(session, &args.place).await?.find(&args.backup)?)
}

async fn plan(session: &Session, order: &RestoreOrder, history: &History) -> Result<Planned> {
    let deployment = match installed_deployment(history)? {
        Some(deployment) => deployment,
        None => session.deployment()?,
    };
    fits(&deployment, &order.manifest)?;
    let aim = Aim::Restore(Box::new(order.clone()), Box::new(deployment));
    session.plan(&aim, history).await
}

/// Refuses a backup of another product or release: its data would not be understood.
fn fits(deployment: &Deployment, manifest: &Manifest) -> Result<()> {
    if manifest.product != deployment.product {
        let message = format!(
            "the backup is of {}, this is {}",
            manifest.product, deployment.product
        );
        return Err(CommandError::new(Exit::Input, message).hint("name another with `landfall backup list`"));
    }
    if manifest.release != deployment.version.as_str() {
        let message = format!(
            "the backup is of release {}, this is {}: its data would not be understood",
            manifest.release, deployment.version
        );
        let hint = format!(
            "restore it into a new installation: answers with another `name` and `root`, and `release: \"{}\"`",
            manifest.release
        );
        return Err(CommandError::new(Exit::Input, message).hint(hint));
    }
    Ok(())
}
