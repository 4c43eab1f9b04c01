//! `landfall backup`

use camino::Utf8PathBuf;
use clap::{Args, Subcommand};
use serde_json::json;

use super::plan::describe;
use super::up::{not_installed, ready};
use crate::backup::{self, Listed, Manifest, Shelf};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::execute::{Way, begin, lock, take_up};
use crate::cli::exit::Exit;
use crate::cli::keys::{KeyArgs, LockArgs};
use crate::cli::session::{Aim, Session, installed_deployment};
use crate::deployment::Deployment;
use crate::drivers::BackupOrder;
use crate::drivers::host::{Layout, Options};
use crate::journal::{History, Installation, RunStatus};
use crate::plan::Purpose;
use crate::product::Target;
use crate::run::Direction;

/// Options of `backup`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BackupArgs {
    #[command(subcommand)]
    command: Option<BackupCommand>,
    #[command(flatten)]
    make: MakeArgs,
}

/// Options of making a backup.
#[derive(Debug, Args)]
struct MakeArgs {
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    lock: LockArgs,
    /// Keep so many complete backups and remove older ones afterwards; else what the answers say, else all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: Option<u32>,
}

/// Where backups lie.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The folder that backups go to; else the one that the answers name.
    #[arg(long, value_name = "DIR")]
    pub to: Option<Utf8PathBuf>,
}

