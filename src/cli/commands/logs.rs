//! `landfall logs`

use clap::Args;
use futures_util::StreamExt as _;

use super::up::not_installed;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Session, installed_deployment};
use crate::document::nearest;
use crate::drivers::host::{Layout, units};
use crate::product::Target;

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
    let mut streams = futures_util::stream::SelectAll::new();
    let mut known = Vec::new();
    for part in deployment
        .parts
        .values()
        .filter(|part| part.target == Some(Target::Host))
    {
        let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
        let manager = world
            .units(&layout)
            .map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
        for subject in units(&deployment, part) {
            known.push(subject.clone());
            if !args.components.is_empty() && !args.components.contains(&subject) {
                continue;
            }
            let lines = manager
                .logs(&layout.unit(&subject), args.lines, args.follow)
                .await
                .map_err(|error| CommandError::from_error(Exit::Failed, &error))?;
            let (width, json) = (10, context.json());
            streams.push(
                lines
                    .map(move |line| {
                        line.map(|line| {
                            if json {
                                record(&subject, &line)
                            } else {
                                format!("{subject:<width$} | {line}\n")
                            }
                        })
                    })
                    .boxed(),
            );
        }
    }
    if let Some(stranger) = args.components.iter().find(|name| !known.contains(name)) {
        let error = CommandError::new(Exit::Input, format!("there is no component `{stranger}` here"));
        return Err(match nearest(stranger, known.iter().map(String::as_str)) {
            Some(right) => error.hint(format!("did you mean `{right}`?")),
            None => error.hint(format!("known: {}", known.join(", "))),
        });
    }
    while let Some(line) = streams.next().await {
        match line {
            Ok(line) => context.data(&line),
            Err(error) => context.say(format!("note: {error}")),
        }
    }
    Ok(Exit::Done)
}

/// Writes a line for programs: one JSON object a line, whatever the component itself writes.
fn record(component: &str, line: &str) -> String {
    let value = serde_json::json!({ "component": component, "line": line });
    format!("{value}\n")
}
