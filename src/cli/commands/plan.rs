//! `landfall plan`

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use clap::Args;

use super::upgrade::{aim, version};
use crate::cli::context::Context;
use crate::cli::defaults::{DefaultArgs, settle};
use crate::cli::edits::{EditArgs, lines};
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Aim, Session, installed_version};
use crate::deployment::Deployment;
use crate::drivers::Intent;
use crate::journal::History;
use crate::oci::Digest;
use crate::plan::{Action, AwsAction, Check, ClusterAction, Downtime, Plan, PodCheck, Purpose, Undo};
use crate::product::Version;

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Save the plan, to be applied exactly with `landfall up --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<Utf8PathBuf>,
    /// Show what `upgrade --to` would do instead.
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub to: Option<Version>,
    /// Exit with 2 when there is something to do.
    #[arg(long)]
    pub check: bool,
    /// Decisions about files that were changed by hand.
    #[command(flatten)]
    pub edits: EditArgs,
    /// Decisions about defaults that change.
    #[command(flatten)]
    pub defaults: DefaultArgs,
}

/// Shows what `up` or `upgrade` would do.
pub async fn run(context: &Context, args: &PlanArgs) -> Result {
    let mut session = Session::open(context)?;
    session.decisions = args.edits.decisions(None);
    let deployment = session.deployment()?;
    let history = session.installation()?.history().await?;
    if args.to.is_some() {
        settle(&mut session, &history, &args.defaults, false)?;
    }
    let over = match &args.to {
        Some(to) => aim(&session, &history, Some(to))?,
        None => None,
    };
    let aim = match over {
        Some(over) => over,
        None => {
            let deployment = session.keep_release(deployment, &history)?;
            same_version(&deployment, &history)?;
            let intent = Intent {
                purpose: Purpose::Up,
                data: false,
            };
            Aim::Here(intent, Box::new(deployment))
        }
    };
    let planned = session.plan(&aim, &history).await?;
    context.show(&planned.plan, || describe(&planned.plan));
    if let Some(out) = &args.out {
        save(&planned.plan, out)?;
        let verb = match &args.to {
            Some(to) => format!("upgrade --to {to}"),
            None => "up".to_owned(),
        };
        context.say(format!(
            "saved to {out}; apply exactly this with: landfall {verb} --plan {out}"
        ));
    }
    let pending = !planned.plan.steps.is_empty();
    Ok(if args.check && pending {
        Exit::Pending
    } else {
        Exit::Done
    })
}

/// Refuses to bring up another version than the one that is installed: that is an upgrade.
pub fn same_version(deployment: &Deployment, history: &History) -> Result<()> {
    match installed_version(history) {
        Some(installed) if installed != deployment.version.as_str() => {
            let message = format!(
                "{} {installed} is installed, the answers say {}: that is an upgrade, not an `up`",
                deployment.title, deployment.version
            );
            let hint = format!(
                "go there with `landfall upgrade --to {}`, or set `release: \"{installed}\"` to keep what is installed",
                deployment.version
            );
            Err(CommandError::new(Exit::Input, message).hint(hint))
        }
        _ => Ok(()),
    }
}

fn save(plan: &Plan, out: &Utf8PathBuf) -> Result<()> {
    let json =
        serde_json::to_string_pretty(plan).map_err(|error| CommandError::from_error(Exit::Bug, &error))?;
    fs_err::write(out, json + "\n").map_err(|error| CommandError::from_error(Exit::Failed, &error))
}

/// Reads a saved plan and checks that it is whole.
pub fn load(file: &Utf8PathBuf) -> Result<Plan> {
    let text = fs_err::read_to_string(file).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| {
        let what = format!(
            "{file}:{}:{}: this is no plan of landfall's",
            error.line(),
            error.column()
        );
        let mut failed = CommandError::new(Exit::Input, what).hint("make one with: landfall plan --out FILE");
        failed.causes.push(error.to_string());
        failed
    })?;
    plan.check()?;
    Ok(plan)
}

/// Says whether data that users wrote to would need a decision.
fn needs_person(plan: &Plan) -> bool {
    plan.steps
        .iter()
        .any(|step| matches!(&step.undo, Undo::Restore { or_keep: None, .. }))
}

