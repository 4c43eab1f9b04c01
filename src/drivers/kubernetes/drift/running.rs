//! What runs: whether it is ready, and whether it is the image that was placed.

use serde_json::Value;

use super::super::error::ClusterError;
use super::super::objects::title;
use super::super::perform::pods;
use super::super::steps::checks;
use super::super::workload::{is_ready, is_wanted, kind, name, text, waits_for, workloads};
use super::Look;
use crate::oci::Digest;
use crate::plan::Workload;
use crate::status::Class;

impl Look<'_> {
    pub(super) async fn running(&mut self) -> Result<(), ClusterError> {
        let kinds = "deployments,statefulsets,pods";
        let objects = self.cluster.api.list(kinds, "", &self.cluster.cancel).await;
        let objects = objects.map_err(ClusterError::tool("look at the pods"))?;
        let (deployment, part) = (self.installed.deployment, self.installed.part);
        let place = self.cluster.place.clone();
        for workload in workloads(deployment, part, &place) {
            let found = objects.iter().find(|object| workload.is(object));
            let Some(object) = found.filter(|object| is_wanted(object)) else {
                continue;
            };
            if self.stopped {
                let what = "runs although `landfall stop` stopped it";
                self.found(Class::Yours, title(object), what, Some("landfall stop"));
            } else if !is_ready(object) {
                let waiting = pods(&objects, &workload.0)
                    .find_map(|pod| Some(format!(": {} {}", name(pod), waits_for(pod)?)));
                let what = format!("is not ready{}", waiting.unwrap_or_default());
                let next = format!("landfall logs {}", workload.0.subject);
                self.dangerous(title(object), what, Some(&next));
            }
        }
        for check in checks(part, &place, &deployment.version) {
            self.images(&objects, &check.workload, &check.digests);
        }
        Ok(())
    }

    /// Compares the images of pods; a pod's own image may be changed without its Deployment.
    fn images(&mut self, objects: &[Value], workload: &Workload, digests: &[Digest]) {
        let deployment = format!("{}/{}", workload.kind, workload.name);
        let told = self
            .report
            .drift
            .iter()
            .any(|drift| drift.subject == deployment && drift.what.contains(".image is "));
        let template = self
            .placed
            .iter()
            .find(|object| title(object) == deployment)
            .and_then(|object| object.pointer("/spec/template/spec/containers"))
            .and_then(Value::as_array);
        let ours: Vec<String> = template
            .into_iter()
            .flatten()
            .map(|container| text(container, "/name").to_owned())
            .collect();
        // That a Deployment has another image is told once.
        for pod in pods(objects, workload).filter(|pod| !told && kind(pod) == "Pod") {
            let statuses = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
            for status in statuses.into_iter().flatten() {
                let image = text(status, "/imageID");
                let digest = image.rsplit('@').next().unwrap_or_default();
                let right = image.is_empty() || digests.iter().any(|known| known.to_string() == digest);
                if !right && ours.iter().any(|name| name == text(status, "/name")) {
                    let what = format!("runs {image}, which is not in the release");
                    self.dangerous(format!("pod/{}", name(pod)), what, None);
                }
            }
        }
    }
}
