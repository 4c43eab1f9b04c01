//! `landfall permissions`

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::error::{CommandError, Result};
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::deployment::Deployment;
use crate::drivers::aws::{LARGEST_POLICY, Simulated};
use crate::drivers::{self, Decision, Denied, PartDenied, PartPermissions};
use crate::product::Target;

/// Options of `permissions`.
#[derive(Debug, Args)]
pub struct PermissionsArgs {
    /// The part; all of them otherwise.
    #[arg(long, value_name = "NAME")]
    pub part: Option<String>,

    /// Ask IAM whether whoever is signed in has these rights; 3 when one is denied.
    #[arg(long)]
    pub check: bool,
}

/// Prints what has to be allowed, or has it checked; changes nothing.
pub async fn run(context: &Context, args: &PermissionsArgs) -> Result {
    let deployment = Session::open(context)?.deployment()?;
    let mut parts = drivers::permissions(&deployment)?;
    if let Some(name) = &args.part {
        parts.retain(|part| part.part == *name);
        if parts.is_empty() {
            let names: Vec<&str> = deployment.parts.keys().map(String::as_str).collect();
            return Err(
                CommandError::new(Exit::Input, format!("there is no part `{name}`"))
                    .hint(format!("known: {}", names.join(", "))),
            );
        }
    }
    if args.check {
        return check(context, &deployment, &parts).await;
    }
    let documents: Vec<_> = parts.iter().flat_map(|part| &part.documents).collect();
    context.show(&documents, || parts.iter().map(describe).collect());
    for part in &parts {
        notes(part).iter().for_each(|note| context.say(note));
    }
    Ok(Exit::Done)
}

/// Says what of the policies is denied to whoever is signed in.
async fn check(context: &Context, deployment: &Deployment, parts: &[PartPermissions]) -> Result {
    let world = context.world()?;
    let mut checked = Vec::new();
    for part in parts {
        match drivers::denied(&world, deployment, part).await? {
            Some(denied) => checked.push(denied),
            None => notes(part).iter().for_each(|note| context.say(note)),
        }
    }
    context.show(&checked, || checked.iter().map(describe_check).collect());
    let is_denied = checked.iter().any(|part| !part.simulated.denied.is_empty());
    if !is_denied {
        return Ok(Exit::Done);
    }
    context.say("hint: `landfall permissions` prints the policies; what the organization or a boundary denies, no policy allows");
    Ok(Exit::Input)
}

fn describe_check(part: &PartDenied) -> String {
    let Simulated {
        principal,
        asked,
        denied,
    } = &part.simulated;
    let head = format!("# part `{}`, {principal}", part.part);
    if denied.is_empty() {
        return format!("{head}: all {asked} actions are allowed\n");
    }
    let line = |denied: &Denied| {
        let by = match denied.by {
            Decision::Implicit => "allowed by no policy",
            Decision::Explicit => "denied by a policy",
            Decision::Organization => "denied by the organization",
            Decision::Boundary => "denied by the permissions boundary",
        };
        format!("{} on {}: {by}\n", denied.action, denied.resource)
    };
    let lines: String = denied.iter().map(line).collect();
    let actions: BTreeSet<&str> = denied.iter().map(|it| it.action.as_str()).collect();
    format!("{head}: {} of {asked} actions are denied\n{lines}", actions.len())
}

fn describe(part: &PartPermissions) -> String {
    let count = part.documents.len();
    let described = part.documents.iter().zip(1..).map(|(document, number)| {
        let text = serde_json::to_string_pretty(document).unwrap_or_default();
        format!(
            "# part `{}`, policy {number} of {count}, {} of {LARGEST_POLICY} characters\n{text}\n",
            part.part,
            document.len()
        )
    });
    described.collect()
}

fn notes(part: &PartPermissions) -> Vec<String> {
    let say = |text: &str| format!("part `{}`: {text}", part.part);
    let mut notes = match (part.target, part.documents.len()) {
        (_, 2..) => vec![say("all of these policies are needed, each as one of its own")],
        (_, 1) => Vec::new(),
        (None, _) => vec![say("the vendor runs it, and nobody else needs a right for that")],
        (Some(Target::Kubernetes), _) => {
            vec![say(
                "`landfall doctor` tells the rights that are missing in the cluster, as a Role to apply",
            )]
        }
        (Some(target), _) => vec![say(&format!(
            "on {} there are no policies: whoever runs landfall has the rights of their user",
            target.title()
        ))],
    };
    if part.unbounded {
        notes.push(say(
            "note: whoever has these rights can give a role of the installation any right in the account; answer \
             `permissions_boundary` with a policy that bounds them",
        ));
    }
    notes
}
