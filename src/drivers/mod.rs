//! One folder per target: how a deployment is rendered, observed, planned and carried out there.
//!
//! This file is the only dispatch: each function asks the driver of each part's target. A new target is one folder and
//! one line in each `match`.

pub mod aws;
mod backup;
mod cost;
mod crossing;
mod data;
mod destinations;
mod drift;
mod edited;
mod error;
mod hook;
pub mod host;
mod images;
pub mod kubernetes;
mod license;
mod likeness;
mod logs;
mod options;
mod performer;
mod permissions;
mod prune;
mod secrets;
mod steps;
mod world;

pub use backup::{BackupOrder, RestoreOrder, plan_backup, plan_restore};
pub use cost::{PartCost, cost};
pub use crossing::{Stage, observe_stages, plan_rehearsal, plan_stages};
use data::BEFORE;
pub use data::{Crossing, DataMove, Saved};
pub use drift::Drifting;
pub use edited::{Before, Edits, Installed, decisions_of, edits_of, rendered_only};
pub use error::DriverError;
pub use kubernetes::OBJECTS;
pub use license::{HandError, given_licenses, plan_rotation, stored_licenses};
pub use likeness::Likeness;
pub use logs::{LogLine, LogLines, Tail, log_writers, logs};
pub use performer::{Performer, Work};
pub use permissions::{Decision, Denied, PartDenied, PartPermissions, denied, permissions};
pub use prune::{Keeping, Kind, Leftover, leftovers, plan_prune};
pub use secrets::SecretError;
pub use world::{Images, World};

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::deployment::{Deployment, Part};
use crate::doctor::{AccountSeen, ClusterSeen, ToolSeen};
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
            Some(Target::Kubernetes) => kubernetes::render(deployment, part)?,
            Some(Target::Aws) => aws::render(deployment, part)?,
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

/// Lists what is needed to take the parts of a release back to what was rendered for them before.
pub fn to_go_back(deployment: &Deployment, earlier: &Artifacts) -> Artifacts {
    let mut artifacts = Artifacts::default();
    for part in accounts(deployment) {
        artifacts.extend(aws::to_go_back(&earlier.below(&part.name)).under(&part.name));
    }
    artifacts
}

