//! `landfall plan`

use camino::Utf8PathBuf;
use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::{Session, installed_version};
use crate::deployment::Deployment;
use crate::drivers::Intent;
use crate::journal::History;
use crate::plan::{Plan, Purpose, Undo};

/// Options of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Save the plan, to be applied exactly with `landfall up --plan`.
    #[arg(long, value_name = "FILE")]
    pub out: Option<Utf8PathBuf>,
    /// Exit with 2 when there is something to do.
    #[arg(long)]
    pub check: bool,
}

/// Shows what `up` would do.
pub async fn run(context: &Context, args: &PlanArgs) -> Result {
    let session = Session::open(context)?;
    let deployment = session.deployment()?;
    let history = session.installation()?.history().await?;
    same_version(&deployment, &history)?;
    let intent = Intent {
        purpose: Purpose::Up,
        data: false,
    };
    let planned = session.plan(intent, deployment, &history).await?;
    context.show(&planned.plan, || describe(&planned.plan));
    if let Some(out) = &args.out {
        save(&planned.plan, out)?;
        context.say(format!(
            "saved to {out}; apply exactly this with: landfall up --plan {out}"
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
            let hint =
                format!("set `release: \"{installed}\"` in the answers file to keep what is installed");
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

/// Writes a plan as people read it.
pub fn describe(plan: &Plan) -> String {
    let mut text = format!(
        "{} of {} on installation `{}`\n",
        plan.purpose.verb(),
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
        match &step.undo {
            Undo::Revert(how) => text.push_str(&format!("{:>30} undo: {how}\n", "")),
            Undo::Nothing(_) => {}
            Undo::Impossible(why) => text.push_str(&format!("{:>30} POINT OF NO RETURN: {why}\n", "")),
        }
    }
    text.push_str(&format!("plan {}\n", plan.hash));
    text
}
