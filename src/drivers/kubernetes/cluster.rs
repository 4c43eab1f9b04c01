//! The cluster of a part, as `kubectl` and `helm` reach it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::error::ClusterError;
use super::place::Place;
use crate::drivers::World;
use crate::secret::Secret;
use crate::tools::{CancelToken, ClusterAccess, ClusterApi, Helm, Kubectl, ToolError, find_program};

/// What of our environment the two programs and their login helpers may see.
const HELPERS: [&str; 7] = [
    "KUBE",
    "AWS_",
    "AZURE_",
    "AAD_",
    "GOOGLE_",
    "CLOUDSDK_",
    "USE_GKE_",
];

/// The name under which Landfall makes objects.
pub(super) const MANAGED_BY: &str = "landfall";

/// The clusters that this process has spoken to: who is logged in stays so, and what is known of them is known.
#[derive(Clone, Debug, Default)]
pub struct Clusters(Arc<Mutex<Vec<Connection>>>);

#[derive(Clone, Debug)]
struct Connection {
    api: ClusterApi,
    kubectl: Kubectl,
    helm: Helm,
}

impl Clusters {
    fn to(&self, access: &ClusterAccess, make: impl FnOnce() -> Connection) -> Connection {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.iter().find(|connection| connection.api.is_of(access));
        if let Some(found) = found {
            return found.clone();
        }
        let made = make();
        known.push(made.clone());
        made
    }
}

/// Speaks to the cluster of a part.
#[derive(Clone)]
pub(super) struct Cluster {
    pub(super) api: ClusterApi,
    pub(super) kubectl: Kubectl,
    pub(super) helm: Helm,
    pub(super) place: Place,
    pub(super) cancel: CancelToken,
}

impl Cluster {
    /// Finds the programs.
    pub(super) fn connect(world: &World, place: &Place) -> Result<Self, ClusterError> {
        let find = |name: &str| {
            find_program(name, &world.path).map_err(ClusterError::tool(format!("work with {name}")))
        };
        let options = &place.options;
        let access = ClusterAccess {
            environment: environment(world),
            context: options.context.clone(),
            kubeconfig: options.kubeconfig.as_ref().map(|file| world.answers.join(file)),
            namespace: options.namespace.clone(),
        };
        let (kubectl, helm) = (find("kubectl")?, find("helm")?);
        let Connection { api, kubectl, helm } = world.clusters.to(&access, || Connection {
            api: ClusterApi::new(access.clone()),
            kubectl: Kubectl::new(kubectl, access.clone()),
            helm: Helm::new(helm, access.clone()),
        });
        Ok(Self {
            api,
            kubectl,
            helm,
            place: place.clone(),
            cancel: world.cancel.clone(),
        })
    }

    /// Reads the entries of a Secret; none when it is not there.
    pub(super) async fn secret(&self, name: &str) -> Result<Option<BTreeMap<String, Secret>>, ClusterError> {
        let found = self.api.get("secret", name, &self.cancel).await;
        let Some(found) = found.map_err(ClusterError::tool(format!("read the Secret {name}")))? else {
            return Ok(None);
        };
        let mut entries = BTreeMap::new();
        for (key, value) in found.get("data").and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().unwrap_or_default();
            let bytes = STANDARD.decode(text).unwrap_or_default();
            if let Ok(text) = String::from_utf8(bytes) {
                entries.insert(key.clone(), Secret::new(text));
            }
        }
        Ok(Some(entries))
    }

    /// Writes entries of a Secret; others of its entries that Landfall wrote before go away.
    pub(super) async fn write_secret(
        &self,
        name: &str,
        entries: &BTreeMap<String, Secret>,
    ) -> Result<(), ClusterError> {
        let data: BTreeMap<&String, String> = entries
            .iter()
            .map(|(key, value)| (key, STANDARD.encode(value.expose())))
            .collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": { "name": name, "labels": labels(&self.place) },
            "data": data,
        });
        self.api
            .apply(
                Secret::new(object.to_string()),
                &format!("the Secret {name}"),
                &self.cancel,
            )
            .await
            .map_err(ClusterError::tool(format!("write the Secret {name}")))
    }
}

/// Picks what of our environment programs and their login helpers may see.
pub(super) fn environment(world: &World) -> BTreeMap<String, String> {
    world.environment_with(&HELPERS)
}

/// The labels of what Landfall makes itself.
pub(super) fn labels(place: &Place) -> Value {
    json!({
        "app.kubernetes.io/managed-by": MANAGED_BY,
        "app.kubernetes.io/part-of": place.name,
    })
}

/// Says whether a namespace is not there, or a cluster has none of a kind.
pub(super) fn not_found(error: &ToolError) -> bool {
    matches!(error, ToolError::Refused { code: 404, .. })
}
