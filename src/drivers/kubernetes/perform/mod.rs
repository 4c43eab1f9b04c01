//! Carrying steps out in a cluster, and taking them back.
//!
//! Every action is idempotent: done twice it is the same as done once, and `revert` bears a step that is half-done.

mod data;
mod job;
mod license;
mod ready;
mod release;
mod secrets;
mod verify;

pub(super) use ready::pods;
pub(super) use release::Files;
pub(super) use secrets::{fill, waiting};

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::{Value, json};

use super::cluster::Cluster;
use super::error::ClusterError;
use super::look::place;
use crate::deployment::{Deployment, Part};
use crate::drivers::World;
use crate::plan::{Action, ClusterAction, Step};
use crate::render::Artifacts;
use crate::secret::Secret;

/// What a step gives to the record of the run.
pub type Output = BTreeMap<String, Value>;

/// Tells what a step is waiting for, or a line that a program wrote.
pub type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Carries out the steps of one part in its cluster.
pub struct Performer<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    part: &'a Part,
    artifacts: &'a Artifacts,
    cluster: Cluster,
    run: &'a str,
}

impl<'a> Performer<'a> {
    /// Prepares for the steps of a part in a run.
    ///
    /// # Errors
    /// [`ClusterError`] when the part's options are not usable, or a program is not there.
    pub fn new(
        world: &'a World,
        deployment: &'a Deployment,
        part: &'a Part,
        artifacts: &'a Artifacts,
        run: &'a str,
    ) -> Result<Self, ClusterError> {
        let cluster = Cluster::connect(world, &place(deployment, part)?)?;
        Ok(Self {
            world,
            deployment,
            part,
            artifacts,
            cluster,
            run,
        })
    }

    /// Carries a step out.
    ///
    /// # Errors
    /// [`ClusterError`] with what failed and why.
    pub async fn perform(&self, step: &Step, tell: Tell<'_>) -> Result<Output, ClusterError> {
        let action = match &step.action {
            Action::Cluster(action) => action,
            Action::ReloadLicense { reload } => {
                return self.hand_license(reload, tell).await.map(|()| Output::new());
            }
            _ => return Ok(Output::new()),
        };
        match action {
            ClusterAction::CreateNamespace { namespace, manifest } => {
                self.create_namespace(namespace, manifest).await?;
            }
            ClusterAction::WriteSecrets {
                object,
                secrets,
                others_stay,
            } => self.write_secrets(object, secrets, *others_stay).await?,
            ClusterAction::WriteFiles {
                object,
                rendered,
                given,
                others_stay,
            } => {
                self.write_files(object, (rendered, given), *others_stay).await?;
            }
            ClusterAction::ApplyRelease { chart, stamp } => {
                return self.apply_release(step, chart, *stamp, tell).await;
            }
            ClusterAction::CloseRelease { chart } => return self.close_release(step, chart, tell).await,
            ClusterAction::RemoveRelease { release } => {
                self.remove_release(release).await?;
                self.remove_beside(release).await?;
            }
            ClusterAction::WaitReady { workloads, within } => {
                self.wait_ready(workloads, *within, tell).await?;
            }
            ClusterAction::HoldRestart { .. } => {}
            ClusterAction::Restart { workloads } => self.restart(workloads).await?,
            ClusterAction::Migrate { chart, within, .. } => self.migrate(chart, *within, tell).await?,
            ClusterAction::SaveDatabase { job } => self.save(job, tell).await?,
            ClusterAction::RestoreDatabase { job, before } => {
                self.save(before, tell).await?;
                self.restore(job, "restore", tell).await?;
            }
            ClusterAction::Baseline { checks, .. } => return Ok(self.baseline(checks).await),
            ClusterAction::Verify { checks } => self.verify(checks, tell).await?,
            ClusterAction::RemoveData {
                selectors,
                claims,
                secrets,
            } => self.remove_data(selectors, claims, secrets).await?,
        }
        Ok(Output::new())
    }

