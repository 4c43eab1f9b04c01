//! `landfall release`

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::oci::ImageSource;
use crate::product::{ImageOrigin, MigrationPromise, Version, bills, pin};

/// Options of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(subcommand)]
    command: ReleaseCommand,
}

#[derive(Debug, Subcommand)]
enum ReleaseCommand {
    /// Add a release: find every image, pin it by digest, write the release file.
    Add(AddArgs),
    /// List the releases of a product.
    List {
        /// The product's name, or the path of its folder.
        product: String,
    },
}

#[derive(Debug, Args)]
struct AddArgs {
    /// The product's name, or the path of its folder.
    product: String,
    /// The version.
    version: String,
    /// The folder of an OCI image layout; images come from their registries unless given.
    #[arg(long, value_name = "DIR")]
    from: Option<Utf8PathBuf>,
    /// Take this image for a component (`<image>:<version>` unless given), or for a service that runs in containers.
    #[arg(long = "image", value_name = "NAME=REFERENCE")]
    images: Vec<String>,
    /// The oldest version from which it may be reached in one step.
    #[arg(long, value_name = "VERSION")]
    reachable_from: Option<String>,
    /// The release changes no schema.
    #[arg(long, conflicts_with = "old_version_works")]
    no_schema_change: bool,
    /// The version before still works on this release's schema.
    #[arg(long)]
    old_version_works: bool,
    /// A line that people should know before they upgrade to it; may be repeated.
    #[arg(long = "note", value_name = "TEXT")]
    notes: Vec<String>,
    /// Make no SBOM of images that have none attached.
    #[arg(long)]
    no_sbom: bool,
    /// Overwrite the release even though its digests differ.
    #[arg(long)]
    replace: bool,
}

/// Carries out `release`.
pub async fn run(context: &Context, args: ReleaseArgs) -> Result {
    match args.command {
        ReleaseCommand::Add(args) => add(context, args).await,
        ReleaseCommand::List { product } => {
            let releases = context.catalog().open(&product)?.releases()?;
            let value: Vec<_> = releases.values().map(|(release, _)| release).collect();
            context.show(&value, || {
                releases
                    .values()
                    .map(|(release, path)| {
                        format!("{}\t{} images\t{path}\n", release.version, release.images.len())
                    })
                    .collect()
            });
            Ok(Exit::Done)
        }
    }
}

fn version(text: &str) -> Result<Version> {
    text.parse()
        .map_err(|error: crate::product::BadVersion| CommandError::from_error(Exit::Usage, &error))
}

fn given_images(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let split = |pair: &String| match pair.split_once('=') {
        Some((component, reference)) => Ok((component.to_owned(), reference.to_owned())),
        None => Err(CommandError::new(
            Exit::Usage,
            format!("--image takes NAME=REFERENCE, not `{pair}`"),
        )),
    };
    pairs.iter().map(split).collect()
}

fn source(context: &Context, from: Option<&Utf8Path>) -> Result<(ImageSource, ImageOrigin)> {
    let Some(folder) = from else {
        return Ok((context.registry()?, ImageOrigin::Registry));
    };
    let folder = folder.canonicalize_utf8().unwrap_or_else(|_| folder.to_owned());
    let origin = ImageOrigin::Layout(folder.as_str().to_owned());
    Ok((ImageSource::layout(folder)?, origin))
}

async fn add(context: &Context, args: AddArgs) -> Result {
    let entry = context.catalog().open(&args.product)?;
    let wanted = version(&args.version)?;
    let reachable_from = args.reachable_from.as_deref().map(version).transpose()?;
    if let Some(reach) = reachable_from.as_ref().filter(|reach| **reach >= wanted) {
        return Err(CommandError::new(
            Exit::Usage,
            format!("--reachable-from takes a version before {wanted}, not {reach}"),
        ));
    }
    let images = given_images(&args.images)?;
    let (source, origin) = source(context, args.from.as_deref())?;
    let mut release = pin(&entry, &wanted, &images, &source, &origin).await?;
    release.reachable_from = reachable_from;
    release.notes = args.notes;
    release.migrations = MigrationPromise {
        changes_schema: !args.no_schema_change,
        old_version_works: args.old_version_works || args.no_schema_change,
    };
    let bills = match args.no_sbom {
        true => BTreeMap::new(),
        false => bills(&mut release, &source, &context.cache()).await?,
    };
    let path = entry.write_release(&release, &bills, args.replace)?;
    context.show(&release, || format!("{path}\n"));
    for (component, image) in &release.images {
        context.say(format!("{component}: {} {}", image.reference, image.digest));
    }
    for (component, bill) in &bills {
        context.say(format!("{component}: made an SBOM, {} parts", bill.parts));
        for unread in &bill.unread {
            context.say(format!("{component}: the SBOM leaves out {unread}"));
        }
    }
    context.say(format!(
        "added {} {} to {}",
        entry.product().title,
        release.version,
        shown(&path)
    ));
    Ok(Exit::Done)
}

fn shown(path: &Utf8Path) -> &Utf8Path {
    path.parent().unwrap_or(path)
}
