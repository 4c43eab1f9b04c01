//! From one release to another, over those on the way, part by part.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::DriverError;
use super::host::{self, Crossing, DataMove, Observed, World};
use crate::deployment::{Deployment, Part};
use crate::oci::Digest;
use crate::plan::{Draft, Plan, Purpose};
use crate::product::Target;
use crate::render::Artifacts;

/// A release on the way, or the one at its end.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Everything decided.
    pub deployment: Deployment,
    /// What was rendered.
    pub artifacts: Artifacts,
    /// What becomes of the data on the way to it.
    pub data: DataMove,
}

/// What was seen for all stages, as the plan keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    stages: Vec<SeenStage>,
}

/// What was seen for a stage.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenStage {
    version: String,
    deployment: Digest,
    artifacts: Digest,
    parts: Map<String, Value>,
}

/// Looks at the world for each stage; what a stage will find after the one before it is worked out.
///
/// # Errors
/// [`DriverError`] when something is there and cannot be looked at.
pub async fn observe_stages(
    world: &World,
    stages: &[Stage],
    installed: Option<&str>,
) -> Result<Value, DriverError> {
    let mut all = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let mut parts = Map::new();
        for part in hosts(&stage.deployment) {
            let artifacts = stage.artifacts.below(&part.name);
            let mut seen = host::look(world, &stage.deployment, part, &artifacts, installed).await?;
            if let Some(earlier) = index.checked_sub(1).and_then(|index| stages.get(index))
                && let Some(earlier_part) = earlier.deployment.parts.get(&part.name)
            {
                let earlier_artifacts = earlier.artifacts.below(&part.name);
                let earlier = (&earlier.deployment, earlier_part, &earlier_artifacts);
                seen = host::after(seen, (&stage.deployment, part, &artifacts), earlier)?;
            }
            seen.sizes = host::sizes(&stage.deployment, part).await?;
            parts.insert(part.name.clone(), serde_json::to_value(seen).unwrap_or_default());
        }
        all.push(SeenStage {
            version: stage.deployment.version.to_string(),
            deployment: stage.deployment.digest(),
            artifacts: stage.artifacts.digest(),
            parts,
        });
    }
    Ok(serde_json::to_value(Seen { stages: all }).unwrap_or_default())
}

/// Plans the way from one release over all stages to the last. Pure.
///
/// # Errors
/// [`DriverError`] when an option is not usable or, by a mistake of ours, the steps have no order.
pub fn plan_stages(
    purpose: Purpose,
    from: &Deployment,
    stages: &[Stage],
    observed: Value,
) -> Result<Plan, DriverError> {
    let seen: Seen = serde_json::from_value(observed.clone()).map_err(|source| DriverError::Observation {
        part: "stages".to_owned(),
        source,
    })?;
    let end = stages.last().ok_or(DriverError::NoStages)?;
    let mut steps = Vec::new();
    for part in hosts(&end.deployment) {
        let mut of_part = Vec::new();
        let mut from = from;
        for (index, (stage, seen)) in stages.iter().zip(&seen.stages).enumerate() {
            let part = stage
                .deployment
                .parts
                .get(&part.name)
                .ok_or(DriverError::NoStages)?;
            let seen = seen.parts.get(&part.name).cloned().unwrap_or_default();
            let seen: Observed = serde_json::from_value(seen).map_err(|source| DriverError::Observation {
                part: part.name.clone(),
                source,
            })?;
            let crossing = Crossing {
                from,
                data: &stage.data,
                first: index == 0,
                last: index + 1 == stages.len(),
            };
            let artifacts = stage.artifacts.below(&part.name);
            host::cross(
                (&stage.deployment, part),
                &artifacts,
                &seen,
                crossing,
                &mut of_part,
            )?;
            from = &stage.deployment;
        }
        steps.append(&mut of_part);
    }
    let draft = Draft {
        purpose,
        installation: end.deployment.name.clone(),
        release: format!("{} {}", end.deployment.title, end.deployment.version),
        deployment: end.deployment.digest(),
        artifacts: end.artifacts.digest(),
        observed,
        steps,
    };
    Ok(Plan::new(draft)?)
}

fn hosts(deployment: &Deployment) -> impl Iterator<Item = &Part> {
    deployment
        .parts
        .values()
        .filter(|part| part.target == Some(Target::Host))
}