/// Lists the images that will run, by digest, where a plan leads to another release.
fn images(plan: &Plan) -> String {
    if !matches!(plan.purpose, Purpose::Upgrade | Purpose::Rollback) {
        return String::new();
    }
    let last = plan.steps.iter().rev().find_map(|step| match &step.action {
        Action::Verify { checks, .. } => Some(checks.iter().map(line).collect()),
        Action::Cluster(ClusterAction::Verify { checks }) => Some(checks.iter().map(pod_line).collect()),
        Action::Aws(AwsAction::Verify { services }) => Some(services.iter().map(service_line).collect()),
        _ => None,
    });
    last.unwrap_or_default()
}

fn line(check: &Check) -> String {
    format!("      {} {} {}\n", check.component, check.version, check.digest)
}

fn pod_line(check: &PodCheck) -> String {
    let digest = check.digests.first().map(ToString::to_string);
    let (component, digest) = (&check.workload.subject, digest.unwrap_or_default());
    format!("      {component} {} {digest}\n", check.version)
}

/// Lists what Terraform does to each resource, with the marks that its own plans have.
fn resources(action: &Action) -> String {
    let Action::Aws(AwsAction::ApplyLayer {
        change: Some(change), ..
    }) = action
    else {
        return String::new();
    };
    let mark = |action: &str| match action {
        "create" => "+",
        "update" => "~",
        "delete" => "-",
        "replace" => "-/+",
        _ => "<-",
    };
    let line = |(address, action): (&String, &String)| format!("{:>30} {:>3} {address}\n", "", mark(action));
    change.resources.iter().map(line).collect()
}

fn service_line((component, digests): (&String, &BTreeSet<Digest>)) -> String {
    let digest = digests.first().map(ToString::to_string).unwrap_or_default();
    format!("      {component} {digest}\n")
}

/// Writes seconds for people.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} min", seconds.div_ceil(60)),
    }
}

/// Writes a plan as people read it.
pub fn describe(plan: &Plan) -> String {
    let from = plan.steps.iter().find_map(|step| match &step.action {
        Action::Baseline { version, .. }
        | Action::Cluster(ClusterAction::Baseline { version, .. })
        | Action::Aws(AwsAction::Baseline { version, .. }) => Some(format!("from {version} ")),
        _ => None,
    });
    let mut text = format!(
        "{} {}{} {} on installation `{}`\n",
        plan.purpose.verb(),
        from.as_deref().unwrap_or_default(),
        if from.is_some() { "to" } else { "of" },
        plan.release,
        plan.installation
    );
    if plan.steps.is_empty() {
        text.push_str("nothing to do: everything is as it should be\n");
    }
    for (number, step) in plan.steps.iter().enumerate() {
        text.push_str(&format!(
            "{:>4}. {:<24} {}\n",
            number + 1,
            step.id.as_str(),
            step.title
        ));
        text.push_str(&resources(&step.action));
        match &step.undo {
            Undo::Revert(how) => text.push_str(&format!("{:>30} undo: {how}\n", "")),
            Undo::Nothing(_) => {}
            Undo::Stays(why) => text.push_str(&format!("{:>30} not taken back: {why}\n", "")),
            Undo::Impossible(why) => text.push_str(&format!("{:>30} POINT OF NO RETURN: {why}\n", "")),
            Undo::Restore { how, or_keep } => {
                text.push_str(&format!("{:>30} undo: {how}, before users are let in\n", ""));
                let after = or_keep
                    .as_deref()
                    .unwrap_or("a person decides between what they wrote and the old version");
                text.push_str(&format!("{:>30} undo after that: {after}\n", ""));
            }
        }
        if step.opens && needs_person(plan) {
            text.push_str(&format!(
                "{:>30} POINT OF NO RETURN for data: from here on it is not put back by itself\n",
                ""
            ));
        }
    }
    text.push_str(&images(plan));
    if let Some(Downtime { expected, most }) = plan.downtime() {
        let (expected, most) = (span(expected), span(most));
        text.push_str(&format!(
            "users are kept out for about {expected}; the limits of the steps add up to {most}\n"
        ));
    }
    for line in lines(&plan.observed) {
        text.push_str(&format!("      {line}\n"));
    }
    text.push_str(&format!("plan {}\n", plan.hash));
    text
}
