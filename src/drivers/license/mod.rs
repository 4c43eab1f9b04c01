//! Licenses of what runs: who takes a new one, what is in force, and the plan that changes it.

mod hand;

pub use hand::HandError;
pub(super) use hand::{client, hand};

use std::collections::BTreeMap;

use serde_json::Value;

use super::secrets::given;
use super::{DriverError, SecretError, World, accounts, clusters, host, hosts, kubernetes, plan_of, seen_of};
use crate::deployment::{Deployment, Part};
use crate::plan::{LicenseReload, Plan, Purpose};
use crate::render::Artifacts;
use crate::secret::Secret;

/// Lists the components of a part that take a license while they run.
pub(super) fn reloads(deployment: &Deployment, part: &Part) -> Vec<LicenseReload> {
    let taken = |(service, license, secret): (&String, &crate::deployment::ResolvedService, &str)| {
        let reload = license.reload.as_ref()?;
        let component = part
            .components
            .iter()
            .find(|component| component.name == reload.component)?;
        let probes = component.health.startup.iter().chain(&component.health.readiness);
        Some(LicenseReload {
            service: service.clone(),
            secret: secret.to_owned(),
            component: component.name.clone(),
            port: component.ports.get(&reload.port)?.number,
            path: reload.path.clone(),
            within: probes.map(|probe| probe.within).sum::<u32>().max(LEAST),
        })
    };
    deployment.licenses().filter_map(taken).collect()
}

/// The least seconds that an instance is given to answer.
const LEAST: u32 = 30;

/// Plans putting the licenses in force that the deployment's secrets lead to, and nothing else. Pure.
///
/// # Errors
/// [`DriverError::NotRunning`] when what takes a new license does not run; [`DriverError`] when an option is not usable.
pub fn plan_rotation(
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    let mut steps = Vec::new();
    for part in hosts(deployment) {
        let seen = seen_of(part, observed.get(&part.name))?;
        steps.extend(host::rotate(
            deployment,
            part,
            &artifacts.below(&part.name),
            &seen,
        )?);
    }
    for part in clusters(deployment) {
        let seen = seen_of(part, observed.get(&part.name))?;
        steps.extend(kubernetes::rotate(
            deployment,
            part,
            &artifacts.below(&part.name),
            &seen,
        )?);
    }
    if let Some(part) = accounts(deployment).next() {
        return Err(DriverError::NoRotation {
            part: part.name.clone(),
        });
    }
    plan_of(Purpose::RotateLicense, deployment, artifacts, observed, steps)
}

/// Reads the licenses that the customer gives, by service.
///
/// # Errors
/// [`SecretError`] when one is not where the answers say.
pub fn given_licenses(
    world: &World,
    deployment: &Deployment,
) -> Result<BTreeMap<String, Secret>, SecretError> {
    let mut tokens = BTreeMap::new();
    for (service, _, secret) in deployment.licenses() {
        if let Some(origin) = deployment.secrets.get(secret)
            && let Some(token) = given(world, secret, origin)?
        {
            tokens.insert(service.clone(), token);
        }
    }
    Ok(tokens)
}

/// Reads the licenses that targets keep for what runs, by service.
///
/// # Errors
/// [`DriverError`] when a target cannot be asked.
pub async fn stored_licenses(
    world: &World,
    deployment: &Deployment,
) -> Result<BTreeMap<String, Secret>, DriverError> {
    let mut stored = BTreeMap::new();
    for part in hosts(deployment) {
        stored.extend(host::stored(deployment, part)?);
    }
    for part in clusters(deployment) {
        stored.extend(kubernetes::stored(world, deployment, part).await?);
    }
    let token = |(service, _, secret): (&String, &_, &str)| Some((service.clone(), stored.remove(secret)?));
    Ok(deployment.licenses().filter_map(token).collect())
}
