//! Who set the fields of an object, as the cluster notes it. Pure.

use serde_json::{Map, Value};

use super::super::workload::text;
use super::compare::{Path, Piece};

/// Who set a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) struct Owner {
    /// The program, such as `kubectl-edit`.
    pub(in crate::drivers::kubernetes) name: String,
    /// When it did so last.
    pub(in crate::drivers::kubernetes) time: String,
}

/// A field that somebody added to what was rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) struct Addition {
    /// The field.
    pub(in crate::drivers::kubernetes) path: Path,
    /// What is there.
    pub(in crate::drivers::kubernetes) live: Value,
    /// Who added it.
    pub(in crate::drivers::kubernetes) by: Owner,
}

/// What Landfall sets fields as: by itself, through helm, and by `kubectl rollout restart`.
const OURS: [&str; 3] = ["helm", "landfall", "kubectl-rollout"];

/// What the cluster itself sets fields as.
const CLUSTERS: [&str; 5] = [
    "kube-controller-manager",
    "kube-scheduler",
    "kube-apiserver",
    "kubelet",
    "cloud-controller-manager",
];

/// Annotations that programs write to remember something, and that change nothing.
const NOTES: [&str; 4] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "kubernetes.io/change-cause",
    "deployment.kubernetes.io/revision",
];

/// Maps whose entries are told one by one.
const OPEN: [&str; 5] = ["annotations", "labels", "data", "binaryData", "nodeSelector"];

/// Finds who set a field last, Landfall left out.
pub(in crate::drivers::kubernetes) fn owner(live: &Value, path: &Path) -> Option<Owner> {
    entries(live)
        .filter(|entry| !OURS.contains(&text(entry, "/manager")))
        .filter(|entry| {
            entry
                .get("fieldsV1")
                .is_some_and(|fields| owns(fields, live, &path.0))
        })
        .map(owner_of)
        .max_by(|a, b| a.time.cmp(&b.time))
}

/// Says whether Landfall itself made an object, or set something of it.
pub(in crate::drivers::kubernetes) fn is_ours(live: &Value) -> bool {
    entries(live).any(|entry| text(entry, "/manager") == "landfall")
}

/// Lists what others added to an object.
pub(in crate::drivers::kubernetes) fn additions(rendered: &Value, live: &Value) -> Vec<Addition> {
    let mut all: Vec<Addition> = Vec::new();
    let foreign = |entry: &&Value| {
        let manager = text(entry, "/manager");
        !OURS.contains(&manager) && !CLUSTERS.contains(&manager) && text(entry, "/subresource") != "status"
    };
    for entry in entries(live).filter(foreign) {
        let by = owner_of(entry);
        let Some(fields) = entry.get("fieldsV1") else {
            continue;
        };
        let mut found = Vec::new();
        added(fields, Some(rendered), live, &Path::default(), &mut found);
        for (path, value) in found {
            if all.iter().all(|other| other.path != path) {
                let (live, by) = (value.clone(), by.clone());
                all.push(Addition { path, live, by });
            }
        }
    }
    all
}

fn entries(live: &Value) -> impl Iterator<Item = &Value> {
    let entries = live.pointer("/metadata/managedFields").and_then(Value::as_array);
    entries.into_iter().flatten()
}

fn owner_of(entry: &Value) -> Owner {
    Owner {
        name: text(entry, "/manager").to_owned(),
        time: text(entry, "/time").to_owned(),
    }
}

/// Says whether noted fields hold a path, or a value that it leads into and that is owned as a whole.
fn owns(fields: &Value, live: &Value, path: &[Piece]) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    let Some(fields) = fields.as_object().filter(|fields| !fields.is_empty()) else {
        return true;
    };
    match first {
        Piece::Field(name) => {
            let inner = fields.get(&format!("f:{name}"));
            inner.is_some_and(|inner| owns(inner, live.get(name).unwrap_or(&Value::Null), rest))
        }
        Piece::Item(_, at) => {
            let Some(item) = at.and_then(|at| live.get(at)) else {
                return false;
            };
            fields
                .iter()
                .any(|(key, inner)| key_of(key).is_some_and(|key| has(item, &key)) && owns(inner, item, rest))
        }
    }
}

/// Reads the fields by which an item is noted: `k:{"name":"api"}`.
fn key_of(noted: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(noted.strip_prefix("k:")?).ok()
}

fn has(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter().all(|(name, value)| item.get(name) == Some(value))
}

/// Says whether a rendered item is the noted one; what is left out of it is filled in by the cluster.
fn may_be(item: &Value, key: &Map<String, Value>) -> bool {
    key.iter()
        .all(|(name, value)| item.get(name).is_none_or(|found| found == value))
}