    /// Takes a step back; it may be done, half-done or not done at all.
    ///
    /// # Errors
    /// [`ClusterError`] with what failed and why.
    pub async fn revert(&self, step: &Step) -> Result<(), ClusterError> {
        let action = match &step.action {
            Action::Cluster(action) => action,
            Action::HoldLicense { reload } => return self.hand_back_license(reload).await,
            _ => return Ok(()),
        };
        let mut quiet = |_: &str| {};
        match action {
            ClusterAction::CreateNamespace { namespace, .. } => self.remove_namespace(namespace).await,
            ClusterAction::WriteSecrets { object, .. } | ClusterAction::WriteFiles { object, .. } => {
                self.put_back(object).await
            }
            ClusterAction::ApplyRelease { chart, .. } | ClusterAction::CloseRelease { chart } => {
                self.take_back(step, &chart.release).await
            }
            ClusterAction::HoldRestart { workloads } => self.restart(workloads).await,
            ClusterAction::Migrate { saved, .. } => self.take_back_migration(saved).await,
            ClusterAction::RestoreDatabase { before, .. } => self.restore(before, "back", &mut quiet).await,
            ClusterAction::Baseline {
                version,
                checks,
                within,
            } => self.serves_again(version.as_str(), checks, *within).await,
            ClusterAction::RemoveRelease { .. }
            | ClusterAction::WaitReady { .. }
            | ClusterAction::Restart { .. }
            | ClusterAction::SaveDatabase { .. }
            | ClusterAction::Verify { .. }
            | ClusterAction::RemoveData { .. } => Ok(()),
        }
    }

    async fn create_namespace(&self, name: &str, manifest: &Utf8PathBuf) -> Result<(), ClusterError> {
        let text = self.artifact(manifest)?;
        self.cluster
            .api
            .apply(
                Secret::new(text),
                &format!("the namespace {name}"),
                &self.cluster.cancel,
            )
            .await
            .map_err(ClusterError::tool(format!("make the namespace {name}")))
    }

    /// Removes a namespace that holds nothing of anybody's.
    async fn remove_namespace(&self, name: &str) -> Result<(), ClusterError> {
        let kubectl = &self.cluster.kubectl;
        let kinds = "pods,services,deployments,statefulsets,persistentvolumeclaims,jobs";
        let left = self.cluster.api.list(kinds, "", &self.cluster.cancel).await;
        let left = left.map_err(ClusterError::tool(format!("look into the namespace {name}")))?;
        // The secrets that were made stay for a second try, and so does the namespace that holds them.
        let secrets = self.cluster.secret(&self.cluster.place.secrets()).await?;
        if !left.is_empty() || secrets.is_some() {
            return Ok(());
        }
        kubectl
            .delete("namespace", &[name], &self.cluster.cancel)
            .await
            .map_err(ClusterError::tool(format!("remove the namespace {name}")))
    }

    fn artifact(&self, path: &Utf8PathBuf) -> Result<String, ClusterError> {
        let found = self.artifacts.get(path).map(|artifact| artifact.text.clone());
        found.ok_or_else(|| ClusterError::Strange {
            because: format!("the artifact {path} is not part of the plan"),
        })
    }

    async fn remove_data(
        &self,
        selectors: &[String],
        claims: &[String],
        secrets: &[String],
    ) -> Result<(), ClusterError> {
        let (kubectl, cancel) = (&self.cluster.kubectl, &self.cluster.cancel);
        // The pod of a Job that has ended still holds its volume.
        self.remove_beside(&self.cluster.place.name).await?;
        for selector in selectors {
            let listed = self
                .cluster
                .api
                .list("persistentvolumeclaims", selector, cancel)
                .await;
            let listed = listed.map_err(ClusterError::tool("list the volumes"))?;
            let names: Vec<&str> = listed.iter().map(super::workload::name).collect();
            if !names.is_empty() {
                let removed = kubectl.delete("persistentvolumeclaim", &names, cancel).await;
                removed.map_err(ClusterError::tool("remove the volumes"))?;
            }
        }
        let attic: Vec<String> = secrets.iter().map(|name| secrets::attic(name)).collect();
        let secrets: Vec<&str> = secrets.iter().chain(&attic).map(String::as_str).collect();
        let claims: Vec<&str> = claims.iter().map(String::as_str).collect();
        for (kind, names) in [("persistentvolumeclaim", claims), ("secret", secrets)] {
            let removed = kubectl.delete(kind, &names, cancel).await;
            removed.map_err(ClusterError::tool(format!("remove {}", names.join(", "))))?;
        }
        Ok(())
    }
}

/// Makes the output of a step.
pub(super) fn output<const N: usize>(pairs: [(&str, Value); N]) -> Output {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// Writes what is nothing as JSON's null.
pub(super) fn optional<T: serde::Serialize>(value: Option<T>) -> Value {
    value.map_or(Value::Null, |value| json!(value))
}
