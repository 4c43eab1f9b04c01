//! What was found of a cluster, as plain data.

use std::collections::{BTreeMap, BTreeSet};

/// What was found, or why it could not be looked at.
pub type Looked<T> = Result<T, String>;

/// Amounts by resource, such as `requests.cpu: 500m`, as the cluster writes them.
pub type Amounts = BTreeMap<String, String>;

/// A cluster as it was found, beside what a part needs of it.
#[derive(Debug, Clone)]
pub struct ClusterSeen {
    /// The part.
    pub part: String,
    /// Its namespace.
    pub namespace: String,
    /// The context of the kubeconfig; none when it has no name.
    pub context: Option<String>,
    /// The versions of client and server; an error when the cluster does not answer.
    pub versions: Looked<VersionsSeen>,
    /// What the part needs; an error when it cannot be rendered.
    pub needs: Looked<ClusterNeeds>,
    /// What is there.
    pub found: ClusterFound,
}

/// The versions of client and server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionsSeen {
    /// Of `kubectl`.
    pub client: semver::Version,
    /// Of the cluster.
    pub server: semver::Version,
}

/// What a part needs of its cluster.
#[derive(Debug, Clone, Default)]
pub struct ClusterNeeds {
    /// The oldest version of the cluster that the charts take.
    pub oldest: Option<semver::Version>,
    /// The workloads and their pods.
    pub pods: Vec<PodNeed>,
    /// The volumes.
    pub volumes: Vec<VolumeNeed>,
    /// The class of the Ingress, empty for the cluster's default; none when there is no Ingress.
    pub ingress: Option<String>,
    /// Where the route is; none when there is no route.
    pub gateway: Option<GatewayNeed>,
    /// The Secret with the certificate.
    pub tls_secret: Option<String>,
    /// The `ClusterIssuer` that makes it.
    pub cluster_issuer: Option<String>,
    /// The Secret with the registry's credentials.
    pub pull_secret: Option<String>,
    /// Whether pods are added and taken away by load.
    pub autoscaling: bool,
    /// Whether nodes of this kind of cluster may have an identity that the registry knows.
    pub nodes_sign_in: bool,
}

/// A workload's pods.
#[derive(Debug, Clone, Default)]
pub struct PodNeed {
    /// The workload, such as `Deployment notes-api`.
    pub workload: String,
    /// How many pods it begins with; none for a Job that runs in passing.
    pub replicas: u64,
    /// How many there may be under load.
    pub most: u64,
    /// How many are added while it is replaced, or run in passing.
    pub surge: u64,
    /// Whether it is there already.
    pub there: bool,
    /// Its containers, those that only start it marked.
    pub containers: Vec<ContainerNeed>,
}

/// What a container asks for.
#[derive(Debug, Clone, Default)]
pub struct ContainerNeed {
    /// Its name.
    pub name: String,
    /// Whether it ends before the others start.
    pub first: bool,
    /// What it asks for at least, such as `cpu: 100m`.
    pub requests: Amounts,
    /// What it may use at most.
    pub limits: Amounts,
}

/// A volume.
#[derive(Debug, Clone, Default)]
pub struct VolumeNeed {
    /// The claim's name.
    pub name: String,
    /// The storage class, empty for the cluster's default.
    pub class: String,
    /// The size.
    pub size: String,
    /// The access modes.
    pub modes: Vec<String>,
    /// Whether it is there already.
    pub there: bool,
    /// Whether only an upgrade makes it.
    pub later: bool,
}

/// Where a route is.
#[derive(Debug, Clone, Default)]
pub struct GatewayNeed {
    /// The Gateway's namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The host name of the route.
    pub host: String,
}

/// A verb on a resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// The API group, empty for the core.
    pub group: String,
    /// The resource, such as `pods` or `pods/log`.
    pub resource: String,
    /// The verb, such as `create`.
    pub verb: String,
    /// Whether it is asked for the whole cluster.
    pub everywhere: bool,
}

