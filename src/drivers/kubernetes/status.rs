//! How the components in a cluster are, and the tokens that were made.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cluster::Cluster;
use super::error::ClusterError;
use super::look::place;
use super::perform::{pods, waiting};
use super::workload::{is_ready, is_wanted, name, waits_for, workloads};
use crate::deployment::{Deployment, Part};
use crate::drivers::{ComponentStatus, World};
use crate::secret::Secret;

/// Asks the cluster for every workload of a part.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked.
pub async fn status(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<Vec<ComponentStatus>, ClusterError> {
    let place = place(deployment, part)?;
    let cluster = Cluster::connect(world, &place)?;
    let kinds = "deployments,statefulsets,pods";
    let objects = cluster.api.list(kinds, "", &cluster.cancel).await;
    let objects = objects.map_err(ClusterError::tool("look at the workloads"))?;
    let mut all = Vec::new();
    for workload in workloads(deployment, part, &place) {
        let subject = workload.0.subject.clone();
        let component = part.components.iter().find(|component| component.name == subject);
        let title = component.map_or_else(
            || {
                deployment
                    .services
                    .get(&subject)
                    .map_or("", |service| service.title.as_str())
            },
            |component| component.title.as_str(),
        );
        let found = objects.iter().find(|object| workload.is(object));
        let (state, healthy, detail) = match found {
            None => ("not installed", None, String::new()),
            Some(object) if !is_wanted(object) => ("stopped", None, String::new()),
            Some(object) => {
                let ready = is_ready(object);
                (
                    if ready { "running" } else { "not ready" },
                    Some(ready),
                    detail(&objects, &workload.0),
                )
            }
        };
        let version = match (component, found) {
            (Some(component), Some(_)) => version(&cluster, component, &objects, &workload.0).await,
            _ => None,
        };
        all.push(ComponentStatus {
            part: part.name.clone(),
            name: subject.clone(),
            title: title.to_owned(),
            state: state.to_owned(),
            healthy,
            version,
            detail,
        });
    }
    Ok(all)
}

/// Says how many pods are ready, and what the first that is not waits for.
fn detail(objects: &[Value], workload: &crate::plan::Workload) -> String {
    let pods: Vec<&Value> = pods(objects, workload).collect();
    let ready = pods.iter().filter(|pod| waits_for(pod).is_none()).count();
    let waiting = pods
        .iter()
        .find_map(|pod| Some(format!(", {}: {}", name(pod), waits_for(pod)?)));
    format!(
        "{ready} of {} pods ready{}",
        pods.len(),
        waiting.unwrap_or_default()
    )
}

async fn version(
    cluster: &Cluster,
    component: &crate::deployment::ResolvedComponent,
    objects: &[Value],
    workload: &crate::plan::Workload,
) -> Option<String> {
    let probe = component.version.as_ref()?;
    let port = component.ports.get(&probe.port)?.number;
    let pod = pods(objects, workload).find(|pod| waits_for(pod).is_none())?;
    let namespace = &cluster.place.options.namespace;
    let url = format!(
        "/api/v1/namespaces/{namespace}/pods/http:{}:{port}/proxy{}",
        name(pod),
        probe.path
    );
    let told = cluster.api.raw(&url, &cluster.cancel).await.ok()?;
    let told: Value = serde_json::from_str(&told).ok()?;
    told.get("version")?.as_str().map(str::to_owned)
}

/// Takes the tokens that were made and not yet shown; afterwards nobody can read them any more.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked.
pub async fn take_tokens(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, Secret>, ClusterError> {
    let made = |origin: &crate::deployment::SecretOrigin| {
        matches!(origin, crate::deployment::SecretOrigin::Token(_))
    };
    if !deployment.secrets.values().any(made) {
        return Ok(BTreeMap::new());
    }
    let cluster = Cluster::connect(world, &place(deployment, part)?)?;
    let object = waiting(&cluster.place.secrets());
    let Some(tokens) = cluster.secret(&object).await? else {
        return Ok(BTreeMap::new());
    };
    let removed = cluster
        .kubectl
        .delete("secret", &[&object], &cluster.cancel)
        .await;
    removed.map_err(ClusterError::tool("remove the tokens that are shown now"))?;
    Ok(tokens)
}

/// Reads the secrets of a part that hold licenses.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked. One that is not there is left out.
pub async fn stored(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, Secret>, ClusterError> {
    let mut names = deployment.licenses().map(|(.., name)| name).peekable();
    if names.peek().is_none() {
        return Ok(BTreeMap::new());
    }
    let cluster = Cluster::connect(world, &place(deployment, part)?)?;
    let mut there = cluster
        .secret(&cluster.place.secrets())
        .await?
        .unwrap_or_default();
    Ok(names
        .filter_map(|name| Some((name.to_owned(), there.remove(name)?)))
        .collect())
}
