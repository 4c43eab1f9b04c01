//! `landfall recommend`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;

/// Options of `recommend`.
#[derive(Debug, Args)]
pub struct RecommendArgs {}

/// Placeholder.
pub fn run(_: &Context, _args: &RecommendArgs) -> Result {
    Ok(Exit::Bug)
}
