//! What the cluster would refuse: webhooks, policies, Pod Security, asked by dry runs.

use serde_json::{Value, json};

use super::super::workload::{kind, name};
use super::Ask;
use super::manifests::Manifests;
use super::needs::template;
use crate::doctor::{AdmissionSeen, Looked};
use crate::tools::ToolError;

/// How the name of a pod begins that is only shown.
const CHECKED: &str = "landfall-check-";

/// Shows the cluster every object, and every pod as a workload would make it; none when it cannot be asked.
pub(super) async fn ask(ask: &Ask<'_>, manifests: &Manifests, there: bool) -> Option<Looked<AdmissionSeen>> {
    if !there {
        return None;
    }
    // A volume that is there keeps fields that a new one would not have.
    let charts: Vec<&Value> = manifests
        .charts
        .iter()
        .filter(|object| kind(object) != "PersistentVolumeClaim")
        .collect();
    let pods: Vec<Value> = manifests.all().filter_map(pod).collect();
    let text = json!({ "apiVersion": "v1", "kind": "List", "items": charts }).to_string();
    let (objects, alone) = tokio::join!(
        ask.api.dry_run(&text, ask.cancel),
        ask.api.rehearse(&pods, ask.cancel)
    );
    let mut seen = AdmissionSeen {
        shown: charts.len() + pods.len(),
        refused: Vec::new(),
    };
    for answer in [objects.map(drop), alone] {
        match answer {
            Ok(()) => {}
            Err(ToolError::Refused { said, .. }) => {
                let lines = said.0.iter().filter(|line| counts(line));
                seen.refused.extend(lines.map(|line| line.replace(CHECKED, "")));
            }
            Err(error) => return Some(Err(super::why(&error))),
        }
    }
    seen.refused.sort();
    seen.refused.dedup();
    Some(Ok(seen))
}

/// Says whether a line is a refusal that no other check tells better: rights and quotas have their own.
fn counts(line: &str) -> bool {
    let of_rights = line.contains(" cannot ") && line.contains(" resource \"");
    let of_quota = line.contains("exceeded quota") || line.contains("failed quota");
    let of_limits = line.contains("usage per ");
    !of_rights && !of_quota && !of_limits
}

/// Makes the pod that a workload would make, under a name of its own.
fn pod(workload: &Value) -> Option<Value> {
    let template = template(workload)?;
    let mut spec = template.get("spec")?.clone();
    // The account is made with the workload, and the cluster would look for it now.
    let fields = spec.as_object_mut()?;
    fields.remove("serviceAccountName");
    fields.remove("serviceAccount");
    if let Some(claims) = workload
        .pointer("/spec/volumeClaimTemplates")
        .and_then(Value::as_array)
    {
        let volumes = claims
            .iter()
            .map(|claim| json!({ "name": name(claim), "emptyDir": {} }));
        let all = fields.entry("volumes").or_insert_with(|| json!([]));
        all.as_array_mut()?.extend(volumes);
    }
    Some(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("{CHECKED}{}", name(workload)),
            "labels": template.pointer("/metadata/labels"),
            "annotations": template.pointer("/metadata/annotations"),
        },
        "spec": spec,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_checks_tell_is_no_refusal_of_its_own() {
        let line =
            r#"pods "landfall-check-notes-api" is forbidden: violates PodSecurity "restricted:latest": x"#;
        assert!(counts(line));
        let right = r#"pods is forbidden: User "x" cannot create resource "pods" in API group """#;
        assert!(!counts(right));
    }
}
