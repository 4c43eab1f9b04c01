//! Looking at a cluster before anything is applied, for the doctor to judge.
//!
//! Everything that does not rest on another answer is asked at once, each with a time limit. Nothing is changed: reviews
//! and dry runs are all that is sent.

mod admission;
mod images;
mod manifests;
mod needs;
mod objects;
mod rights;

use std::time::Duration;

use serde_json::Value;

use super::cluster::Cluster;
use super::look::place;
use super::place::Expose;
use crate::deployment::{Deployment, Part};
use crate::doctor::{ClusterFound, ClusterNeeds, ClusterSeen, Looked, VersionsSeen};
use crate::drivers::World;
use crate::render::Artifacts;
use crate::run::chain_text;
use crate::tools::{CancelToken, ClusterApi, ToolError};

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(8);

/// Looks at everything in a part's cluster that could be in its way; none when a program is missing.
pub async fn examine(world: &World, deployment: &Deployment, part: &Part) -> Option<ClusterSeen> {
    let mut seen = ClusterSeen {
        part: part.name.clone(),
        namespace: String::new(),
        context: None,
        versions: Err(String::new()),
        needs: Err(String::new()),
        found: ClusterFound::default(),
    };
    let place = match place(deployment, part) {
        Ok(place) => place,
        Err(error) => {
            seen.versions = Err(chain_text(&error));
            return Some(seen);
        }
    };
    seen.namespace.clone_from(&place.options.namespace);
    let mut cluster = Cluster::connect(world, &place).ok()?;
    cluster.api = cluster.api.with_patience(PATIENCE);
    let ask = Ask {
        cluster: &cluster,
        api: &cluster.api,
        cancel: &cluster.cancel,
    };
    let (context, client, server) = tokio::join!(
        cluster.kubectl.context(&cluster.cancel),
        cluster.kubectl.client_version(&cluster.cancel),
        cluster.api.version(&cluster.cancel)
    );
    let named = place.options.context.clone();
    seen.context = context.ok().filter(|name| !name.is_empty()).or(named);
    let versions = server.and_then(|server| {
        Ok(VersionsSeen {
            client: client?,
            server,
        })
    });
    seen.versions = versions.map_err(|error| why(&error));
    let Ok(versions) = &seen.versions else {
        return Some(seen);
    };
    let server = versions.server.clone();
    let (ground, (needs, rest)) = tokio::join!(
        objects::look(&ask),
        rendered(&ask, world, (deployment, part), &server)
    );
    seen.needs = needs;
    seen.found = ClusterFound {
        user: rest.user,
        rights: rest.rights,
        metrics: rest.metrics,
        admission: rest.admission,
        images: rest.images,
        ..ground
    };
    Some(seen)
}

/// Asks what rests on the rendered manifests.
async fn rendered(
    ask: &Ask<'_>,
    world: &World,
    (deployment, part): (&Deployment, &Part),
    server: &semver::Version,
) -> (Looked<ClusterNeeds>, ClusterFound) {
    let mut found = ClusterFound::default();
    let artifacts = match super::render::render(deployment, part) {
        Ok(artifacts) => artifacts,
        Err(error) => return (Err(error.to_string()), found),
    };
    let oldest = needs::oldest(&artifacts);
    let version = oldest
        .clone()
        .map_or(server.clone(), |oldest| oldest.max(server.clone()));
    let manifests = match manifests(ask, &artifacts, &version).await {
        Ok(manifests) => manifests,
        Err(why) => return (Err(why), found),
    };
    let mut needs = needs::of(&ask.cluster.place, &manifests);
    needs.oldest = oldest;
    let namespace = ask.get("namespace", &ask.cluster.place.options.namespace).await;
    let there = matches!(namespace, Ok(Some(_)));
    let made = matches!(namespace, Ok(None));
    let licenses = !crate::drivers::license::reloads(deployment, part).is_empty();
    let (rights, admission, images, existing, metrics) = tokio::join!(
        rights::ask(ask, &manifests, (made, licenses)),
        admission::ask(ask, &manifests, there),
        images::ask(ask, world, part, &manifests),
        objects::existing(ask),
        metrics(ask, needs.autoscaling),
    );
    needs::mark(&mut needs, &existing);
    (found.user, found.rights) = rights;
    found.admission = admission;
    found.images = images;
    found.metrics = metrics;
    (Ok(needs), found)
}

/// Renders the charts as this cluster would have them.
async fn manifests(
    ask: &Ask<'_>,
    artifacts: &Artifacts,
    version: &semver::Version,
) -> Looked<manifests::Manifests> {
    let groups = ask.api.groups(ask.cancel).await.map_err(|error| why(&error))?;
    manifests::render(ask, artifacts, version, &groups).await
}

async fn metrics(ask: &Ask<'_>, wanted: bool) -> Option<Looked<()>> {
    if !wanted {
        return None;
    }
    Some(ask.raw("/apis/metrics.k8s.io/v1beta1").await.map(drop))
}

/// Asks a cluster, and says in words why there is no answer.
pub(super) struct Ask<'a> {
    cluster: &'a Cluster,
    api: &'a ClusterApi,
    cancel: &'a CancelToken,
}

impl Ask<'_> {
    async fn get(&self, kind: &str, name: &str) -> Looked<Option<Value>> {
        let found = self.api.get(kind, name, self.cancel).await;
        found.map_err(|error| why(&error))
    }

    async fn list(&self, kinds: &str, labels: &str) -> Looked<Vec<Value>> {
        let found = self.api.list(kinds, labels, self.cancel).await;
        found.map_err(|error| why(&error))
    }

    async fn raw(&self, path: &str) -> Looked<Value> {
        let found = self.api.raw(path, self.cancel).await;
        let text = found.map_err(|error| why(&error))?;
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    /// Says whether it is exposed by an Ingress, a route, or not at all.
    fn expose(&self) -> Expose {
        self.cluster.place.options.expose
    }
}

/// Writes why a program failed: what it said last, where it said something.
fn why(error: &ToolError) -> String {
    let said = match error {
        ToolError::Failed { said, .. } | ToolError::Refused { said, .. } => said.0.last().map(String::as_str),
        _ => None,
    };
    let Some(said) = said else {
        return chain_text(error);
    };
    plain(said).to_owned()
}

/// Takes away what kubectl and helm put before what they have to say.
fn plain(line: &str) -> &str {
    line.trim_start_matches("error: ").trim_start_matches("Error: ")
}
