//! `landfall logs`

use clap::Args;
use futures_util::StreamExt as _;

use super::up::not_installed;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Session, installed_deployment};
use crate::document::nearest;
use crate::drivers::{self, LogLine, Tail};

/// Options of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Components or services; all unless given.
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// How many of the last lines.
    #[arg(short = 'n', long, default_value_t = 50, value_name = "N")]
    pub lines: usize,
    /// Go on with new lines until interrupted.
    #[arg(long)]
    pub follow: bool,
}

/// Shows what components wrote.
pub async fn run(context: &Context, args: &LogsArgs) -> Result {
    let session = Session::open(context)?;
    let history = session.installation()?.history().await?;
    let deployment = installed_deployment(&history)?.ok_or_else(not_installed)?;
    let world = context.world()?;
    let known = drivers::log_writers(&deployment)?;
    if let Some(stranger) = args.components.iter().find(|name| !known.contains(name)) {
        let error = CommandError::new(Exit::Input, format!("there is no component `{stranger}` here"));
        return Err(match nearest(stranger, known.iter().map(String::as_str)) {
            Some(right) => error.hint(format!("did you mean `{right}`?")),
            None => error.hint(format!("known: {}", known.join(", "))),
        });
    }
    let tail = Tail {
        lines: args.lines,
        follow: args.follow,
    };
    let mut lines = drivers::logs(&world, &deployment, &args.components, tail).await?;
    while let Some(line) = lines.next().await {
        match line {
            Ok(line) if context.json() => context.data(&record(&line)),
            Ok(line) => context.data(&shown(&line)),
            Err(error) => context.say(format!("note: {}", CommandError::from(error).causes.join(": "))),
        }
    }
    Ok(Exit::Done)
}

/// Writes a line for people, with the pod that wrote it where there may be several.
fn shown(line: &LogLine) -> String {
    let from = line.pod.as_ref().unwrap_or(&line.component);
    format!("{from:<10} | {}\n", line.line)
}

/// Writes a line for programs: one JSON object a line, whatever the component itself writes.
fn record(line: &LogLine) -> String {
    let value = serde_json::json!(line);
    format!("{value}\n")
}
