//! Whose a difference is, and how it is told. Pure.

use serde_json::Value;

use super::compare::{Change, Path};
use super::owners::{Addition, Owner};
use crate::edits::{HIDDEN, Vault, difference, shown};
use crate::status::Class;

/// Kinds in which every change opens something.
const GUARDS: [&str; 6] = [
    "NetworkPolicy",
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "Secret",
];

const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

/// Says whose a change of something is that was rendered.
pub(in crate::drivers::kubernetes) fn weigh(kind: &str, change: &Change) -> Class {
    let names = change.path.names();
    let (top, last) = (
        names.first().copied().unwrap_or_default(),
        names.last().copied().unwrap_or_default(),
    );
    if top == "metadata" {
        let guarded = names
            .iter()
            .any(|name| name.starts_with("pod-security.kubernetes.io/enforce"));
        return if guarded { Class::Dangerous } else { Class::Yours };
    }
    let gone = change.live.is_none();
    let danger = GUARDS.contains(&kind)
        || matches!(last, "image" | "command" | "serviceAccountName" | "selector")
        || (last == "replicas" && change.live.as_ref().and_then(Value::as_u64) == Some(0))
        || (last == "automountServiceAccountToken" && change.live != Some(Value::Bool(false)))
        || (gone && PROBES.contains(&last))
        || (gone && names.last() == Some(&"containers"))
        || weakens(change)
        || opens(&names, change.live.as_ref());
    if danger { Class::Dangerous } else { Class::Yours }
}

/// Says whose something is that was added.
pub(in crate::drivers::kubernetes) fn weigh_addition(kind: &str, addition: &Addition) -> Class {
    let names = addition.path.names();
    let in_spec = names.first() != Some(&"metadata");
    let rules = in_spec && kind != "Secret" && GUARDS.contains(&kind);
    let none = names == ["spec", "replicas"] && addition.live.as_u64() == Some(0);
    if rules || none || (in_spec && opens(&names, Some(&addition.live))) {
        Class::Dangerous
    } else {
        Class::Yours
    }
}

/// Says whether a security context says less than it did.
fn weakens(change: &Change) -> bool {
    change.path.names().contains(&"securityContext") && change.live.is_none()
}

/// Says whether something lets a pod do more than pods of a product need.
fn opens(names: &[&str], value: Option<&Value>) -> bool {
    let Some(value) = value else { return false };
    let last = names.last().copied().unwrap_or_default();
    let here = match last {
        "privileged" | "allowPrivilegeEscalation" | "hostNetwork" | "hostPID" | "hostIPC" => {
            *value == Value::Bool(true)
        }
        "runAsNonRoot" | "readOnlyRootFilesystem" => *value == Value::Bool(false),
        "runAsUser" | "runAsGroup" => value.as_u64() == Some(0),
        "hostPath" | "hostPort" => !value.is_null(),
        "type" => names.contains(&"seccompProfile") && value == "Unconfined",
        "add" | "drop" => names.contains(&"capabilities"),
        _ => false,
    };
    let inside = match value {
        Value::Object(map) => map.iter().any(|(name, value)| {
            let mut names = names.to_vec();
            names.push(name);
            // What is added with less than everything dropped is weighed by the cluster's Pod Security.
            name != "drop" && opens(&names, Some(value))
        }),
        Value::Array(list) if last != "add" && last != "drop" => {
            list.iter().any(|value| opens(names, Some(value)))
        }
        _ => false,
    };
    here || inside
}

/// Says what changed, and who changed it.
pub(in crate::drivers::kubernetes) fn phrase(change: &Change, owner: Option<&Owner>) -> String {
    let path = &change.path;
    let last = path.names().last().copied().unwrap_or_default();
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let what = match (&change.expected, &change.live) {
        (Some(expected), Some(live)) if matches!(last, "image" | "replicas") => {
            format!(
                "{path} is {} instead of {}, changed",
                plain(live),
                plain(expected)
            )
        }
        (Some(_), Some(_)) => format!("{path} was changed"),
        (Some(_), None) => format!("{path} was taken away"),
        (None, _) => format!("{path} was added"),
    };
    format!("{what}{}", by(owner))
}

/// Says what was added, and by whom.
pub(in crate::drivers::kubernetes) fn phrase_addition(addition: &Addition) -> String {
    format!("{} was added{}", addition.path, by(Some(&addition.by)))
}

fn by(owner: Option<&Owner>) -> String {
    match owner {
        Some(owner) if owner.time.is_empty() => format!(" by {}", owner.name),
        Some(owner) => format!(" by {} at {}", owner.name, owner.time),
        None => String::new(),
    }
}

/// Shows both values of what changed, with nothing secret in it; none where the phrase says all.
pub(in crate::drivers::kubernetes) fn both(kind: &str, change: &Change, vault: &Vault) -> Option<String> {
    let (Some(expected), Some(live)) = (&change.expected, &change.live) else {
        return None;
    };
    let last = change.path.names().last().copied().unwrap_or_default();
    if kind == "Secret" || matches!(last, "image" | "replicas") {
        return None;
    }
    let (before, after) = (written(&change.path, expected), written(&change.path, live));
    Some(difference(&before, &vault.refer(&after, &before).text)).filter(|text| !text.is_empty())
}

/// Shows what was rendered, what is there and what is rendered now, with nothing secret in it.
pub(in crate::drivers::kubernetes) fn sides(
    kind: &str,
    change: &Change,
    new: Option<&Value>,
    owner: Option<&Owner>,
    vault: &Vault,
) -> String {
    let mut text = change.path.to_string();
    if let Some(owner) = owner {
        text.push_str(&format!(", changed by {}", owner.name));
    }
    let rows = [
        ("was", change.expected.as_ref()),
        ("yours", change.live.as_ref()),
        ("new", new),
    ];
    for (side, value) in rows {
        let value = value.map_or_else(
            || "(nothing)\n".to_owned(),
            |value| match kind {
                "Secret" => format!("{HIDDEN}\n"),
                _ => written(&change.path, value),
            },
        );
        for line in vault.refer(&value, "").text.lines() {
            text.push_str(&format!("\n{side:<5} | {}", shown(line)));
        }
    }
    text
}

