//! Looking at the cluster: the one place of this driver that reads it before a run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cluster::{Cluster, not_found};
use super::error::ClusterError;
use super::objects::{documents, is_same, title};
use super::observe::{Observed, ObservedRelease, ObservedWorkload};
use super::place::Place;
use super::release::{deployed, stamp_of};
use super::render::{bundled, secret_key};
use super::secrets::{files, in_form, keys};
use super::workload::{is_ready, is_wanted, workloads};
use crate::deployment::{Deployment, Part, SecretForm};
use crate::drivers::secrets::given;
use crate::drivers::{Likeness, World};
use crate::edits::Edit;
use crate::render::Artifacts;
use crate::secret::Secret;
use crate::tools::HelmRelease;

/// What is known of a part before it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The version that the history says is installed.
    pub installed: Option<&'a str>,
    /// The objects that somebody changed by hand.
    pub edits: &'a BTreeMap<String, Edit>,
}

/// Looks at everything that a plan for this part depends on.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked; what is not there is data.
pub async fn look(
    world: &World,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    known: Known<'_>,
) -> Result<Observed, ClusterError> {
    let place = place(deployment, part)?;
    let cluster = Cluster::connect(world, &place)?;
    // Each of these asks the cluster on its own.
    let (tools, namespace, secrets, files, services, release, workloads, snapshots) = tokio::try_join!(
        tools(&cluster),
        has_namespace(&cluster),
        look_at_secrets(world, &cluster, deployment, part),
        look_at_files(world, &cluster, part, artifacts),
        look_at_release(&cluster, place.services(), !bundled(deployment, part).is_empty()),
        look_at_release(&cluster, place.name.clone(), true),
        look_at_workloads(&cluster, deployment, part),
        has_snapshots(&cluster),
    )?;
    Ok(Observed {
        installed: known.installed.map(str::to_owned),
        tools,
        namespace,
        secrets,
        files,
        services,
        release,
        workloads,
        snapshots,
        edits: known.edits.clone(),
    })
}

/// Reads the names of a part whose options were checked when it was decided.
pub(super) fn place(deployment: &Deployment, part: &Part) -> Result<Place, ClusterError> {
    Place::of(deployment, part).map_err(|error| ClusterError::Strange {
        because: error.to_string(),
    })
}

async fn tools(cluster: &Cluster) -> Result<BTreeMap<String, String>, ClusterError> {
    let asking = "ask the cluster for its version";
    let (helm, kubernetes) = tokio::join!(
        cluster.helm.version(&cluster.cancel),
        cluster.api.version(&cluster.cancel)
    );
    let kubernetes = kubernetes.map_err(ClusterError::tool(asking))?;
    let helm = helm.map_err(ClusterError::tool("ask helm for its version"))?;
    Ok(BTreeMap::from([
        ("helm".to_owned(), helm.to_string()),
        ("kubernetes".to_owned(), kubernetes.to_string()),
    ]))
}

async fn has_namespace(cluster: &Cluster) -> Result<bool, ClusterError> {
    let name = &cluster.place.options.namespace;
    let found = cluster.api.get("namespace", name, &cluster.cancel).await;
    let found = found.map_err(ClusterError::tool(format!("read the namespace {name}")))?;
    Ok(found.is_some())
}

async fn has_snapshots(cluster: &Cluster) -> Result<bool, ClusterError> {
    let name = cluster.place.snapshots();
    let found = cluster
        .api
        .get("persistentvolumeclaim", &name, &cluster.cancel)
        .await;
    let found = found.map_err(ClusterError::tool(format!("read the volume {name}")))?;
    Ok(found.is_some())
}

