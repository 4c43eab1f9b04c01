//! `landfall render`

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::drivers;

/// Options of `render`.
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// The folder to write to.
    #[arg(long, value_name = "DIR")]
    pub out: Utf8PathBuf,
    /// Write nothing; exit with 2 when the folder differs from what would be written.
    #[arg(long)]
    pub check: bool,
}

/// Writes the artifacts.
pub fn run(context: &Context, args: &RenderArgs) -> Result {
    let deployment = Session::open(context)?.deployment()?;
    let artifacts = drivers::render(&deployment)?;
    let changes = if args.check {
        artifacts.compare(&args.out)?
    } else {
        artifacts.write(&args.out)?
    };
    let value = serde_json::json!({ "out": args.out, "files": artifacts.iter().count(), "changes": changes });
    context.show(&value, || {
        changes
            .iter()
            .map(|(path, change)| format!("{change:?}\t{}\n", args.out.join(path)).to_lowercase())
            .collect()
    });
    let total = artifacts.iter().count();
    let verb = if args.check {
        "would be new or changed"
    } else {
        "written"
    };
    context.say(format!(
        "{} of {total} files {verb} in {}",
        changes.len(),
        args.out
    ));
    Ok(if args.check && !changes.is_empty() {
        Exit::Pending
    } else {
        Exit::Done
    })
}
