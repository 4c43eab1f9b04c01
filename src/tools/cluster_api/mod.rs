//! The API of a Kubernetes cluster, asked from this process.
//!
//! A look at a cluster is dozens of requests. Through `kubectl` each would be a program of its own, which logs in and
//! learns the cluster's kinds anew; here they share one connection. Who logs in, and how, is the kubeconfig's, as ever.

mod kinds;
mod login;
mod releases;
mod request;
#[cfg(test)]
mod tests;

pub use releases::HelmRelease;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use hyper::http::Method;
use kube_client::Client;
use semver::Version;
use serde::Deserialize as _;
use serde_json::Value;
use tokio::sync::OnceCell;

use self::kinds::{Kind, Kinds};
use self::request::{Ask, Wanted};
use super::access::ClusterAccess;
use super::cancel::CancelToken;
use super::error::ToolError;
use crate::secret::Secret;

/// The name under which what Landfall applies is noted at the objects' fields.
const MANAGER: &str = "landfall";
/// How long an answer may take, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a component behind the cluster's proxy may take.
const PROXIED: Duration = Duration::from_secs(15);

/// Speaks to one cluster, about one namespace in it. Clones share a connection and what is known of the cluster's kinds.
#[derive(Clone)]
pub struct ClusterApi {
    access: ClusterAccess,
    patience: Option<Duration>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    client: OnceCell<Client>,
    kinds: OnceCell<Kinds>,
    version: OnceCell<Version>,
}

impl std::fmt::Debug for ClusterApi {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ClusterApi")
            .field("context", &self.access.context)
            .field("namespace", &self.access.namespace)
            .finish_non_exhaustive()
    }
}

impl ClusterApi {
    /// Takes the cluster to speak to; nothing is asked yet.
    pub fn new(access: ClusterAccess) -> Self {
        Self {
            access,
            patience: None,
            shared: Arc::default(),
        }
    }

    /// Says whether it speaks to the cluster, and about the namespace, that are meant.
    pub fn is_of(&self, access: &ClusterAccess) -> bool {
        self.access == *access
    }