/// Writes a value with its name before it, so that a name that says it is secret hides it.
fn written(path: &Path, value: &Value) -> String {
    let last = path.names().last().copied().unwrap_or_default();
    let name = match path.last_item() {
        Some(("env", variable)) => variable,
        _ => last,
    };
    match value {
        Value::String(text) if text.contains('\n') => text.clone(),
        Value::String(text) => format!("{name}: {text}\n"),
        Value::Object(_) | Value::Array(_) => {
            let text = serde_yaml::to_string(value).unwrap_or_default();
            let indented: Vec<String> = text.lines().map(|line| format!("  {line}\n")).collect();
            format!("{name}:\n{}", indented.concat())
        }
        scalar => format!("{name}: {scalar}\n"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::compare::{Measure, compare};
    use super::*;
    use crate::secret::Secret;

    fn pod(container: &Value) -> Value {
        json!({ "kind": "Deployment", "spec": { "replicas": 2, "template": { "spec": { "containers": [container] } } } })
    }

    fn of(expected: &Value, live: &Value) -> Vec<(Class, String)> {
        compare(expected, live, Measure::Said)
            .iter()
            .map(|change| (weigh("Deployment", change), phrase(change, None)))
            .collect()
    }

    #[test]
    fn another_image_no_probe_and_a_weaker_context_are_dangerous() {
        let expected = pod(
            &json!({ "name": "api", "image": "api@sha256:1", "livenessProbe": { "httpGet": {} },
            "securityContext": { "runAsNonRoot": true, "allowPrivilegeEscalation": false, "runAsUser": 65532 } }),
        );
        let live = pod(&json!({ "name": "api", "image": "api:edge",
            "securityContext": { "allowPrivilegeEscalation": true, "runAsUser": 1000 } }));
        let found = of(&expected, &live);
        let at = "spec.template.spec.containers[api]";
        let told: Vec<(Class, String)> = [
            (
                Class::Dangerous,
                "image is api:edge instead of api@sha256:1, changed",
            ),
            (Class::Dangerous, "livenessProbe was taken away"),
            (
                Class::Dangerous,
                "securityContext.allowPrivilegeEscalation was changed",
            ),
            (Class::Dangerous, "securityContext.runAsNonRoot was taken away"),
            (Class::Yours, "securityContext.runAsUser was changed"),
        ]
        .map(|(class, what)| (class, format!("{at}.{what}")))
        .into();
        for one in &told {
            assert!(found.contains(one), "{one:?} in {found:?}");
        }
        assert_eq!(found.len(), told.len());
    }

    #[test]
    fn scaled_by_hand_is_yours_and_scaled_to_nothing_is_dangerous() {
        let expected = pod(&json!({ "name": "api" }));
        let scaled = |count: u32| {
            let mut live = expected.clone();
            live["spec"]["replicas"] = json!(count);
            of(&expected, &live)
        };
        assert_eq!(
            scaled(5),
            [(
                Class::Yours,
                "spec.replicas is 5 instead of 2, changed".to_owned()
            )]
        );
        assert_eq!(scaled(0)[0].0, Class::Dangerous);
    }

    #[test]
    fn a_network_policy_is_dangerous_to_change_and_an_annotation_is_not() {
        let expected = json!({ "metadata": { "annotations": { "a": "1" } }, "spec": { "egress": [{}] } });
        let live = json!({ "metadata": { "annotations": { "a": "2" } }, "spec": { "egress": [{}, {}] } });
        let classes: Vec<Class> = compare(&expected, &live, Measure::Exact)
            .iter()
            .map(|change| weigh("NetworkPolicy", change))
            .collect();
        assert_eq!(classes, [Class::Yours, Class::Dangerous]);
    }

    #[test]
    fn what_is_secret_is_not_shown() {
        let mut vault = Vault::default();
        vault.guard(Secret::new("s3cr3t"));
        vault.write(crate::deployment::SecretForm::Value, "db", Secret::new("s3cr3t"));
        let env = |name: &str, value: &str| {
            pod(&json!({ "name": "api", "env": [{ "name": name, "value": value }] }))
        };
        for (name, value) in [("DB_PASSWORD", "hunter2"), ("URL", "postgres://s3cr3t@x")] {
            let changes = compare(&env(name, "x"), &env(name, value), Measure::Said);
            let text = both("Deployment", &changes[0], &vault).unwrap();
            assert!(!text.contains("hunter2") && !text.contains("s3cr3t"), "{text}");
            let text = sides("Deployment", &changes[0], None, None, &vault);
            assert!(!text.contains("hunter2") && !text.contains("s3cr3t"), "{text}");
        }
    }

    #[test]
    fn a_container_that_was_added_is_yours_unless_it_may_do_anything() {
        let added = |container: Value| Addition {
            path: Path::default()
                .field("spec")
                .field("containers")
                .item("side", Some(0)),
            live: container,
            by: Owner {
                name: "kubectl-edit".to_owned(),
                time: String::new(),
            },
        };
        let plain = added(json!({ "name": "side", "image": "x" }));
        assert_eq!(weigh_addition("Deployment", &plain), Class::Yours);
        let strong = added(json!({ "name": "side", "securityContext": { "privileged": true } }));
        assert_eq!(weigh_addition("Deployment", &strong), Class::Dangerous);
    }
}
