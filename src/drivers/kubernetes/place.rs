//! What things are called in a cluster, and the options they follow from.

use camino::Utf8PathBuf;
use serde::Deserialize;

use crate::deployment::{Deployment, Part};
use crate::drivers::options::{options, unusable};
use crate::render::RenderError;

/// The kubernetes target's options, as `templates/kubernetes/options.yaml` asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The namespace.
    pub namespace: String,
    /// The kind of cluster.
    pub flavor: Flavor,
    /// The host name under which people reach it.
    pub domain: String,
    /// The URL, where it is not `https://<domain>`.
    #[serde(default)]
    pub url: Option<String>,
    /// The context of the kubeconfig.
    #[serde(default)]
    pub context: Option<String>,
    /// The kubeconfig.
    #[serde(default)]
    pub kubeconfig: Option<Utf8PathBuf>,
    /// How traffic from outside reaches it.
    pub expose: Expose,
    /// The ingress class.
    #[serde(default)]
    pub ingress_class: Option<String>,
    /// The namespace of the ingress controller.
    #[serde(default)]
    pub ingress_namespace: Option<String>,
    /// Annotations of the Ingress, as `name=value`.
    #[serde(default)]
    pub ingress_annotations: Vec<String>,
    /// The Gateway, as `namespace/name`.
    #[serde(default)]
    pub gateway: Option<String>,
    /// The Secret with the certificate.
    #[serde(default)]
    pub tls_secret: Option<String>,
    /// The `ClusterIssuer` that makes it.
    #[serde(default)]
    pub cluster_issuer: Option<String>,
    /// The registry that the cluster pulls from.
    #[serde(default)]
    pub registry: Option<String>,
    /// The Secret with its credentials.
    #[serde(default)]
    pub pull_secret: Option<String>,
    /// The storage class of volumes.
    #[serde(default)]
    pub storage_class: Option<String>,
    /// `ReadWriteOnce` or `ReadWriteMany`.
    pub storage_access: String,
    /// The size of a volume.
    pub storage_size: String,
    /// Where databases are saved before an upgrade.
    #[serde(default)]
    pub snapshot: Snapshot,
    /// The customer's program that saves them.
    #[serde(default)]
    pub snapshot_hook: Option<Utf8PathBuf>,
    /// Whether that program is given the database's password.
    #[serde(default)]
    pub snapshot_password: bool,
    /// The image that has `rclone`.
    #[serde(default)]
    pub snapshot_image: Option<String>,
    /// The file with private CA certificates.
    #[serde(default)]
    pub ca: Option<Utf8PathBuf>,
    /// The proxy for HTTP.
    #[serde(default)]
    pub http_proxy: Option<String>,
    /// The proxy for HTTPS.
    #[serde(default)]
    pub https_proxy: Option<String>,
    /// What is reached without it.
    #[serde(default)]
    pub no_proxy: Vec<String>,
    /// Whether network policies are made.
    pub network_policies: bool,
    /// Other addresses that pods may reach, as `cidr:port`.
    #[serde(default)]
    pub egress: Vec<String>,
    /// The cloud identity of pods.
    #[serde(default)]
    pub workload_identity: Option<String>,
    /// Whether monitoring objects are made where the cluster knows them.
    pub monitoring: bool,
    /// Who applies what is rendered.
    pub gitops: GitOps,
    /// The Git repository it will lie in.
    #[serde(default)]
    pub gitops_repository: Option<String>,
    /// The branch.
    pub gitops_branch: String,
    /// The folder in it.
    #[serde(default)]
    pub gitops_path: Option<String>,
    /// The namespace of Argo CD.
    pub gitops_namespace: String,
    /// The project of Argo CD.
    pub gitops_project: String,
}

/// The kind of cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flavor {
    /// Any conformant cluster.
    Generic,
    /// Amazon EKS.
    Eks,
    /// Azure AKS.
    Aks,
    /// Google GKE.
    Gke,
    /// `OpenShift`.
    Openshift,
}

