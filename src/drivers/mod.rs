//! One folder per target: how a deployment is rendered, observed, planned and carried out there.
//!
//! This file is the only dispatch: each function asks the driver of each part's target. A new target is one folder and
//! one line in each `match`.

mod backup;
mod crossing;
mod drift;
mod edited;
mod error;
pub mod host;
mod performer;
mod prune;

pub use backup::{BackupOrder, RestoreOrder, plan_backup, plan_restore};
pub use crossing::{Stage, observe_stages, plan_rehearsal, plan_stages};
pub use drift::Drifting;
pub use edited::{Before, Edits, decisions_of, edits_of, rendered_only};
pub use error::DriverError;
pub use host::DataMove;
pub use performer::{Performer, Work};
pub use prune::{Keeping, Kind, Leftover, leftovers, plan_prune};

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::deployment::{Deployment, Part};
use crate::doctor::ToolSeen;
use crate::edits::Decisions;
use crate::plan::{Draft, Plan, PlanError, Purpose, Step};
use crate::product::Target;
use crate::render::{Artifacts, RenderError};
use crate::secret::Secret;
use crate::status::Report;

/// What is to be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Intent {
    /// What for.
    pub purpose: Purpose,
    /// Whether destroying takes the data too.
    pub data: bool,
}

/// Renders every part of a deployment, each below a folder with its name.
///
/// # Errors
/// [`RenderError`]; [`RenderError::Target`] for a target that this version cannot render.
pub fn render(deployment: &Deployment) -> Result<Artifacts, RenderError> {
    let mut artifacts = Artifacts::default();
    for part in deployment.parts.values() {
        let rendered = match part.target {
            None => Artifacts::default(),
            Some(Target::Host) => host::render(deployment, part)?,
            Some(target) => {
                return Err(RenderError::Target {
                    target: target.name().to_owned(),
                });
            }
        };
        artifacts.extend(rendered.under(&part.name));
    }
    Ok(artifacts)
}

/// Finds what the customer changed by hand in the files that were placed, and decides about each.
///
/// # Errors
/// [`DriverError`] when a file cannot be read, or a decision names none that is placed.
pub fn edits(
    world: &host::World,
    deployment: &Deployment,
    artifacts: &Artifacts,
    before: &Before,
    decisions: &Decisions,
) -> Result<Edits, DriverError> {
    let mut edits = Edits::default();
    let mut known = Vec::new();
    for part in deployment.parts.values() {
        let Some(installed) = before.deployment.parts.get(&part.name) else {
            continue;
        };
        if (part.target, installed.target) == (Some(Target::Host), Some(Target::Host)) {
            let (new, old) = (artifacts.below(&part.name), before.artifacts.below(&part.name));
            let installed = host::Installed {
                deployment: &before.deployment,
                part: installed,
                artifacts: &old,
            };
            known.extend(host::names((deployment, part), &new, installed)?);
            let (found, texts) = host::edits(world, (deployment, part), &new, installed, decisions)?;
            edits.parts.insert(part.name.clone(), found);
            edits.texts.extend(texts.under(&part.name));
        }
    }
    match decisions
        .names()
        .find(|name| !known.iter().any(|path| path == name))
    {
        Some(name) => Err(DriverError::UnknownFile {
            name: name.to_owned(),
        }),
        None => Ok(edits),
    }
}

/// Looks at the world, part by part.
///
/// # Errors
/// [`DriverError`] when something is there and cannot be looked at.
pub async fn observe(
    world: &host::World,
    deployment: &Deployment,
    artifacts: &Artifacts,
    installed: Option<&str>,
    edits: &Edits,
) -> Result<Value, DriverError> {
    let mut observed = Map::new();
    for part in deployment.parts.values() {
        let seen = match part.target {
            Some(Target::Host) => {
                let artifacts = artifacts.below(&part.name);
                let edits = edits.part(&part.name);
                let known = host::Known { installed, edits };
                let seen = host::look(world, deployment, part, &artifacts, known).await?;
                serde_json::to_value(seen).unwrap_or_default()
            }
            _ => Value::Null,
        };
        observed.insert(part.name.clone(), seen);
    }
    Ok(observed.into())
}

