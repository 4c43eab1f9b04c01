//! `landfall runs`

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::journal::{RecordKind, RecordedRun, RunSummary};

/// Options of `runs`.
#[derive(Debug, Args)]
pub struct RunsArgs {
    #[command(subcommand)]
    command: RunsCommand,
}

#[derive(Debug, Subcommand)]
enum RunsCommand {
    /// List every run, the newest first.
    List,
    /// Show one run: its plan, its records, and what programs wrote.
    Show {
        /// The run, or the beginning of its id; the newest unless given.
        run: Option<String>,
    },
}

/// Carries out `runs`.
pub async fn run(context: &Context, args: RunsArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    match args.command {
        RunsCommand::List => {
            let summaries = installation.summaries().await?;
            context.show(&summaries, || summaries.iter().map(line).collect());
        }
        RunsCommand::Show { run } => {
            let id = match run {
                Some(prefix) => installation.find(&prefix).await?,
                None => match installation.runs().await?.pop() {
                    Some(id) => id,
                    None => {
                        context.say("there are no runs yet");
                        return Ok(Exit::Done);
                    }
                },
            };
            let recorded = installation.read(&id).await?;
            let value = serde_json::json!({
                "about": recorded.about, "plan": *recorded.plan, "records": recorded.records,
            });
            let mut logs = String::new();
            for step in &recorded.plan.steps {
                if let Some(log) = installation.log(&id, &step.id).await? {
                    let log = String::from_utf8_lossy(&log);
                    if !log.trim().is_empty() {
                        logs.push_str(&format!("output of {}:\n", step.id));
                        log.lines().for_each(|line| logs.push_str(&format!("  {line}\n")));
                    }
                }
            }
            context.show(&value, || format!("{}{logs}", describe(&recorded)));
        }
    }
    Ok(Exit::Done)
}

fn line(summary: &RunSummary) -> String {
    let about = &summary.about;
    format!(
        "{}  {}  {:<8} {:<28} {:>2}/{:<2} {}  {}\n",
        about.id,
        about.started.strftime("%Y-%m-%d %H:%M:%S"),
        about.purpose.verb(),
        summary.status,
        summary.done,
        summary.steps,
        about.who,
        summary.release,
    )
}

fn describe(run: &RecordedRun) -> String {
    let about = &run.about;
    let mut text = format!(
        "run {}: {} of {} by {} with landfall {}\n",
        about.id,
        about.purpose.verb(),
        run.plan.release,
        about.who,
        about.landfall
    );
    for record in &run.records {
        let step = record.kind.step().map_or("", |step| step.as_str());
        let (what, detail) = match &record.kind {
            RecordKind::StepFailed { error, .. } | RecordKind::UndoFailed { error, .. } => {
                (name(&record.kind), error.clone())
            }
            RecordKind::StepSkipped { because, .. } | RecordKind::UndoSkipped { because, .. } => {
                (name(&record.kind), because.clone())
            }
            kind => (name(kind), String::new()),
        };
        let time = record.at.strftime("%H:%M:%S%.3f");
        text.push_str(format!("{time}  {what:<16} {step} {detail}").trim_end());
        text.push('\n');
    }
    text
}

/// Names a kind of record as the journal writes it.
fn name(kind: &RecordKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