/// What was found in a cluster. What was not looked at is `None`.
#[derive(Debug, Clone, Default)]
pub struct ClusterFound {
    /// Who asks, as the cluster knows him.
    pub user: Option<String>,
    /// The namespace; none inside when it is not there.
    pub namespace: Option<Looked<Option<NamespaceSeen>>>,
    /// The rights that are needed, and those that are missing.
    pub rights: Option<Looked<RightsSeen>>,
    /// The storage classes.
    pub storage: Option<Looked<Vec<ClassSeen>>>,
    /// The ingress classes.
    pub ingresses: Option<Looked<Vec<ClassSeen>>>,
    /// The Gateway.
    pub gateway: Option<Looked<Option<GatewaySeen>>>,
    /// Secrets that are named, and whether they are there.
    pub secrets: BTreeMap<String, Looked<bool>>,
    /// Whether the `ClusterIssuer` is ready; none inside when it is not there.
    pub issuer: Option<Looked<Option<bool>>>,
    /// The quotas of the namespace.
    pub quotas: Option<Looked<Vec<QuotaSeen>>>,
    /// The limits of the namespace.
    pub limits: Option<Looked<Vec<LimitSeen>>>,
    /// What pods can have of each node that takes pods.
    pub nodes: Option<Looked<Vec<Amounts>>>,
    /// How many addresses of the cluster's DNS are ready; none inside when it was not found.
    pub dns: Option<Looked<Option<usize>>>,
    /// Whether the metrics API answers.
    pub metrics: Option<Looked<()>>,
    /// What the cluster said to a dry run.
    pub admission: Option<Looked<AdmissionSeen>>,
    /// The images, as the registry answered.
    pub images: Vec<ImageSeen>,
}

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamespaceSeen {
    /// Whether it is on its way out.
    pub ending: bool,
    /// The Pod Security level that is enforced.
    pub enforced: Option<String>,
}

/// What may be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightsSeen {
    /// Those that are needed.
    pub needed: BTreeSet<Right>,
    /// Those that are missing.
    pub missing: BTreeSet<Right>,
}

/// A storage class or an ingress class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassSeen {
    /// Its name.
    pub name: String,
    /// Whether it is the default.
    pub default: bool,
    /// Who provides it.
    pub provider: String,
}

/// A Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewaySeen {
    /// Whether its controller has made it ready.
    pub programmed: bool,
    /// Its listeners.
    pub listeners: Vec<ListenerSeen>,
}

/// A listener of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerSeen {
    /// Its name.
    pub name: String,
    /// The host names it takes, empty for all.
    pub host: String,
    /// `Same`, `All` or `Selector`: the namespaces whose routes it takes.
    pub from: String,
}

/// A quota without scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuotaSeen {
    /// Its name.
    pub name: String,
    /// What there may be.
    pub hard: Amounts,
    /// What there is.
    pub used: Amounts,
}

/// One entry of a `LimitRange`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitSeen {
    /// The range's name.
    pub name: String,
    /// `Container`, `Pod` or `PersistentVolumeClaim`.
    pub kind: String,
    /// The least.
    pub min: Amounts,
    /// The most.
    pub max: Amounts,
    /// Limits of containers that have none.
    pub default_limits: Amounts,
    /// Requests of containers that have none.
    pub default_requests: Amounts,
}

/// What the cluster said to a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdmissionSeen {
    /// How many objects were shown to it.
    pub shown: usize,
    /// What it refuses, one sentence each.
    pub refused: Vec<String>,
}

/// An image, as the registry answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSeen {
    /// The reference that the cluster would pull.
    pub reference: String,
    /// What was answered.
    pub answer: ImageAnswer,
}

/// What a registry answered for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageAnswer {
    /// It is there.
    There,
    /// It is not there.
    Missing,
    /// It may not be pulled.
    Refused,
    /// Nothing answered that could be understood.
    Silent(String),
}