    /// Speaks to the same cluster, and waits for each answer so long at the most.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// Speaks to the same cluster, about another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        let mut other = self.clone();
        other.access.namespace = namespace.to_owned();
        other
    }

    /// Asks for the version of the cluster, once.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be reached, or says no version.
    pub async fn version(&self, cancel: &CancelToken) -> Result<Version, ToolError> {
        let version = self
            .shared
            .version
            .get_or_try_init(|| self.ask_version(cancel))
            .await;
        version.cloned()
    }

    async fn ask_version(&self, cancel: &CancelToken) -> Result<Version, ToolError> {
        let patience = self.patience.unwrap_or(PROXIED);
        let ask = Ask::new("asking the cluster for its version", patience, cancel);
        let answer = self.json(&ask, Wanted::get("/version".to_owned())).await?;
        let version = answer.get("gitVersion").and_then(Value::as_str);
        // Providers add to it: `v1.31.2-eks-7f9249a`, `v1.30.5-gke.1443001`.
        let plain = version.and_then(|text| text.trim_start_matches('v').split(['-', '+']).next());
        plain
            .and_then(|text| Version::parse(text).ok())
            .ok_or_else(|| ToolError::Version {
                program: "the cluster".to_owned(),
            })
    }

    /// Lists the groups of the cluster's kinds with their versions, such as `apps/v1`.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked.
    pub async fn groups(&self, cancel: &CancelToken) -> Result<Vec<String>, ToolError> {
        let ask = self.ask("asking the cluster what it knows", cancel);
        Ok(self.kinds(&ask).await?.groups())
    }

    /// Reads an object; none when it is not there.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked.
    pub async fn get(
        &self,
        kind: &str,
        name: &str,
        cancel: &CancelToken,
    ) -> Result<Option<Value>, ToolError> {
        let ask = self.ask(format!("reading {kind} {name}"), cancel);
        let kind = self.named(&ask, kind).await?;
        let wanted = Wanted::get(kind.path(&self.access.namespace, Some(name)));
        Ok(there(self.json(&ask, wanted).await)?.map(without_managers))
    }

    /// Reads the objects of a manifest with notes of who set which field; those that are not there are left out.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked, or does not know a kind.
    pub async fn get_all(&self, manifest: &str, cancel: &CancelToken) -> Result<Vec<Value>, ToolError> {
        let ask = self.ask("reading what was placed", cancel);
        let read = |object: Value| {
            let ask = &ask;
            async move {
                let kind = self.kind_of(ask, &object).await?;
                let path = kind.path(self.namespace_of(&object), Some(name_of(&object)));
                there(self.json(ask, Wanted::get(path)).await)
            }
        };
        let read = join_all(objects(&ask, manifest)?.into_iter().map(read)).await;
        read.into_iter().filter_map(Result::transpose).collect()
    }

    /// Lists objects of one or several kinds, given as `deployments,pods`, that have labels.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked.
    pub async fn list(
        &self,
        kinds: &str,
        labels: &str,
        cancel: &CancelToken,
    ) -> Result<Vec<Value>, ToolError> {
        let ask = self.ask(format!("listing {kinds}"), cancel);
        let listed = kinds.split(',').map(|kind| {
            let ask = &ask;
            async move {
                let kind = self.named(ask, kind).await?;
                let wanted = Wanted::get(kind.path(&self.access.namespace, None));
                let mut answer = self.json(ask, wanted.with("labelSelector", labels)).await?;
                let items = answer.get_mut("items").map(Value::take);
                let Some(Value::Array(items)) = items else {
                    return Ok(Vec::new());
                };
                // In a list they do not say themselves what they are.
                Ok(items
                    .into_iter()
                    .map(|item| without_managers(kind.written_on(item)))
                    .collect())
            }
        });
        let listed: Result<Vec<Vec<Value>>, ToolError> = join_all(listed).await.into_iter().collect();
        Ok(listed?.into_iter().flatten().collect())
    }

    /// Reads a path of the cluster's API; with it also a component's port, through the API server.
    ///
    /// # Errors
    /// [`ToolError`] when it is not answered with success.
    pub async fn raw(&self, path: &str, cancel: &CancelToken) -> Result<String, ToolError> {
        let ask = Ask::new(format!("asking {path}"), self.patience.unwrap_or(PROXIED), cancel);
        self.text(&ask, Wanted::get(path.to_owned())).await
    }

    /// Makes objects, or brings them in line, and takes over fields that others hold.
    ///
    /// # Errors
    /// [`ToolError`] with what the cluster said.
    pub async fn apply(&self, manifest: Secret, what: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let ask = self.ask(format!("applying {what}"), cancel);
        for object in objects(&ask, manifest.expose())? {
            self.patch(&ask, &object, &[("fieldManager", MANAGER)]).await?;
        }
        Ok(())
    }

    /// Asks the cluster what it would make of manifests, defaults and admission included; nothing is changed.
    ///
    /// # Errors
    /// [`ToolError`] with everything that the cluster refuses.
    pub async fn dry_run(&self, manifest: &str, cancel: &CancelToken) -> Result<Vec<Value>, ToolError> {
        let ask = self.ask("asking the cluster what it would make of it", cancel);
        let objects = objects(&ask, manifest)?;
        let dry = [("fieldManager", "helm"), ("dryRun", "All")];
        let made = objects.iter().map(|object| self.patch(&ask, object, &dry));
        let made = request::together(join_all(made).await)?;
        Ok(made.into_iter().map(without_managers).collect())
    }

    /// Makes objects that must not be there yet.
    ///
    /// # Errors
    /// [`ToolError`] with what the cluster said, also when one is there.
    pub async fn create(&self, manifest: &str, what: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let ask = self.ask(format!("creating {what}"), cancel);
        for object in objects(&ask, manifest)? {
            self.post(&ask, &object, &[("fieldValidation", "Strict")]).await?;
        }
        Ok(())
    }

    /// Hands in reviews, which change nothing, and returns them answered, in their order.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked.
    pub async fn review(&self, reviews: &[Value], cancel: &CancelToken) -> Result<Vec<Value>, ToolError> {
        let ask = self.ask("asking what one may do", cancel);
        let answers = reviews.iter().map(|review| self.post(&ask, review, &[]));
        join_all(answers).await.into_iter().collect()
    }

    /// Asks the cluster whether it would make objects that are not there yet; nothing is made.
    ///
    /// # Errors
    /// [`ToolError`] with everything that the cluster refuses.
    pub async fn rehearse(&self, objects: &[Value], cancel: &CancelToken) -> Result<(), ToolError> {
        let ask = self.ask("asking the cluster what it would refuse", cancel);
        let made = objects
            .iter()
            .map(|object| self.post(&ask, object, &[("dryRun", "All")]));
        request::together(join_all(made).await).map(drop)
    }

    /// Brings an object in line by server-side apply.
    async fn patch(
        &self,
        ask: &Ask<'_>,
        object: &Value,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ToolError> {
        let kind = self.kind_of(ask, object).await?;
        let path = kind.path(self.namespace_of(object), Some(name_of(object)));
        let applied = [("force", "true"), ("fieldValidation", "Strict")];
        let wanted = Wanted::sent(Method::PATCH, path, object);
        self.json(ask, wanted.with_all(&applied).with_all(parameters))
            .await
    }

    async fn post(
        &self,
        ask: &Ask<'_>,
        object: &Value,
        parameters: &[(&str, &str)],
    ) -> Result<Value, ToolError> {
        let kind = self.kind_of(ask, object).await?;
        let path = kind.path(self.namespace_of(object), None);
        let wanted = Wanted::sent(Method::POST, path, object);
        self.json(ask, wanted.with_all(parameters)).await
    }

    fn ask<'a>(&self, doing: impl Into<String>, cancel: &'a CancelToken) -> Ask<'a> {
        Ask::new(doing, self.patience.unwrap_or(PATIENCE), cancel)
    }

    fn namespace_of<'a>(&'a self, object: &'a Value) -> &'a str {
        let own = object.pointer("/metadata/namespace").and_then(Value::as_str);
        own.unwrap_or(&self.access.namespace)
    }

    /// Finds a kind by one of the names that `kubectl` takes: `pods`, `deployment`, `clusterissuers.cert-manager.io`.
    async fn named(&self, ask: &Ask<'_>, name: &str) -> Result<Kind, ToolError> {
        let found = self.kinds(ask).await?.named(name);
        found.ok_or_else(|| ask.unknown(format!("the server doesn't have a resource type \"{name}\"")))
    }

    /// Finds the kind that an object says to be of.
    async fn kind_of(&self, ask: &Ask<'_>, object: &Value) -> Result<Kind, ToolError> {
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        let (version, kind) = (text("apiVersion"), text("kind"));
        let found = self.kinds(ask).await?.of(version, kind);
        found.ok_or_else(|| ask.unknown(format!("no matches for kind \"{kind}\" in version \"{version}\"")))
    }
}

/// Reads the objects of YAML documents, those of lists among them.
fn objects(ask: &Ask<'_>, manifest: &str) -> Result<Vec<Value>, ToolError> {
    let mut objects = Vec::new();
    for document in serde_yaml::Deserializer::from_str(manifest) {
        let mut object =
            Value::deserialize(document).map_err(|error| ask.refused(400, vec![error.to_string()]))?;
        match object.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => objects.extend(items),
            _ if object.is_object() => objects.push(object),
            _ => {}
        }
    }
    Ok(objects)
}

fn name_of(object: &Value) -> &str {
    object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Turns the answer that there is no such object into none.
fn there(answer: Result<Value, ToolError>) -> Result<Option<Value>, ToolError> {
    match answer {
        Ok(object) => Ok(Some(object)),
        Err(ToolError::Refused { code: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Leaves out the notes of who set which field.
fn without_managers(mut object: Value) -> Value {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}
