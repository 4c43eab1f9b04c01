//! `landfall release`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;

/// Options of `release`.
#[derive(Debug, Args)]
pub struct ReleaseArgs {}

/// Placeholder.
pub async fn run(_: &Context, _args: ReleaseArgs) -> Result {
    Ok(Exit::Bug)
}
