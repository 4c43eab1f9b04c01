//! What runs, compared with the plan.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::super::error::ClusterError;
use super::super::workload::{name, text, waits_for};
use super::ready::pods;
use super::{Output, Performer, Tell, output};
use crate::plan::PodCheck;

impl Performer<'_> {
    /// Compares the images and versions of all pods with what was planned.
    pub(super) async fn verify(&self, checks: &[PodCheck], tell: Tell<'_>) -> Result<(), ClusterError> {
        let listed = self.cluster.api.list("pods", "", &self.cluster.cancel).await;
        let listed = listed.map_err(ClusterError::tool("look at the pods"))?;
        let asked = checks
            .iter()
            .map(|check| join_all(pods(&listed, &check.workload).map(|pod| self.version_of(pod, check))));
        let asked = join_all(asked).await;
        for (check, versions) in checks.iter().zip(asked) {
            verify_one(&listed, check)?;
            for version in versions.into_iter().flatten() {
                judge(version, check, tell)?;
            }
        }
        Ok(())
    }

    /// Asks a pod for its version, through the cluster; none where it tells none.
    async fn version_of(&self, pod: &Value, check: &PodCheck) -> Option<Result<Value, String>> {
        let (port, path) = check.version_at.as_ref()?;
        let namespace = &self.cluster.place.options.namespace;
        let url = format!(
            "/api/v1/namespaces/{namespace}/pods/http:{}:{port}/proxy{path}",
            name(pod)
        );
        let told = self.cluster.api.raw(&url, &self.cluster.cancel).await;
        Some(match told {
            Ok(text) => Ok(serde_json::from_str(&text).unwrap_or_default()),
            Err(error) => Err(format!(
                "{} could not be asked for its version, its digest is right: {error}",
                name(pod)
            )),
        })
    }

    /// Notes whether what is installed serves.
    pub(super) async fn baseline(&self, checks: &[PodCheck]) -> Output {
        let serves = self.verify(checks, &mut |_| {}).await;
        output([("serves", json!(serves.is_ok()))])
    }

    /// Waits until what was installed before runs again as it did.
    pub(super) async fn serves_again(
        &self,
        version: &str,
        checks: &[PodCheck],
        within: u32,
    ) -> Result<(), ClusterError> {
        let workloads: Vec<_> = checks.iter().map(|check| check.workload.clone()).collect();
        let mut quiet = |_: &str| {};
        let deadline = Instant::now() + Duration::from_secs(u64::from(within));
        self.wait_ready(&workloads, within, &mut quiet).await?;
        loop {
            match self.verify(checks, &mut quiet).await {
                Ok(()) => return Ok(()),
                Err(error) if Instant::now() > deadline => {
                    return Err(ClusterError::Strange {
                        because: format!("{version} does not serve as before: {error}"),
                    });
                }
                Err(_) => sleep(Duration::from_secs(1)).await,
            }
        }
    }
}

fn mismatch(check: &PodCheck, found: String, planned: String) -> ClusterError {
    ClusterError::Mismatch {
        component: check.workload.subject.clone(),
        found,
        planned,
    }
}

/// Compares what the pods of a component run.
fn verify_one(listed: &[Value], check: &PodCheck) -> Result<(), ClusterError> {
    let planned: BTreeSet<String> = check.digests.iter().map(ToString::to_string).collect();
    let mut any = false;
    for pod in pods(listed, &check.workload) {
        any = true;
        for image in images(pod) {
            let digest = image.rsplit('@').next().unwrap_or_default();
            if !planned.contains(digest) {
                let first = planned.iter().next().cloned().unwrap_or_default();
                let found = format!("image {image} in {}", name(pod));
                return Err(mismatch(check, found, format!("image {first}")));
            }
        }
    }
    match any {
        true => Ok(()),
        false => Err(mismatch(
            check,
            "no pod".to_owned(),
            "a pod of its image".to_owned(),
        )),
    }
}

/// Compares the version that a pod tells; where it cannot be asked, the digest has to do.
fn judge(told: Result<Value, String>, check: &PodCheck, tell: Tell<'_>) -> Result<(), ClusterError> {
    let told = match told {
        Ok(told) => told,
        Err(why) => {
            tell(&why);
            return Ok(());
        }
    };
    match told.get("version").and_then(Value::as_str) {
        Some(version) if version == check.version => Ok(()),
        found => {
            let found = found.map_or_else(
                || "no version that it tells".to_owned(),
                |version| format!("version {version}"),
            );
            Err(mismatch(check, found, format!("version {}", check.version)))
        }
    }
}

/// Lists what the containers of a pod run, once they do.
fn images(pod: &Value) -> Vec<String> {
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    let ready = waits_for(pod).is_none();
    containers
        .into_iter()
        .flatten()
        .map(|container| text(container, "/imageID").to_owned())
        .filter(|image| ready || !image.is_empty())
        .collect()
}