#[derive(Debug, Subcommand)]
enum BackupCommand {
    /// List the backups, the newest first.
    List {
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Check every byte of a backup; with a key also that it can be opened.
    Verify {
        /// The backup's name, or `latest`.
        #[arg(default_value = "latest")]
        name: String,
        #[command(flatten)]
        place: PlaceArgs,
        #[command(flatten)]
        key: KeyArgs,
    },
}

/// Carries out `backup`.
pub async fn run(context: &Context, args: BackupArgs) -> Result {
    let session = Session::open(context)?;
    match args.command {
        None => make(&session, &args.make).await,
        Some(BackupCommand::List { place }) => {
            let shelf = shelf(&session, &place).await?;
            list(context, &shelf)
        }
        Some(BackupCommand::Verify { name, place, key }) => {
            let shelf = shelf(&session, &place).await?;
            verify(context, &shelf, &name, &key)
        }
    }
}

/// Makes a backup. Nothing of the product changes, so that nobody is asked.
async fn make(session: &Session, args: &MakeArgs) -> Result {
    let context = &session.context;
    let installation = session.installation()?;
    let history = give_up_unfinished(session, &installation).await?;
    ready(&history)?;
    let lock = lock(session, &installation, "backup").await?;
    let history = installation.history().await?;
    let planned = async {
        ready(&history)?;
        let deployment = installed_deployment(&history)?.ok_or_else(not_installed)?;
        if history.stopped {
            return Err(
                CommandError::new(Exit::Input, "the product is stopped, and its database with it")
                    .hint("start it first with `landfall start`"),
            );
        }
        let options = options(&deployment)?;
        let shelf = shelf_at(&deployment.name, &args.place, Some(&options))?;
        let order = BackupOrder {
            shelf: shelf.folder().to_owned(),
            lock: args.lock.lock(context, &options.backup_recipients)?,
            keep: args.keep.or(options.backup_keep),
        };
        let aim = Aim::Backup(order, Box::new(deployment));
        Ok((shelf, session.plan(&aim, &history).await?))
    };
    let (shelf, planned) = match planned.await {
        Ok(planned) => planned,
        Err(error) => {
            lock.guard.release().await?;
            return Err(error);
        }
    };
    if !context.json() {
        context.say(describe(&planned.plan).trim_end());
    }
    let exit = begin(session, &installation, lock, planned).await?;
    if exit == Exit::Done {
        let folder = shelf.find("latest")?;
        context.say(format!("it lies at {folder}"));
        context.say("keep what opens it somewhere else, and try it: landfall backup verify --identity FILE");
    }
    Ok(exit)
}

/// Removes what a backup that was cut short left: one that is made at night must not wait for somebody to do it.
async fn give_up_unfinished(session: &Session, installation: &Installation) -> Result<History> {
    let history = installation.history().await?;
    let (Some(run), Some(last)) = (&history.unfinished, &history.last) else {
        return Ok(history);
    };
    if last.about.purpose != Purpose::Backup || last.status != RunStatus::Interrupted {
        return Ok(history);
    }
    let lock = lock(session, installation, "backup").await?;
    session.context.say(format!(
        "note: backup {run} was cut short; what it left is removed first"
    ));
    let back = Direction::Back {
        discard_writes: false,
    };
    take_up(session, installation, run, Way::TakeUp(back), lock).await?;
    Ok(installation.history().await?)
}

/// Reads the options of the first part on a host.
///
/// # Errors
/// When no part runs on a host.
pub fn options(deployment: &Deployment) -> Result<Options> {
    let host = deployment
        .parts
        .values()
        .find(|part| part.target == Some(Target::Host));
    let part = host.ok_or_else(|| {
        CommandError::new(Exit::Input, "no part of this installation runs on a host")
            .hint("save it with the means of where it runs")
    })?;
    Ok(Layout::of(part, &deployment.name, deployment.version.as_str())?.options)
}

/// Finds out where the backups of this installation lie, from what is installed or else the answers.
///
/// # Errors
/// When nobody says.
pub async fn shelf(session: &Session, place: &PlaceArgs) -> Result<Shelf> {
    let name = &session.answers.content.name;
    if place.to.is_some() {
        return shelf_at(name, place, None);
    }
    let history = session.installation()?.history().await?;
    let deployment = match installed_deployment(&history)? {
        Some(deployment) => deployment,
        None => session.deployment()?,
    };
    shelf_at(name, place, Some(&options(&deployment)?))
}

fn shelf_at(installation: &str, place: &PlaceArgs, options: Option<&Options>) -> Result<Shelf> {
    let answered = options.and_then(|options| options.backup_to.clone());
    let to = place.to.clone().or(answered).ok_or_else(|| {
        CommandError::new(Exit::Input, "nobody says where backups go")
            .hint("name a folder with --to DIR, or set `parts.<part>.options.backup_to` in the answers file")
    })?;
    let to = camino::absolute_utf8(&to).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    Ok(Shelf::new(&to, installation))
}

fn list(context: &Context, shelf: &Shelf) -> Result {
    let all = shelf.list()?;
    let value: Vec<_> = all.iter().map(record).collect();
    context.show(&value, || all.iter().map(line).collect());
    if all.is_empty() {
        context.say(format!("there are no backups in {}", shelf.folder()));
    }
    Ok(Exit::Done)
}

fn record(listed: &Listed) -> serde_json::Value {
    let state = match &listed.manifest {
        None => "unfinished",
        Some(Ok(_)) => "complete",
        Some(Err(_)) => "damaged",
    };
    let manifest = listed.manifest.as_ref().and_then(|read| read.as_ref().ok());
    json!({ "id": listed.id, "folder": listed.folder, "state": state, "manifest": manifest })
}

fn line(listed: &Listed) -> String {
    match &listed.manifest {
        None => format!("{}  unfinished\n", listed.id),
        Some(Err(error)) => format!("{}  DAMAGED: {error}\n", listed.id),
        Some(Ok(manifest)) => format!(
            "{}  {} {}  {}  {}\n",
            listed.id,
            manifest.product,
            manifest.release,
            size(stored(manifest)),
            names(manifest),
        ),
    }
}

fn stored(manifest: &Manifest) -> u64 {
    manifest.entries.iter().map(|entry| entry.stored).sum()
}

fn names(manifest: &Manifest) -> String {
    let names: Vec<&str> = manifest.entries.iter().map(|entry| entry.name.as_str()).collect();
    names.join(", ")
}

/// Writes a size for people.
fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (bytes.max(1).ilog2() / 10).min(4);
    match units.get(power as usize) {
        Some(unit) if power > 0 => {
            let tenths = (bytes >> (10 * (power - 1))) * 10 / 1024;
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        _ => format!("{bytes} B"),
    }
}

fn verify(context: &Context, shelf: &Shelf, name: &str, key: &KeyArgs) -> Result {
    let folder = shelf.find(name)?;
    let manifest = Manifest::read(&folder)?;
    let key = key.key(context, &manifest.encryption)?;
    backup::verify(&folder, key.as_ref())?;
    let value = json!({
        "id": manifest.id, "folder": folder, "sound": true, "opened": key.is_some(),
        "stored": stored(&manifest), "manifest": manifest,
    });
    context.show(&value, || {
        let mut text = format!(
            "{}: every byte is as it was stored ({})\n",
            manifest.id,
            size(stored(&manifest))
        );
        for entry in &manifest.entries {
            let sizes = format!("{} of {}", size(entry.stored), size(entry.plain));
            text.push_str(&format!("  {:<24} {sizes}\n", entry.name));
        }
        for left in &manifest.left_out {
            text.push_str(&format!("  {:<24} not in it: {}\n", left.name, left.because));
        }
        text
    });
    context.say(if key.is_some() {
        "it was opened and read to its end"
    } else {
        "it was not opened; with --identity or --passphrase-file that is tried too"
    });
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        let sizes = [0, 1023, 1024, 1536, 5 << 20, 3 << 40].map(size);
        assert_eq!(
            sizes,
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 TiB"]
        );
    }
}
