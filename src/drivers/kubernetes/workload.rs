//! Workloads and their pods, as the cluster describes them.

use serde_json::Value;

use super::place::Place;
use super::render::bundled;
use crate::deployment::{Deployment, Part};
use crate::plan::Workload;

/// A workload that is looked for among objects.
#[derive(Debug, Clone)]
pub(super) struct Named(pub(super) Workload);

impl Named {
    /// Says whether an object is this workload.
    pub(super) fn is(&self, object: &Value) -> bool {
        kind(object).eq_ignore_ascii_case(&self.0.kind) && name(object) == self.0.name
    }
}

/// Lists the workloads of a part, services first.
pub(super) fn workloads(deployment: &Deployment, part: &Part, place: &Place) -> Vec<Named> {
    let services = service_workloads(deployment, part, place);
    services
        .into_iter()
        .chain(component_workloads(part, place))
        .map(Named)
        .collect()
}

/// Lists the workloads of the bundled services.
pub(super) fn service_workloads(deployment: &Deployment, part: &Part, place: &Place) -> Vec<Workload> {
    let service = |(name, _): (&str, _)| Workload {
        kind: "statefulset".to_owned(),
        name: place.object(name),
        subject: name.to_owned(),
    };
    bundled(deployment, part).into_iter().map(service).collect()
}

/// Lists the workloads of the components.
pub(super) fn component_workloads(part: &Part, place: &Place) -> Vec<Workload> {
    let component = |component: &crate::deployment::ResolvedComponent| Workload {
        kind: "deployment".to_owned(),
        name: place.object(&component.name),
        subject: component.name.clone(),
    };
    part.components.iter().map(component).collect()
}

/// Reads an object's kind.
pub(super) fn kind(object: &Value) -> &str {
    object.get("kind").and_then(Value::as_str).unwrap_or_default()
}

/// Reads an object's name.
pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Reads a text of an object; empty when there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> u64 {
    object
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// Says whether a workload is asked to run at all.
pub(super) fn is_wanted(object: &Value) -> bool {
    // Without a number, the API server fills in 1.
    object.pointer("/spec/replicas").and_then(Value::as_u64) != Some(0)
}

/// Says whether all pods of a workload are of its newest revision and ready, and no other is left.
pub(super) fn is_ready(object: &Value) -> bool {
    let wanted = number(object, "/spec/replicas");
    let seen = number(object, "/status/observedGeneration") >= number(object, "/metadata/generation");
    let ready = number(object, "/status/readyReplicas") == wanted;
    let updated = number(object, "/status/updatedReplicas") == wanted;
    let others = number(object, "/status/replicas") == wanted;
    match kind(object) {
        "StatefulSet" => {
            let newest = text(object, "/status/updateRevision");
            let current = text(object, "/status/currentRevision");
            seen && ready && others && (wanted == 0 || newest == current)
        }
        _ => seen && ready && updated && others,
    }
}

/// Says why a workload is not ready, as far as it says so itself.
pub(super) fn trouble(object: &Value) -> Option<String> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| {
            text(condition, "/type") == "ReplicaFailure" && text(condition, "/status") == "True"
        })
        .map(|condition| text(condition, "/message").to_owned())
}