fn added<'a>(
    fields: &Value,
    rendered: Option<&Value>,
    live: &'a Value,
    path: &Path,
    found: &mut Vec<(Path, &'a Value)>,
) {
    let Some(fields) = fields.as_object() else { return };
    for (noted, inner) in fields {
        if let Some(name) = noted.strip_prefix("f:") {
            let Some(value) = live.get(name) else { continue };
            let path = path.field(name);
            let skipped = path.leads_through(&["metadata", "finalizers"]) || NOTES.contains(&name);
            if skipped {
                continue;
            }
            match rendered.and_then(|rendered| rendered.get(name)) {
                None if !OPEN.contains(&name) => found.push((path, value)),
                rendered => added(inner, rendered, value, &path, found),
            }
        } else if let Some(key) = key_of(noted) {
            let items = live.as_array().into_iter().flatten();
            let Some((at, value)) = items.enumerate().find(|(_, item)| has(item, &key)) else {
                continue;
            };
            let label: Vec<String> = key
                .values()
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
                .collect();
            let path = path.item(&label.join("/"), Some(at));
            let rendered = rendered.and_then(Value::as_array);
            match rendered.into_iter().flatten().find(|item| may_be(item, &key)) {
                None => found.push((path, value)),
                rendered => added(inner, rendered, value, &path, found),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compare::{Measure, compare};
    use super::*;

    fn rendered() -> Value {
        json!({ "kind": "Deployment", "metadata": { "name": "api" }, "spec": { "replicas": 2, "template": {
            "spec": { "containers": [{ "name": "api", "image": "api:1", "env": [{ "name": "A", "value": "1" }] }] },
        } } })
    }

    /// The same, after `kubectl edit` of an image, with an annotation, a variable and a container of the customer's.
    fn edited() -> Value {
        let mut live = rendered();
        live["metadata"]["annotations"] = json!({ "team": "x", "deployment.kubernetes.io/revision": "3" });
        let spec = &mut live["spec"]["template"]["spec"];
        spec["containers"] = json!([
            { "name": "api", "image": "api:2", "env": [{ "name": "A", "value": "1" }, { "name": "B", "value": "2" }] },
            { "name": "sidecar", "image": "side:1" },
        ]);
        live["metadata"]["managedFields"] = json!([
            { "manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z", "fieldsV1": {
                "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": {
                    "k:{\"name\":\"api\"}": { ".": {}, "f:name": {} },
                } } } },
            } },
            { "manager": "kube-controller-manager", "operation": "Update", "time": "2026-01-03T00:00:00Z",
              "subresource": "status", "fieldsV1": {
                "f:metadata": { "f:annotations": { "f:deployment.kubernetes.io/revision": {} } },
            } },
            { "manager": "kubectl-edit", "operation": "Update", "time": "2026-01-02T00:00:00Z", "fieldsV1": {
                "f:metadata": { "f:annotations": { ".": {}, "f:team": {} } },
                "f:spec": { "f:template": { "f:spec": { "f:containers": {
                    "k:{\"name\":\"api\"}": { "f:image": {}, "f:env": { "k:{\"name\":\"B\"}": { ".": {}, "f:name": {} } } },
                    "k:{\"name\":\"sidecar\"}": { ".": {}, "f:image": {}, "f:name": {} },
                } } } },
            } },
        ]);
        live
    }

    #[test]
    fn a_changed_image_has_the_program_that_changed_it() {
        let live = edited();
        let changes = compare(&rendered(), &live, Measure::Said);
        assert_eq!(changes.len(), 1, "{changes:?}");
        let owner = owner(&live, &changes[0].path).unwrap();
        assert_eq!(
            (owner.name.as_str(), &owner.time[..10]),
            ("kubectl-edit", "2026-01-02")
        );
    }

    #[test]
    fn what_others_added_is_told_once_and_what_the_cluster_notes_is_not() {
        let live = edited();
        let told: Vec<String> = additions(&rendered(), &live)
            .iter()
            .map(|addition| format!("{} by {}", addition.path, addition.by.name))
            .collect();
        assert_eq!(
            told,
            [
                "metadata.annotations.team by kubectl-edit",
                "spec.template.spec.containers[api].env[B] by kubectl-edit",
                "spec.template.spec.containers[sidecar] by kubectl-edit",
            ]
        );
    }

    #[test]
    fn nobody_owns_what_was_taken_away() {
        let mut live = edited();
        live["spec"].as_object_mut().unwrap().remove("replicas");
        let path = Path::default().field("spec").field("replicas");
        assert_eq!(owner(&live, &path), None);
    }
}
