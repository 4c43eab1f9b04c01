//! From one release to another, over those on the way, part by part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::edited::settled;
use super::host::{self, Observed};
use super::{
    Crossing, DataMove, DriverError, Edits, World, accounts, aws, clusters, hosts, kubernetes, plan_of,
    seen_of,
};
use crate::deployment::{Deployment, Part};
use crate::oci::Digest;
use crate::plan::{Plan, Purpose, Step};
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
    /// The files that the customer changed by hand.
    pub edits: Edits,
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
    let mut proxies = BTreeMap::new();
    for (index, stage) in stages.iter().enumerate() {
        let mut parts = Map::new();
        for part in hosts(&stage.deployment) {
            let artifacts = stage.artifacts.below(&part.name);
            let edits = stage.edits.part(&part.name);
            let known = host::Known { installed, edits };
            let mut seen = host::look(world, &stage.deployment, part, &artifacts, known).await?;
            if let Some(earlier) = index.checked_sub(1).and_then(|index| stages.get(index))
                && let Some(earlier_part) = earlier.deployment.parts.get(&part.name)
            {
                let earlier_artifacts = earlier.artifacts.below(&part.name);
                let earlier = (&earlier.deployment, earlier_part, &earlier_artifacts);
                let proxy = proxies.remove(&part.name);
                seen = host::after(seen, (&stage.deployment, part, &artifacts), earlier, proxy)?;
            }
            let saves = stage.data != DataMove::Keep;
            seen.sizes = host::sizes(saves.then_some(world), &stage.deployment, part).await?;
            proxies.extend(host::proxy(&seen).map(|proxy| (part.name.clone(), proxy)));
            parts.insert(part.name.clone(), serde_json::to_value(seen).unwrap_or_default());
        }
        for part in clusters(&stage.deployment) {
            let artifacts = stage.artifacts.below(&part.name);
            let edits = stage.edits.part(&part.name);
            let known = kubernetes::Known { installed, edits };
            let mut seen = kubernetes::look(world, &stage.deployment, part, &artifacts, known).await?;
            if let Some(earlier) = index.checked_sub(1).and_then(|index| stages.get(index))
                && let Some(earlier_part) = earlier.deployment.parts.get(&part.name)
            {
                let earlier_artifacts = earlier.artifacts.below(&part.name);
                let earlier = (&earlier.deployment, earlier_part, &earlier_artifacts);
                seen = kubernetes::after(seen, &stage.deployment, earlier)?;
            }
            parts.insert(part.name.clone(), serde_json::to_value(seen).unwrap_or_default());
        }
        for part in accounts(&stage.deployment) {
            let artifacts = stage.artifacts.below(&part.name);
            let mut seen = aws::look(world, &stage.deployment, part, &artifacts, installed).await?;
            if let Some(earlier) = index.checked_sub(1).and_then(|index| stages.get(index)) {
                seen = aws::after(seen, &earlier.deployment);
            }
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
    let seen = read(observed.clone())?;
    settled(&observed)?;
    let end = stages.last().ok_or(DriverError::NoStages)?;
    let mut steps = Vec::new();
    for part in end.deployment.parts.values() {
        let mut of_part = Vec::new();
        over(part, from, (stages, &seen), &mut of_part)?;
        steps.append(&mut of_part);
    }
    plan_of(purpose, &end.deployment, &end.artifacts, observed, steps)
}

/// Plans a rehearsal of all stages beside a live installation, on a copy of its data. Pure.
///
/// # Errors
/// As [`plan_stages`].
pub fn plan_rehearsal(live: &Deployment, stages: &[Stage], observed: Value) -> Result<Plan, DriverError> {
    let seen = read(observed.clone())?;
    let (first, end) = stages.first().zip(stages.last()).ok_or(DriverError::NoStages)?;
    if let Some(part) = clusters(&first.deployment)
        .chain(accounts(&first.deployment))
        .next()
    {
        return Err(DriverError::NoRehearsal {
            part: part.name.clone(),
        });
    }
    let mut steps = Vec::new();
    for part in hosts(&first.deployment) {
        let artifacts = first.artifacts.below(&part.name);
        let on_the_way = stages.len() > 1;
        let seen_first: Observed = observed_of(seen.first(), part)?;
        let of_first = (&first.deployment, part);
        let mut of_part = host::rehearse(of_first, &artifacts, &seen_first, live, on_the_way)?;
        let later = seen.get(1..).unwrap_or_default();
        over(part, &first.deployment, (&stages[1..], later), &mut of_part)?;
        steps.append(&mut of_part);
    }
    plan_of(
        Purpose::Rehearse,
        &end.deployment,
        &end.artifacts,
        observed,
        steps,
    )
}

/// Reads back what was seen.
fn read(observed: Value) -> Result<Vec<SeenStage>, DriverError> {
    let seen: Seen = serde_json::from_value(observed).map_err(|source| DriverError::Observation {
        part: "stages".to_owned(),
        source,
    })?;
    Ok(seen.stages)
}

fn observed_of<T: serde::de::DeserializeOwned>(
    seen: Option<&SeenStage>,
    part: &Part,
) -> Result<T, DriverError> {
    seen_of(part, seen.and_then(|seen| seen.parts.get(&part.name)))
}

/// Plans the way of a part over stages, behind the steps that are planned for it already.
fn over(
    part: &Part,
    from: &Deployment,
    (stages, seen): (&[Stage], &[SeenStage]),
    steps: &mut Vec<Step>,
) -> Result<(), DriverError> {
    let mut from = from;
    let nothing_before = steps.is_empty();
    for (index, stage) in stages.iter().enumerate() {
        let part = stage
            .deployment
            .parts
            .get(&part.name)
            .ok_or(DriverError::NoStages)?;
        let crossing = Crossing {
            from,
            data: &stage.data,
            first: nothing_before && index == 0,
            last: index + 1 == stages.len(),
        };
        let artifacts = stage.artifacts.below(&part.name);
        let to = (&stage.deployment, part);
        let seen = seen.get(index);
        match part.target {
            Some(Target::Host) => host::cross(to, &artifacts, &observed_of(seen, part)?, crossing, steps)?,
            Some(Target::Kubernetes) => {
                kubernetes::cross(to, &artifacts, &observed_of(seen, part)?, crossing, steps)?;
            }
            Some(Target::Aws) => {
                let seen = observed_of(seen, part)?;
                aws::loses_nothing(&seen)?;
                aws::cross(to.0, part, &seen, crossing, steps)?;
            }
            Some(Target::Azure | Target::Compose) | None => {}
        }
        from = &stage.deployment;
    }
    Ok(())
}
