//! Waiting for pods, and telling what they wait for.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::super::error::ClusterError;
use super::super::workload::{Named, is_ready, is_wanted, name, text, trouble, waits_for};
use super::{Performer, Tell};
use crate::plan::Workload;
use crate::tools::Stream;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// How many lines of a container that does not become ready are shown.
const SHOWN: &str = "15";

impl Performer<'_> {
    /// Waits until all pods of workloads are of their newest revision and ready.
    pub(super) async fn wait_ready(
        &self,
        workloads: &[Workload],
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        let deadline = Instant::now() + Duration::from_secs(u64::from(within));
        let mut told = String::new();
        loop {
            let objects = self.objects().await?;
            let waiting: Vec<&Workload> = workloads
                .iter()
                .filter(|workload| !ready(&objects, workload))
                .collect();
            let Some(first) = waiting.first() else {
                return Ok(());
            };
            let (last, pod) = why(&objects, first);
            let line = format!("{}: {last}", first.subject);
            if line != told {
                tell(&line);
                told = line;
            }
            if Instant::now() > deadline {
                let said = match pod {
                    Some(pod) => self.last_lines(&pod).await,
                    None => String::new(),
                };
                return Err(ClusterError::NotReady {
                    subject: first.subject.clone(),
                    within,
                    last,
                    said,
                });
            }
            sleep(PAUSE).await;
        }
    }

    async fn objects(&self) -> Result<Vec<Value>, ClusterError> {
        let kinds = "deployments,statefulsets,pods";
        let listed = self.cluster.api.list(kinds, "", &self.cluster.cancel).await;
        listed.map_err(ClusterError::tool("look at the pods"))
    }

    /// Reads the last lines that a pod wrote, or what it wrote before it was started again.
    pub(super) async fn last_lines(&self, pod: &str) -> String {
        for previous in [false, true] {
            let mut lines: Vec<String> = Vec::new();
            let mut options = vec![
                "--all-containers".to_owned(),
                "--tail".to_owned(),
                SHOWN.to_owned(),
            ];
            if previous {
                options.push("--previous".to_owned());
            }
            let line = |stream: Stream, line: &str| {
                if stream == Stream::Out {
                    lines.push(line.to_owned());
                }
            };
            let kubectl = &self.cluster.kubectl;
            let read = kubectl.logs(pod, &options, line, &self.cluster.cancel).await;
            if read.is_ok() && !lines.is_empty() {
                return format!("\nthe last lines of {pod}:\n  {}", lines.join("\n  "));
            }
        }
        String::new()
    }

    /// Starts pods anew, one after the other.
    pub(super) async fn restart(&self, workloads: &[Workload]) -> Result<(), ClusterError> {
        for workload in workloads {
            let named = format!("{}/{}", workload.kind, workload.name);
            let restarted = self.cluster.kubectl.restart(&named, &self.cluster.cancel).await;
            restarted.map_err(ClusterError::tool(format!("restart `{}`", workload.subject)))?;
        }
        Ok(())
    }
}

fn ready(objects: &[Value], workload: &Workload) -> bool {
    let named = Named(workload.clone());
    match objects.iter().find(|object| named.is(object)) {
        // Those of before that are ending get no new requests. Where nothing is to run, they are what is waited for.
        Some(object) => is_ready(object) && (is_wanted(object) || ending(objects, workload).next().is_none()),
        None => false,
    }
}

fn is_ending(pod: &Value) -> bool {
    pod.pointer("/metadata/deletionTimestamp").is_some()
}

/// Lists the pods of a workload that are there to stay.
pub(in crate::drivers::kubernetes) fn pods<'a>(
    objects: &'a [Value],
    workload: &'a Workload,
) -> impl Iterator<Item = &'a Value> {
    owned(objects, workload).filter(|pod| !is_ending(pod))
}

/// Lists the pods of a workload that are ending.
fn ending<'a>(objects: &'a [Value], workload: &'a Workload) -> impl Iterator<Item = &'a Value> {
    owned(objects, workload).filter(|pod| is_ending(pod))
}

fn owned<'a>(objects: &'a [Value], workload: &'a Workload) -> impl Iterator<Item = &'a Value> {
    objects.iter().filter(move |object| {
        let owned = text(object, "/metadata/ownerReferences/0/name");
        let of = match workload.kind.as_str() {
            // A Deployment's pods belong to its ReplicaSets, which carry its name and a hash.
            "deployment" => owned
                .rsplit_once('-')
                .is_some_and(|(owner, _)| owner == workload.name),
            _ => owned == workload.name,
        };
        super::super::workload::kind(object) == "Pod" && of
    })
}

/// Says what a workload waits for, and names the pod that shows it best.
fn why(objects: &[Value], workload: &Workload) -> (String, Option<String>) {
    let named = Named(workload.clone());
    let Some(object) = objects.iter().find(|object| named.is(object)) else {
        return (format!("{} {} is not there", workload.kind, workload.name), None);
    };
    if let Some(trouble) = trouble(object) {
        return (trouble, None);
    }
    let mut waiting = pods(objects, workload).filter_map(|pod| Some((name(pod), waits_for(pod)?)));
    match waiting.next() {
        Some((pod, why)) => (format!("{pod} is not ready: {why}"), Some(pod.to_owned())),
        None if ending(objects, workload).next().is_some() => {
            ("old pods have not ended yet".to_owned(), None)
        }
        None => ("its pods are being replaced".to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn objects(replicas: u64, pods: &[bool]) -> Vec<Value> {
        let deployment = json!({ "kind": "Deployment", "metadata": { "name": "notes-api", "generation": 1 },
            "spec": { "replicas": replicas },
            "status": { "observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas,
                "readyReplicas": replicas } });
        let pod = |is_ending: &bool| {
            let mut pod =
                json!({ "kind": "Pod", "metadata": { "ownerReferences": [{ "name": "notes-api-5d" }] } });
            if *is_ending {
                pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
            }
            pod
        };
        pods.iter().map(pod).chain([deployment]).collect()
    }

    #[test]
    fn pods_that_end_hold_up_a_stop_and_not_a_roll_out() {
        let workload = Workload {
            kind: "deployment".to_owned(),
            name: "notes-api".to_owned(),
            subject: "api".to_owned(),
        };
        assert!(ready(&objects(1, &[false, true]), &workload));
        assert!(!ready(&objects(0, &[true]), &workload));
        assert!(ready(&objects(0, &[]), &workload));
        assert_eq!(pods(&objects(1, &[false, true]), &workload).count(), 1);
    }
}
