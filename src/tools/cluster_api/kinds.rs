//! The kinds that a cluster knows, as its discovery lists them.

use serde::Deserialize;
use serde_json::Value;

/// A kind of object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// Empty for the core's.
    group: String,
    version: String,
    kind: String,
    plural: String,
    singular: String,
    namespaced: bool,
}

impl Kind {
    /// Returns the path of an object, or of all in a namespace; of everywhere where kinds have no namespace.
    pub(super) fn path(&self, namespace: &str, name: Option<&str>) -> String {
        let mut path = match self.group.as_str() {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        };
        if self.namespaced {
            path.push_str("/namespaces/");
            path.push_str(namespace);
        }
        path.push('/');
        path.push_str(&self.plural);
        if let Some(name) = name {
            path.push('/');
            path.push_str(name);
        }
        path
    }

    fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// Writes on an object what it is.
    pub(super) fn written_on(&self, mut object: Value) -> Value {
        object["apiVersion"] = self.api_version().into();
        object["kind"] = self.kind.clone().into();
        object
    }

    fn is_called(&self, name: &str) -> bool {
        let (short, group) = name.split_once('.').unwrap_or((name, ""));
        let named = self.plural == short || self.singular == short || self.kind.to_lowercase() == short;
        named && (group.is_empty() || group == self.group)
    }
}

/// All kinds, the core's first, then group by group in the cluster's order, the preferred version first.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<Kind>);

#[derive(Deserialize)]
struct Groups {
    #[serde(default)]
    items: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource: String,
    #[serde(default)]
    singular_resource: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    response_kind: ResponseKind,
}

#[derive(Deserialize, Default)]
struct ResponseKind {
    #[serde(default)]
    kind: String,
}

impl Kinds {
    /// Asks for every group with its kinds in one answer, which clusters give since 1.30.
    ///
    /// See <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery>.
    pub(super) const FORM: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    /// Reads the answers of `/api` and `/apis`; of what is not understood nothing is known.
    pub(super) fn read(answers: &[Value]) -> Self {
        let mut kinds = Vec::new();
        for answer in answers {
            let Ok(groups) = Groups::deserialize(answer) else {
                continue;
            };
            for group in groups.items {
                for version in group.versions {
                    let of = |resource: Resource| Kind {
                        group: group.metadata.name.clone(),
                        version: version.version.clone(),
                        kind: resource.response_kind.kind,
                        plural: resource.resource,
                        singular: resource.singular_resource,
                        namespaced: resource.scope == "Namespaced",
                    };
                    kinds.extend(version.resources.into_iter().map(of));
                }
            }
        }
        Self(kinds)
    }

    pub(super) fn named(&self, name: &str) -> Option<Kind> {
        self.0.iter().find(|kind| kind.is_called(name)).cloned()
    }

    pub(super) fn of(&self, api_version: &str, name: &str) -> Option<Kind> {
        let is = |kind: &&Kind| kind.kind == name && kind.api_version() == api_version;
        self.0.iter().find(is).cloned()
    }

    pub(super) fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> = self.0.iter().map(Kind::api_version).collect();
        groups.dedup();
        groups
    }
}
