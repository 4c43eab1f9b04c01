//! What steps do in a Kubernetes cluster.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::Action;
use crate::deployment::SecretOrigin;
use crate::oci::Digest;
use crate::product::Version;

/// What a step does in a cluster, in the namespace of its part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClusterAction {
    /// Makes the namespace.
    CreateNamespace {
        /// Its name.
        namespace: String,
        /// The artifact that describes it.
        manifest: Utf8PathBuf,
    },
    /// Writes secrets into a Secret: makes those that are generated, copies those that are given.
    WriteSecrets {
        /// The Secret.
        object: String,
        /// Where each comes from.
        secrets: BTreeMap<String, SecretOrigin>,
        /// Whether entries of other secrets stay as they are.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        others_stay: bool,
    },
    /// Writes files into a Secret, references to secrets in them replaced.
    WriteFiles {
        /// The Secret.
        object: String,
        /// Rendered files that hold secrets, by key.
        rendered: BTreeMap<String, Utf8PathBuf>,
        /// Files of the customer's, by key; a relative path is relative to the answers file.
        given: BTreeMap<String, Utf8PathBuf>,
        /// Whether entries of other files stay as they are.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        others_stay: bool,
    },
    /// Brings a Helm release in line with its chart and values; what it makes is not waited for.
    ApplyRelease {
        /// The chart and its values.
        chart: ChartRef,
        /// The digest of both, noted with the revision.
        stamp: Digest,
    },
    /// Removes a Helm release.
    RemoveRelease {
        /// Its name.
        release: String,
    },
    /// Waits until all pods of workloads are those of their newest revision, and ready.
    WaitReady {
        /// What is waited for.
        workloads: Vec<Workload>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Does nothing; taken back, starts the pods of workloads anew.
    ///
    /// It comes before the store changes, so that it is taken back when what they read is there again.
    HoldRestart {
        /// The workloads.
        workloads: Vec<Workload>,
    },
    /// Starts the pods of workloads anew, one after the other.
    Restart {
        /// The workloads.
        workloads: Vec<Workload>,
    },
    /// Runs a Job that brings the schema up to date, to its end.
    Migrate {
        /// The chart and its values, one template of which is the Job.
        chart: ChartRef,
        /// Seconds until it counts as failed.
        within: u32,
        /// The databases that were saved before, by service, to be restored when this is taken back.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        saved: BTreeMap<String, DatabaseJob>,
    },
    /// Saves a database.
    SaveDatabase {
        /// How.
        job: DatabaseJob,
    },
    /// Puts a database back as it was saved.
    RestoreDatabase {
        /// How.
        job: DatabaseJob,
        /// What it was just before, to be put back when this is taken back.
        before: DatabaseJob,
    },
    /// Notes how the installed release runs; taken back, waits until it does again.
    Baseline {
        /// The installed version.
        version: Version,
        /// What must be true of it.
        checks: Vec<PodCheck>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Compares what runs with what the plan says should run.
    Verify {
        /// One check for each component.
        checks: Vec<PodCheck>,
    },
    /// Keeps users out and stops what runs: the installed release with its own values, closed and stopped.
    CloseRelease {
        /// The chart; its values are those that are installed.
        chart: ChartRef,
    },
    /// Removes volumes and secrets for good.
    RemoveData {
        /// Which objects made the volumes, as label selectors.
        selectors: Vec<String>,
        /// Volumes by name.
        claims: Vec<String>,
        /// Secrets by name.
        secrets: Vec<String>,
    },
}

impl From<ClusterAction> for Action {
    fn from(action: ClusterAction) -> Self {
        Self::Cluster(action)
    }
}

/// A chart among the artifacts, with its values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChartRef {
    /// The release's name.
    pub release: String,
    /// The chart's folder.
    pub chart: Utf8PathBuf,
    /// Files with values, later ones before earlier ones.
    pub values: Vec<Utf8PathBuf>,
}

/// A workload of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// `deployment` or `statefulset`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The component or service, for people.
    pub subject: String,
}

/// How a database is saved or put back: by a Job, or by a program of the customer's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseJob {
    /// The service.
    pub service: String,
    /// The artifact that describes the Job, or how the program is called.
    pub manifest: Utf8PathBuf,
    /// The folder in the volume or the object store; a part of the name that the program is told.
    pub folder: String,
    /// Whether it is a program of the customer's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hook: bool,
    /// The run that saved it, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What must be true of a component's pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodCheck {
    /// The workload.
    pub workload: Workload,
    /// The digest that the image must have: of the index, or of a platform's manifest.
    pub digests: Vec<Digest>,
    /// The service's port and path at which it tells its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_at: Option<(u16, String)>,
    /// The version it must tell.
    pub version: String,
}
