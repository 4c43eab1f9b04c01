//! What one may do, of all that a part needs.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::super::workload::{kind, text};
use super::Ask;
use super::manifests::Manifests;
use crate::doctor::{Looked, Right, RightsSeen};

/// How many reviews one call hands in.
const TOGETHER: usize = 25;

/// Kinds whose plural is not simply an `s` more.
const PLURALS: [(&str, &str); 4] = [
    ("Ingress", "ingresses"),
    ("NetworkPolicy", "networkpolicies"),
    ("Gateway", "gateways"),
    ("StorageClass", "storageclasses"),
];

/// Asks for every right that is needed; says who asked, too.
pub(super) async fn ask(
    ask: &Ask<'_>,
    manifests: &Manifests,
    (namespace, licenses): (bool, bool),
) -> (Option<String>, Option<Looked<RightsSeen>>) {
    let wanted: Vec<Right> = needed(manifests, namespace, licenses).into_iter().collect();
    let me = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
    let of = ask.cluster.place.options.namespace.as_str();
    let batches = wanted.chunks(TOGETHER).map(|batch| async move {
        let reviews: Vec<Value> = batch.iter().map(|right| review(right, of)).collect();
        let answers = ask.api.review(&reviews, ask.cancel).await;
        let answers = answers.map_err(|error| super::why(&error))?;
        if answers.len() != batch.len() {
            return Err("the cluster did not answer every question".to_owned());
        }
        let denied = batch
            .iter()
            .zip(answers)
            .filter(|(_, answer)| answer.pointer("/status/allowed").and_then(Value::as_bool) != Some(true));
        Ok(denied.map(|(right, _)| right.clone()).collect::<Vec<_>>())
    });
    let myself = [me];
    let (who, answers) = tokio::join!(ask.api.review(&myself, ask.cancel), join_all(batches));
    let who = who.ok().and_then(|answers| {
        let name = answers.first()?.pointer("/status/userInfo/username")?;
        name.as_str().map(str::to_owned)
    });
    let missing: Looked<Vec<Vec<Right>>> = answers.into_iter().collect();
    let rights = missing.map(|missing| RightsSeen {
        needed: wanted.iter().cloned().collect(),
        missing: missing.into_iter().flatten().collect(),
    });
    (who, Some(rights))
}

fn review(right: &Right, namespace: &str) -> Value {
    let (resource, subresource) = right.resource.split_once('/').unwrap_or((&right.resource, ""));
    // Reading a namespace is asked for as something within it.
    let name = if right.resource == "namespaces" {
        namespace
    } else {
        ""
    };
    let within = if right.everywhere { "" } else { namespace };
    json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "namespace": within, "verb": right.verb, "group": right.group, "name": name,
            "resource": resource, "subresource": subresource,
        } },
    })
}

/// Lists what rendering, applying, watching and taking back need.
fn needed(manifests: &Manifests, namespace: bool, licenses: bool) -> BTreeSet<Right> {
    let mut rights = BTreeSet::new();
    let mut add = |group: &str, resource: &str, verbs: &[&str]| {
        rights.extend(verbs.iter().map(|verb| Right {
            group: group.to_owned(),
            resource: resource.to_owned(),
            verb: (*verb).to_owned(),
            everywhere: false,
        }));
    };
    // Helm keeps its records in Secrets.
    let secrets = ["get", "list", "watch", "create", "update", "patch", "delete"];
    add("", "secrets", &secrets);
    add("", "namespaces", &["get"]);
    add("", "pods", &["get", "list"]);
    add("", "pods/log", &["get"]);
    add("", "pods/proxy", &["get"]);
    if licenses {
        // Every pod is handed a new license; a connection is opened with POST or, over WebSockets, with GET.
        add("", "pods/portforward", &["create", "get"]);
    }
    add("apps", "deployments", &["list"]);
    add("apps", "statefulsets", &["list"]);
    add("", "persistentvolumeclaims", &["get", "list"]);
    for object in manifests.all() {
        let group = text(object, "/apiVersion")
            .split_once('/')
            .map_or("", |(group, _)| group);
        let resource = plural(kind(object));
        add(group, &resource, &["get", "create", "patch", "delete"]);
        // What is looked for, or waited for until it is gone, is listed and watched.
        if matches!(
            resource.as_str(),
            "jobs" | "networkpolicies" | "persistentvolumeclaims"
        ) {
            add(group, &resource, &["list", "watch"]);
        }
    }
    if namespace {
        rights.insert(Right {
            group: String::new(),
            resource: "namespaces".to_owned(),
            verb: "create".to_owned(),
            everywhere: true,
        });
    }
    rights
}

fn plural(kind: &str) -> String {
    let known = PLURALS.iter().find(|(known, _)| *known == kind);
    known.map_or_else(
        || format!("{}s", kind.to_lowercase()),
        |(_, plural)| (*plural).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::manifests::documents;
    use super::*;

    #[test]
    fn rights_follow_from_what_is_rendered() {
        let charts = documents(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n---\napiVersion: v1\nkind: Service\n",
        );
        let manifests = Manifests {
            charts,
            ..Manifests::default()
        };
        let rights = needed(&manifests, true, false);
        let has = |group: &str, resource: &str, verb: &str, everywhere: bool| {
            rights.contains(&Right {
                group: group.to_owned(),
                resource: resource.to_owned(),
                verb: verb.to_owned(),
                everywhere,
            })
        };
        assert!(has("networking.k8s.io", "networkpolicies", "patch", false));
        assert!(has("networking.k8s.io", "networkpolicies", "list", false));
        assert!(has("", "services", "delete", false));
        assert!(has("", "namespaces", "create", true));
        assert!(!has("batch", "jobs", "create", false));
        assert!(!has("", "pods/portforward", "create", false));
        let handed = needed(&manifests, true, true);
        let more: Vec<_> = handed
            .difference(&rights)
            .map(|right| right.resource.as_str())
            .collect();
        assert_eq!(more, ["pods/portforward", "pods/portforward"]);
    }
}
