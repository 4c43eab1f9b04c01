//! `landfall doctor`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// Placeholder.
pub async fn run(_: &Context, _args: &DoctorArgs) -> Result {
    Ok(Exit::Bug)
}