/// How traffic from outside reaches a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expose {
    /// By an Ingress.
    Ingress,
    /// By an `HTTPRoute`.
    Gateway,
    /// Not by Landfall.
    None,
}

/// Who applies what is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GitOps {
    /// Landfall.
    None,
    /// Argo CD.
    Argocd,
    /// Flux.
    Flux,
}

/// Where databases are saved before an upgrade, and what saves them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Snapshot {
    /// A Job, in a volume.
    #[default]
    Volume,
    /// A Job, in the installation's object store.
    Objects,
    /// A program of the customer's.
    Hook,
}

/// The folder of the product's chart among a part's artifacts.
pub(super) const CHART: &str = "product";
/// Its values.
pub(super) const VALUES: &str = "values.yaml";
/// The folder of the chart that runs bundled services.
pub(super) const SERVICES_CHART: &str = "services";
/// Its values.
pub(super) const SERVICES_VALUES: &str = "services.values.yaml";
/// Values that keep users out.
pub(super) const CLOSED: &str = "closed.yaml";
/// Values that stop every component.
pub(super) const STOPPED: &str = "stopped.yaml";
/// The namespace.
pub(super) const NAMESPACE: &str = "namespace.yaml";
/// Where components find secrets as files.
pub(super) const SECRET_FOLDER: &str = "/run/secrets/landfall";

/// The names of one part in its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The options.
    pub options: Options,
    /// The installation's name, which is the Helm release's too.
    pub name: String,
}

impl Place {
    /// Reads the names from a part.
    ///
    /// # Errors
    /// [`RenderError::Options`] when an option has a value that `resolve` should have refused.
    pub fn of(deployment: &Deployment, part: &Part) -> Result<Self, RenderError> {
        let fail = |message: String| unusable(part, message);
        let options: Options = options(part)?;
        let gateway = options.gateway.as_deref().is_some_and(|name| name.contains('/'));
        if options.expose == Expose::Gateway && !gateway {
            return Err(fail("`gateway` takes namespace/name of a Gateway".to_owned()));
        }
        if options.gitops != GitOps::None && options.gitops_repository.is_none() {
            return Err(fail("`gitops` needs `gitops_repository`".to_owned()));
        }
        let cluster =
            |part: &Part| ["namespace", "context", "kubeconfig"].map(|key| part.options.get(key).cloned());
        // Objects are named after the installation, so those of two parts would be the same ones.
        let other = deployment.parts.values().find(|other| {
            other.name != part.name && other.target == part.target && cluster(other) == cluster(part)
        });
        if let Some(other) = other {
            return Err(fail(format!(
                "part `{}` lies in the namespace {} too: each needs its own",
                other.name, options.namespace
            )));
        }
        if options.snapshot == Snapshot::Hook && options.snapshot_hook.is_none() {
            return Err(fail("`snapshot: hook` needs `snapshot_hook`".to_owned()));
        }
        Ok(Self {
            options,
            name: deployment.name.clone(),
        })
    }

    /// Names the object of a component or service.
    pub fn object(&self, subject: &str) -> String {
        format!("{}-{}", self.name, dashed(subject))
    }

    /// Names the Helm release with the bundled services.
    pub fn services(&self) -> String {
        self.object("services")
    }

    /// Names the Secret with all secrets.
    pub fn secrets(&self) -> String {
        self.object("secrets")
    }

    /// Names the Secret with files: rendered ones that hold secrets, and those that the customer hands in.
    pub fn files(&self) -> String {
        self.object("files")
    }

    /// Names the volume that databases are saved into.
    pub fn snapshots(&self) -> String {
        self.object("snapshots")
    }

    /// Names the folder of the object store that databases are saved below.
    pub fn saved_objects(&self) -> String {
        format!("landfall-snapshots/{}", self.name)
    }

    /// Selects everything that the product's release made.
    pub fn selector(&self) -> String {
        format!("app.kubernetes.io/instance={}", self.name)
    }
}

/// Writes a name the way the cluster takes it.
pub(super) fn dashed(name: &str) -> String {
    name.replace('_', "-")
}
