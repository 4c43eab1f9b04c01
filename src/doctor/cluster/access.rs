//! Whether the cluster lets one do what rendering, applying and watching need.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Finding, Level};
use super::{ClusterSeen, Right, unseen};

pub(super) fn rights(seen: &ClusterSeen) -> Vec<Finding> {
    let who = seen
        .found
        .user
        .as_deref()
        .unwrap_or("whoever the kubeconfig names");
    let told = match &seen.found.rights {
        None => return Vec::new(),
        Some(Err(why)) => return vec![unseen("access", who, why)],
        Some(Ok(told)) => told,
    };
    if told.missing.is_empty() {
        return vec![Finding::ok(
            "access",
            who,
            format!("all {} rights are there", told.needed.len()),
        )];
    }
    let mut findings = Vec::new();
    let (everywhere, within): (Vec<&Right>, Vec<&Right>) =
        told.missing.iter().partition(|right| right.everywhere);
    if !everywhere.is_empty() {
        let message = format!("may not, in the whole cluster: {}", sentence(&everywhere));
        let fix = format!(
            "let somebody who may make it: kubectl create namespace {}",
            seen.namespace
        );
        findings.push(Finding::new("access", who, Level::Blocker, message).fix(fix));
    }
    if !within.is_empty() {
        // Applied twice, a Role must not lose what it gave before: it holds everything.
        let whole: Vec<&Right> = told.needed.iter().filter(|right| !right.everywhere).collect();
        let message = format!(
            "may not, in the namespace {}: {}",
            seen.namespace,
            sentence(&within)
        );
        let fix = format!(
            "let somebody who may apply this:\n{}",
            role(seen.found.user.as_deref(), &seen.namespace, &whole)
        );
        findings.push(Finding::new("access", who, Level::Blocker, message).fix(fix));
    }
    findings
}

/// Gathers resources that the same verbs are missing for.
fn by_verbs(rights: &[&Right]) -> BTreeMap<(String, Vec<String>), Vec<String>> {
    let mut verbs: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for right in rights {
        let resource = (right.group.as_str(), right.resource.as_str());
        verbs.entry(resource).or_default().insert(&right.verb);
    }
    let mut together: BTreeMap<(String, Vec<String>), Vec<String>> = BTreeMap::new();
    for ((group, resource), verbs) in verbs {
        let verbs = verbs.into_iter().map(str::to_owned).collect();
        together
            .entry((group.to_owned(), verbs))
            .or_default()
            .push(resource.to_owned());
    }
    together
}

fn sentence(rights: &[&Right]) -> String {
    let words = by_verbs(rights).into_iter().map(|((_, verbs), resources)| {
        let (verbs, resources) = (verbs.join("/"), resources.join(", "));
        format!("{verbs} {resources}")
    });
    words.collect::<Vec<_>>().join("; ")
}

/// Writes a Role with everything that is needed, and who gets it.
fn role(user: Option<&str>, namespace: &str, rights: &[&Right]) -> String {
    let quoted = |words: &[String]| {
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        format!("[{}]", words.join(", "))
    };
    let mut text = format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {{ name: landfall, namespace: {namespace} }}\nrules:\n"
    );
    for ((group, verbs), resources) in by_verbs(rights) {
        text.push_str(&format!(
            "  - {{ apiGroups: [\"{group}\"], resources: {}, verbs: {} }}\n",
            quoted(&resources),
            quoted(&verbs)
        ));
    }
    let Some(user) = user else { return text };
    let account = user
        .strip_prefix("system:serviceaccount:")
        .and_then(|rest| rest.split_once(':'));
    let subject = match account {
        Some((namespace, name)) => {
            format!("kind: ServiceAccount, name: {name}, namespace: {namespace}")
        }
        None => format!("kind: User, apiGroup: rbac.authorization.k8s.io, name: \"{user}\""),
    };
    text.push_str(&format!(
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n\
         metadata: {{ name: landfall, namespace: {namespace} }}\n\
         roleRef: {{ apiGroup: rbac.authorization.k8s.io, kind: Role, name: landfall }}\n\
         subjects: [{{ {subject} }}]\n"
    ));
    text
}