/// Plans what has to be done, given what was seen. Pure.
///
/// # Errors
/// [`DriverError`] when an option is not usable or, by a mistake of ours, the steps have no order.
pub fn plan(
    intent: Intent,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    edited::settled(&observed)?;
    let mut steps = Vec::new();
    for part in deployment.parts.values() {
        let seen = observed.get(&part.name).cloned().unwrap_or_default();
        if part.target == Some(Target::Host) {
            steps.extend(host_steps(intent, deployment, part, artifacts, seen)?);
        }
    }
    let draft = Draft {
        purpose: intent.purpose,
        installation: deployment.name.clone(),
        release: format!("{} {}", deployment.title, deployment.version),
        deployment: deployment.digest(),
        artifacts: artifacts.digest(),
        observed,
        steps,
    };
    Ok(Plan::new(draft)?)
}

fn host_steps(
    intent: Intent,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    seen: Value,
) -> Result<Vec<Step>, DriverError> {
    let observed: host::Observed =
        serde_json::from_value(seen).map_err(|source| DriverError::Observation {
            part: part.name.clone(),
            source,
        })?;
    let steps = match intent.purpose {
        Purpose::Up | Purpose::Start => host::up(deployment, part, &artifacts.below(&part.name), &observed),
        Purpose::Stop => host::stop(deployment, part, &observed),
        Purpose::Destroy => host::destroy(deployment, part, &observed, intent.data),
        // These lead over stages: see `plan_stages`.
        Purpose::Upgrade | Purpose::Rollback | Purpose::Rehearse => Ok(Vec::new()),
        // What is pruned follows from the history: see `plan_prune`.
        Purpose::Prune => Ok(Vec::new()),
        // See `plan_backup` and `plan_restore`.
        Purpose::Backup | Purpose::Restore => Ok(Vec::new()),
    };
    Ok(steps?)
}

/// Takes the tokens that a run made, to be shown once.
///
/// # Errors
/// [`DriverError`] when one cannot be read or removed from where it waits.
pub fn take_tokens(deployment: &Deployment) -> Result<BTreeMap<String, Secret>, DriverError> {
    let mut tokens = BTreeMap::new();
    for part in deployment
        .parts
        .values()
        .filter(|part| part.target == Some(Target::Host))
    {
        tokens.extend(host::take_tokens(deployment, part)?);
    }
    Ok(tokens)
}

/// Finds the programs that a deployment's targets need, for the doctor to judge.
pub async fn tools(world: &host::World, deployment: &Deployment) -> Vec<ToolSeen> {
    let mut all = Vec::new();
    for part in deployment.parts.values() {
        if part.target == Some(Target::Host) {
            all.extend(host::tools(world, deployment, part).await);
        }
    }
    all
}

/// How a component or service is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentStatus {
    /// The part.
    pub part: String,
    /// The component's or service's name.
    pub name: String,
    /// The name people read.
    pub title: String,
    /// What it is doing: `running`, `stopped`, `failed` and the like.
    pub state: String,
    /// Whether its probes answer; none when it has none.
    pub healthy: Option<bool>,
    /// The version it tells.
    pub version: Option<String>,
    /// Details for people, such as the process or why it is not healthy.
    pub detail: String,
}

/// Asks every component how it is.
///
/// # Errors
/// [`DriverError`] when that cannot be found out.
pub async fn status(
    world: &host::World,
    deployment: &Deployment,
) -> Result<Vec<ComponentStatus>, DriverError> {
    let mut all = Vec::new();
    for part in deployment.parts.values() {
        if part.target == Some(Target::Host) {
            all.extend(host::status(world, deployment, part).await?);
        }
    }
    Ok(all)
}

/// Compares what is asked for, what was rendered and what is there; changes nothing.
///
/// # Errors
/// [`DriverError`] when something is there and cannot be looked at.
pub async fn drift(world: &host::World, drifting: Drifting<'_>) -> Result<Report, DriverError> {
    let mut report = match drifting.desired {
        Some((desired, artifacts)) => drift::pending(desired, artifacts, drifting.before),
        None => Report::default(),
    };
    let deployment = &drifting.before.deployment;
    for part in deployment.parts.values() {
        if part.target == Some(Target::Host) {
            let artifacts = drifting.before.artifacts.below(&part.name);
            let installed = host::Installed {
                deployment,
                part,
                artifacts: &artifacts,
            };
            let asked = host::Asked {
                stopped: drifting.stopped,
                deep: drifting.deep,
            };
            report.extend(host::drift(world, installed, asked).await?);
        }
    }
    report.sort();
    Ok(report)
}

impl From<PlanError> for DriverError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}
