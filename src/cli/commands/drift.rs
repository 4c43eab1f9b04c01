//! `landfall drift`

use clap::Args;
use serde_json::json;

use super::up::not_installed;
use crate::cli::before::before;
use crate::cli::context::Context;
use crate::cli::error::Result;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::drivers::{self, Drifting};
use crate::journal::RunStatus;
use crate::status::{Class, Drift, Report};

/// Options of `drift`.
#[derive(Debug, Args)]
pub struct DriftArgs {
    /// Read every file of every image; otherwise only those that were touched since they were unpacked.
    #[arg(long)]
    pub deep: bool,
}

/// Tells what differs; takes no lock and changes nothing.
pub async fn run(context: &Context, args: &DriftArgs) -> Result {
    let session = Session::open(context)?;
    let installation = session.installation()?;
    let history = installation.history().await?;
    let before = before(&installation, &history).await?.ok_or_else(not_installed)?;
    let desired = session.deployment().and_then(|deployment| {
        let deployment = session.keep_release(deployment, &history)?;
        let artifacts = drivers::render(&deployment)?;
        Ok((deployment, artifacts))
    });
    let drifting = Drifting {
        desired: desired
            .as_ref()
            .ok()
            .map(|(deployment, artifacts)| (deployment, artifacts)),
        before: &before,
        stopped: history.stopped,
        deep: args.deep,
    };
    let mut report = drivers::drift(&context.world()?, drifting).await?;
    if let Err(error) = &desired {
        let why = error.causes.first().cloned().unwrap_or_default();
        report.notes.push(format!("the answers were not compared: {why}"));
    }
    if let Some(holder) = installation.lock_holder().await? {
        report
            .notes
            .push(format!("{holder} is at work: what is half-way is told as drift"));
    } else if let Some(run) = &history.unfinished {
        report.notes.push(format!(
            "run {run} stopped half-way; `landfall resume` or `landfall rollback` comes first"
        ));
    }
    if history.unfinished.is_some()
        || history
            .last
            .as_ref()
            .is_some_and(|last| last.status == RunStatus::Running)
    {
        // What is half done is no drift to be mended, and `up` is refused until it is over.
        report.drift.iter_mut().for_each(|drift| drift.next = None);
    }
    let installed = history
        .installed
        .as_ref()
        .map(|installed| installed.release.clone());
    let exit = if report.drift.is_empty() {
        Exit::Done
    } else {
        Exit::Pending
    };
    let value = json!({
        "installation": session.answers.content.name, "installed": installed,
        "drift": report.drift, "notes": report.notes, "exit_code": exit as u8,
    });
    context.show(&value, || report.drift.iter().map(describe).collect());
    report
        .notes
        .iter()
        .for_each(|note| context.say(format!("note: {note}")));
    context.say(sum(&report, &installed.unwrap_or_default()));
    Ok(exit)
}

fn describe(drift: &Drift) -> String {
    let mut text = format!("{:<10} {}: {}\n", drift.class.name(), drift.subject, drift.what);
    for line in drift.difference.iter().flat_map(|text| text.lines()) {
        text.push_str(&format!("             {line}\n"));
    }
    if let Some(next) = &drift.next {
        text.push_str(&format!("           next: {next}\n"));
    }
    text
}

fn sum(report: &Report, installed: &str) -> String {
    if report.drift.is_empty() {
        return format!("no drift: {installed} is as it was placed");
    }
    let counts = [Class::Dangerous, Class::Yours, Class::Expected]
        .map(|class| format!("{} {}", report.count(class), class.name()))
        .join(", ");
    format!("drift: {counts}")
}
