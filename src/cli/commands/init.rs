//! `landfall init`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;

/// Options of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {}

/// Placeholder.
pub fn run(_: &Context, _args: InitArgs) -> Result {
    Ok(Exit::Bug)
}