/// Says what a pod waits for; none when it is ready.
pub(super) fn waits_for(pod: &Value) -> Option<String> {
    let conditions = pod.pointer("/status/conditions").and_then(Value::as_array);
    let condition = |kind: &str| {
        conditions
            .into_iter()
            .flatten()
            .find(|condition| text(condition, "/type") == kind)
    };
    if condition("Ready").is_some_and(|ready| text(ready, "/status") == "True") {
        return None;
    }
    if let Some(scheduled) = condition("PodScheduled").filter(|it| text(it, "/status") == "False") {
        return Some(format!("it finds no node: {}", text(scheduled, "/message")));
    }
    let containers = pod.pointer("/status/containerStatuses").and_then(Value::as_array);
    for container in containers.into_iter().flatten() {
        let waiting = text(container, "/state/waiting/reason");
        if !waiting.is_empty() {
            let message = text(container, "/state/waiting/message");
            let ended = container
                .pointer("/lastState/terminated/exitCode")
                .and_then(Value::as_i64);
            let ended = ended.map_or_else(String::new, |code| format!(" (it ended with {code})"));
            return Some(
                format!("{waiting}{ended}: {message}")
                    .trim_end_matches([':', ' '])
                    .to_owned(),
            );
        }
        if let Some(code) = container
            .pointer("/state/terminated/exitCode")
            .and_then(Value::as_i64)
        {
            return Some(format!("it ended with {code}"));
        }
    }
    match text(pod, "/status/phase") {
        "Running" => Some("its probes do not answer yet".to_owned()),
        "" => Some("it is not known yet".to_owned()),
        phase => Some(phase.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({ "kind": "Deployment", "metadata": { "name": "notes-api", "generation": 3 },
            "spec": { "replicas": 2 },
            "status": { "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2 } })
    }

    fn with(mut object: Value, pointer: &str, value: u64) -> Value {
        *object.pointer_mut(pointer).unwrap() = json!(value);
        object
    }

    #[test]
    fn a_deployment_is_ready_when_all_its_pods_are_new_and_ready_and_no_other_is_left() {
        assert!(is_ready(&deployment()));
        for (pointer, value) in [
            ("/status/observedGeneration", 2),
            ("/status/readyReplicas", 1),
            ("/status/updatedReplicas", 1),
            ("/status/replicas", 3),
        ] {
            assert!(!is_ready(&with(deployment(), pointer, value)), "{pointer}");
        }
    }

    #[test]
    fn nothing_is_ready_of_a_deployment_that_the_cluster_has_not_seen_yet() {
        let new = json!({ "kind": "Deployment", "metadata": { "generation": 1 }, "spec": { "replicas": 1 } });
        assert!(!is_ready(&new));
        assert!(is_wanted(&new));
    }

    #[test]
    fn what_is_scaled_to_nothing_is_ready_and_not_wanted() {
        let mut stopped = with(deployment(), "/spec/replicas", 0);
        stopped["status"] = json!({ "observedGeneration": 3 });
        assert!(is_ready(&stopped));
        assert!(!is_wanted(&stopped));
    }

    #[test]
    fn a_stateful_set_is_ready_when_its_newest_revision_is_the_one_that_runs() {
        let of = |current: &str| {
            json!({ "kind": "StatefulSet", "metadata": { "generation": 1 }, "spec": { "replicas": 1 },
                "status": { "observedGeneration": 1, "replicas": 1, "readyReplicas": 1,
                    "updateRevision": "b", "currentRevision": current } })
        };
        assert!(is_ready(&of("b")));
        assert!(!is_ready(&of("a")));
    }

    fn pod(conditions: &Value, container: &Value) -> Value {
        json!({ "kind": "Pod", "status": { "phase": "Running",
            "conditions": conditions, "containerStatuses": [container] } })
    }

    #[test]
    fn a_pod_says_what_it_waits_for() {
        let ready = json!([{ "type": "Ready", "status": "True" }]);
        assert_eq!(waits_for(&pod(&ready, &json!({}))), None);
        let not = json!([{ "type": "Ready", "status": "False" }]);
        let nowhere =
            json!([{ "type": "PodScheduled", "status": "False", "message": "0/1 nodes are available" }]);
        let waiting = json!({ "state": { "waiting": { "reason": "CrashLoopBackOff", "message": "back-off" } },
            "lastState": { "terminated": { "exitCode": 3 } } });
        let pulling = json!({ "state": { "waiting": { "reason": "ContainerCreating" } } });
        let ended = json!({ "state": { "terminated": { "exitCode": 1 } } });
        let running = json!({ "state": { "running": {} } });
        for (conditions, container, wanted) in [
            (&nowhere, &waiting, "it finds no node: 0/1 nodes are available"),
            (&not, &waiting, "CrashLoopBackOff (it ended with 3): back-off"),
            (&not, &pulling, "ContainerCreating"),
            (&not, &ended, "it ended with 1"),
            (&not, &running, "its probes do not answer yet"),
        ] {
            assert_eq!(waits_for(&pod(conditions, container)).as_deref(), Some(wanted));
        }
        assert_eq!(
            waits_for(&json!({ "status": { "phase": "Pending" } })).as_deref(),
            Some("pending")
        );
        assert_eq!(waits_for(&json!({})).as_deref(), Some("it is not known yet"));
    }
}