/// Finds what the customer changed by hand in the files and objects that were placed, and decides about each.
///
/// Only what a run of this purpose would place anew counts: stopping leaves the files of a host alone.
///
/// # Errors
/// [`DriverError`] when one cannot be read, or a decision names none that is placed.
pub async fn edits(
    world: &World,
    purpose: Purpose,
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
        let (new, old) = (artifacts.below(&part.name), before.artifacts.below(&part.name));
        let target = part.target.filter(|target| installed.target == Some(*target));
        let installed = Installed {
            deployment: &before.deployment,
            part: installed,
            artifacts: &old,
        };
        if target == Some(Target::Host) && purpose != Purpose::Stop {
            known.extend(host::names((deployment, part), &new, installed)?);
            let (found, texts) = host::edits(world, (deployment, part), &new, installed, decisions)?;
            edits.parts.insert(part.name.clone(), found);
            edits.texts.extend(texts.under(&part.name));
        } else if target == Some(Target::Kubernetes) {
            let found =
                kubernetes::edits(world, purpose, (deployment, part), &new, installed, decisions).await?;
            known.extend(found.known);
            edits.parts.insert(part.name.clone(), found.edits);
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
    world: &World,
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
            Some(Target::Kubernetes) => {
                let artifacts = artifacts.below(&part.name);
                let edits = edits.part(&part.name);
                let known = kubernetes::Known { installed, edits };
                let seen = kubernetes::look(world, deployment, part, &artifacts, known).await?;
                serde_json::to_value(seen).unwrap_or_default()
            }
            Some(Target::Aws) => {
                let artifacts = artifacts.below(&part.name);
                let seen = aws::look(world, deployment, part, &artifacts, installed).await?;
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
        let seen = observed.get(&part.name);
        let of_part = artifacts.below(&part.name);
        steps.extend(match part.target {
            Some(Target::Host) => host_steps(intent, deployment, part, &of_part, &seen_of(part, seen)?)?,
            Some(Target::Kubernetes) => {
                cluster_steps(intent, deployment, part, &of_part, &seen_of(part, seen)?)?
            }
            Some(Target::Aws) => account_steps(intent, deployment, part, &seen_of(part, seen)?)?,
            _ => Vec::new(),
        });
    }
    plan_of(intent.purpose, deployment, artifacts, observed, steps)
}

/// Lists the parts that lie on a host.
fn hosts(deployment: &Deployment) -> impl Iterator<Item = &Part> {
    on(deployment, Target::Host)
}

/// Lists the parts that lie in a cluster.
fn clusters(deployment: &Deployment) -> impl Iterator<Item = &Part> {
    on(deployment, Target::Kubernetes)
}

/// Lists the parts that lie in an account of AWS.
fn accounts(deployment: &Deployment) -> impl Iterator<Item = &Part> {
    on(deployment, Target::Aws)
}

fn on(deployment: &Deployment, target: Target) -> impl Iterator<Item = &Part> {
    deployment
        .parts
        .values()
        .filter(move |part| part.target == Some(target))
}

/// Reads back what was seen of a part.
fn seen_of<T: serde::de::DeserializeOwned>(part: &Part, seen: Option<&Value>) -> Result<T, DriverError> {
    serde_json::from_value(seen.cloned().unwrap_or_default()).map_err(|source| DriverError::Observation {
        part: part.name.clone(),
        source,
    })
}

/// Makes a plan of the steps that lead to a deployment, or concern it.
fn plan_of(
    purpose: Purpose,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
    steps: Vec<Step>,
) -> Result<Plan, DriverError> {
    let draft = Draft {
        purpose,
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
    observed: &host::Observed,
) -> Result<Vec<Step>, DriverError> {
    let steps = match intent.purpose {
        Purpose::Up | Purpose::Start => host::up(deployment, part, artifacts, observed),
        Purpose::Stop => host::stop(deployment, part, observed),
        Purpose::Destroy => host::destroy(deployment, part, observed, intent.data),
        // These lead over stages: see `plan_stages`.
        Purpose::Upgrade | Purpose::Rollback | Purpose::Rehearse => Ok(Vec::new()),
        // What is pruned follows from the history: see `plan_prune`.
        Purpose::Prune => Ok(Vec::new()),
        // See `plan_backup` and `plan_restore`.
        Purpose::Backup | Purpose::Restore => Ok(Vec::new()),
        // See `plan_rotation`.
        Purpose::RotateLicense => Ok(Vec::new()),
    };
    Ok(steps?)
}

fn cluster_steps(
    intent: Intent,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &kubernetes::Observed,
) -> Result<Vec<Step>, DriverError> {
    let steps = match intent.purpose {
        Purpose::Up | Purpose::Start => kubernetes::up(deployment, part, artifacts, observed),
        Purpose::Stop => kubernetes::stop(deployment, part, artifacts, observed),
        Purpose::Destroy => kubernetes::destroy(deployment, part, artifacts, observed, intent.data),
        // As on a host.
        Purpose::Upgrade | Purpose::Rollback | Purpose::Rehearse => Ok(Vec::new()),
        Purpose::Prune | Purpose::Backup | Purpose::Restore | Purpose::RotateLicense => Ok(Vec::new()),
    };
    Ok(steps?)
}

fn account_steps(
    intent: Intent,
    deployment: &Deployment,
    part: &Part,
    observed: &aws::Observed,
) -> Result<Vec<Step>, DriverError> {
    Ok(match intent.purpose {
        Purpose::Up | Purpose::Start => {
            aws::loses_nothing(observed)?;
            aws::up(deployment, part, observed)
        }
        Purpose::Stop => aws::stop(deployment, part, observed),
        Purpose::Destroy => aws::destroy(deployment, part, observed, intent.data),
        // As on a host.
        Purpose::Upgrade | Purpose::Rollback | Purpose::Rehearse => Vec::new(),
        Purpose::Prune | Purpose::Backup | Purpose::Restore | Purpose::RotateLicense => Vec::new(),
    })
}

/// Takes the tokens that a run made, to be shown once.
///
/// # Errors
/// [`DriverError`] when one cannot be read or removed from where it waits.
pub async fn take_tokens(
    world: &World,
    deployment: &Deployment,
) -> Result<BTreeMap<String, Secret>, DriverError> {
    let mut tokens = BTreeMap::new();
    for part in hosts(deployment) {
        tokens.extend(host::take_tokens(deployment, part)?);
    }
    for part in clusters(deployment) {
        tokens.extend(kubernetes::take_tokens(world, deployment, part).await?);
    }
    for part in accounts(deployment) {
        tokens.extend(aws::take_tokens(world, deployment, part)?);
    }
    Ok(tokens)
}

/// Finds the programs that a deployment's targets need, for the doctor to judge.
pub async fn tools(world: &World, deployment: &Deployment) -> Vec<ToolSeen> {
    let mut all = Vec::new();
    for part in hosts(deployment) {
        all.extend(host::tools(world, deployment, part).await);
    }
    for part in clusters(deployment) {
        all.extend(kubernetes::tools(world, deployment, part).await);
    }
    for _ in accounts(deployment) {
        all.extend(aws::tools(world).await);
    }
    all
}

/// Looks at the clusters of a deployment, all at once, for the doctor to judge; changes nothing.
pub async fn examine(world: &World, deployment: &Deployment) -> Vec<ClusterSeen> {
    let looks = clusters(deployment).map(|part| kubernetes::examine(world, deployment, part));
    futures_util::future::join_all(looks)
        .await
        .into_iter()
        .flatten()
        .collect()
}

/// Looks at the accounts of a deployment, all at once, for the doctor to judge; changes nothing.
///
/// Where something is `installed`, what it needs is among what is there.
pub async fn examine_accounts(world: &World, deployment: &Deployment, installed: bool) -> Vec<AccountSeen> {
    let looks = accounts(deployment).map(|part| aws::examine(world, deployment, part, installed));
    futures_util::future::join_all(looks).await
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
pub async fn status(world: &World, deployment: &Deployment) -> Result<Vec<ComponentStatus>, DriverError> {
    let mut all = Vec::new();
    for part in hosts(deployment) {
        all.extend(host::status(world, deployment, part).await?);
    }
    for part in clusters(deployment) {
        all.extend(kubernetes::status(world, deployment, part).await?);
    }
    for part in accounts(deployment) {
        all.extend(aws::status(world, deployment, part).await?);
    }
    Ok(all)
}

/// Compares what is asked for, what was rendered and what is there; changes nothing.
///
/// # Errors
/// [`DriverError`] when something is there and cannot be looked at.
pub async fn drift(world: &World, drifting: Drifting<'_>) -> Result<Report, DriverError> {
    let mut report = match drifting.desired {
        Some((desired, artifacts)) => drift::pending(desired, artifacts, drifting.before),
        None => Report::default(),
    };
    let deployment = &drifting.before.deployment;
    for part in hosts(deployment) {
        let artifacts = drifting.before.artifacts.below(&part.name);
        let installed = Installed {
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
    for part in clusters(deployment) {
        let artifacts = drifting.before.artifacts.below(&part.name);
        let installed = Installed {
            deployment,
            part,
            artifacts: &artifacts,
        };
        report.extend(kubernetes::drift(world, installed, drifting.stopped).await?);
    }
    for part in accounts(deployment) {
        let artifacts = drifting.before.artifacts.below(&part.name);
        let installed = Installed {
            deployment,
            part,
            artifacts: &artifacts,
        };
        report.extend(aws::drift(world, installed, drifting.stopped).await?);
    }
    report.sort();
    Ok(report)
}

impl From<PlanError> for DriverError {
    fn from(error: PlanError) -> Self {
        Self::Plan(error)
    }
}