/// Compares every entry with its source; a source that cannot be read is taken as unchanged where there is an entry.
pub(super) async fn look_at_secrets(
    world: &World,
    cluster: &Cluster,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, Likeness>, ClusterError> {
    let there = cluster
        .secret(&cluster.place.secrets())
        .await?
        .unwrap_or_default();
    let mut seen = BTreeMap::new();
    for (form, name) in keys(deployment, part) {
        let Some(origin) = deployment.secrets.get(&name) else {
            continue;
        };
        let key = secret_key(form, &name);
        let wanted = match given(world, &name, origin) {
            Ok(Some(value)) => Some(in_form(form, value.expose())),
            // One that was made has its plain value in the entry beside it.
            Ok(None) if form == SecretForm::Url => {
                there.get(&name).map(|value| in_form(form, value.expose()))
            }
            _ => None,
        };
        seen.insert(key.clone(), compare(there.get(&key), wanted.as_deref()));
    }
    Ok(seen)
}

fn compare(found: Option<&Secret>, wanted: Option<&str>) -> Likeness {
    match (found, wanted) {
        (None, _) => Likeness::Absent,
        (Some(found), Some(wanted)) if found.expose() != wanted => Likeness::Different,
        _ => Likeness::Same,
    }
}

pub(super) async fn look_at_files(
    world: &World,
    cluster: &Cluster,
    part: &Part,
    artifacts: &Artifacts,
) -> Result<BTreeMap<String, Likeness>, ClusterError> {
    let files = files(part, &cluster.place);
    if files.is_empty() {
        return Ok(BTreeMap::new());
    }
    let names = (cluster.place.files(), cluster.place.secrets());
    let (there, secrets) = tokio::try_join!(cluster.secret(&names.0), cluster.secret(&names.1))?;
    let (there, secrets) = (there.unwrap_or_default(), secrets.unwrap_or_default());
    let mut seen = BTreeMap::new();
    for (key, artifact) in &files.rendered {
        let text = artifacts
            .get(artifact)
            .map_or("", |artifact| artifact.text.as_str());
        let wanted = super::perform::fill(text, &secrets).ok();
        let likeness = match &wanted {
            Some(wanted) => compare(there.get(key), Some(wanted.expose())),
            None => Likeness::Absent,
        };
        seen.insert(key.clone(), likeness);
    }
    for (key, source) in &files.given {
        let wanted = fs_err::read_to_string(world.answers.join(source)).ok();
        seen.insert(key.clone(), compare(there.get(key), wanted.as_deref()));
    }
    Ok(seen)
}

async fn look_at_release(
    cluster: &Cluster,
    name: String,
    wanted: bool,
) -> Result<ObservedRelease, ClusterError> {
    if !wanted {
        return Ok(ObservedRelease::default());
    }
    let history = cluster.api.releases(&name, &cluster.cancel).await;
    let history = history.map_err(ClusterError::tool(format!("read the revisions of {name}")))?;
    let found = deployed(&history);
    let gone = match found {
        Some(release) => gone(cluster, release).await?,
        None => Vec::new(),
    };
    Ok(ObservedRelease {
        deployed: found.is_some(),
        gone,
        stamp: found.and_then(|release| stamp_of(&history, release)),
        pending: history.last().is_some_and(HelmRelease::is_pending),
    })
}

/// Lists the objects of a release that are not there any more.
pub(super) async fn gone(cluster: &Cluster, release: &HelmRelease) -> Result<Vec<String>, ClusterError> {
    let placed = documents(&release.manifest)?;
    if placed.is_empty() {
        return Ok(Vec::new());
    }
    // Of a kind that the cluster knows no more nothing can be asked, nor brought back.
    let Ok(live) = cluster.api.get_all(&release.manifest, &cluster.cancel).await else {
        return Ok(Vec::new());
    };
    let is_gone = |object: &&Value| live.iter().all(|found| !is_same(found, object));
    let mut gone: Vec<String> = placed.iter().filter(is_gone).map(title).collect();
    gone.sort();
    Ok(gone)
}

async fn look_at_workloads(
    cluster: &Cluster,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, ObservedWorkload>, ClusterError> {
    let listed = cluster
        .api
        .list("deployments,statefulsets", "", &cluster.cancel)
        .await;
    let listed: Vec<Value> = match listed {
        Ok(listed) => listed,
        Err(error) if not_found(&error) => Vec::new(),
        Err(error) => return Err(ClusterError::tool("list the workloads")(error)),
    };
    let mut seen = BTreeMap::new();
    for workload in workloads(deployment, part, &cluster.place) {
        let found = listed.iter().find(|object| workload.is(object));
        let observed = found.map_or_else(ObservedWorkload::default, |object| ObservedWorkload {
            installed: true,
            wanted: is_wanted(object),
            ready: is_ready(object),
        });
        seen.insert(workload.0.subject, observed);
    }
    Ok(seen)
}
