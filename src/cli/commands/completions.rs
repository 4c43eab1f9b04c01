//! `landfall completions`, `landfall man`

use clap::{Args, CommandFactory as _};

use crate::cli::args::Cli;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;

/// Options of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Prints completions.
pub fn run(context: &Context, args: &CompletionsArgs) -> Result {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "landfall", &mut text);
    context.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}

/// Prints the manual page.
pub fn man(context: &Context) -> Result {
    let mut text = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut text)
        .map_err(|error| CommandError::from_error(Exit::Bug, &error))?;
    context.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
