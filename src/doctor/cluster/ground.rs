//! Whether the cluster answers, is new enough, and has what every product relies on.

use super::super::{Finding, Level};
use super::{ClusterSeen, list, unseen};

pub(super) fn versions(seen: &ClusterSeen) -> Vec<Finding> {
    let subject = match &seen.context {
        Some(context) => format!("context {context}"),
        None => "current context".to_owned(),
    };
    let versions = match &seen.versions {
        Ok(versions) => versions,
        Err(why) => {
            let fix = format!(
                "check the kubeconfig: `parts.{0}.options.kubeconfig` and `parts.{0}.options.context` name another",
                seen.part
            );
            return vec![Finding::new("cluster", &subject, Level::Blocker, why).fix(fix)];
        }
    };
    let (client, server) = (&versions.client, &versions.server);
    let oldest = seen.needs.as_ref().ok().and_then(|needs| needs.oldest.as_ref());
    let mut findings = Vec::new();
    if let Some(oldest) = oldest.filter(|oldest| (server.major, server.minor) < (oldest.major, oldest.minor))
    {
        let message = format!("Kubernetes {server} is too old: {oldest} is needed");
        findings.push(
            Finding::new("cluster", &subject, Level::Blocker, message).fix("upgrade the cluster first"),
        );
    } else {
        findings.push(Finding::ok(
            "cluster",
            &subject,
            format!("it answers, Kubernetes {server}"),
        ));
    }
    if client.major != server.major || client.minor.abs_diff(server.minor) > 1 {
        let message = format!("kubectl {client} is more than one minor version from Kubernetes {server}");
        let fix = format!("use a kubectl {}.{}", server.major, server.minor);
        findings.push(Finding::new("cluster", &subject, Level::Warning, message).fix(fix));
    }
    findings
}

pub(super) fn namespace(seen: &ClusterSeen) -> Vec<Finding> {
    let subject = seen.namespace.as_str();
    let Some(namespace) = &seen.found.namespace else {
        return Vec::new();
    };
    let finding = match namespace {
        Err(why) => unseen("namespace", subject, why),
        Ok(None) => Finding::ok("namespace", subject, "not there yet: it will be made"),
        Ok(Some(found)) if found.ending => {
            let message = "it is being removed, and takes nothing new";
            Finding::new("namespace", subject, Level::Blocker, message).fix(format!(
                "wait for it: kubectl wait --for=delete namespace/{subject}"
            ))
        }
        Ok(Some(found)) => match &found.enforced {
            Some(level) => {
                let message = format!("it is there, and enforces Pod Security \"{level}\"");
                Finding::ok("namespace", subject, message)
            }
            None => Finding::ok(
                "namespace",
                subject,
                "it is there, without a Pod Security level of its own",
            ),
        },
    };
    vec![finding]
}

pub(super) fn admission(seen: &ClusterSeen) -> Vec<Finding> {
    let subject = seen.namespace.as_str();
    let Some(admission) = &seen.found.admission else {
        return match &seen.found.namespace {
            Some(Ok(None)) => {
                let message = "not asked what it would refuse: the namespace is not there yet";
                vec![Finding::ok("admission", subject, message)]
            }
            _ => Vec::new(),
        };
    };
    match admission {
        Err(why) => vec![unseen("admission", subject, why)],
        Ok(told) if told.refused.is_empty() => {
            let message = format!("the cluster would take all {} objects", told.shown);
            vec![Finding::ok("admission", subject, message)]
        }
        Ok(told) => {
            let fix = "ask whoever keeps the cluster's policies, or choose another namespace";
            let refused = |said: &String| {
                Finding::new("admission", subject, Level::Blocker, format!("refused: {said}")).fix(fix)
            };
            told.refused.iter().map(refused).collect()
        }
    }
}

pub(super) fn dns(seen: &ClusterSeen) -> Vec<Finding> {
    let subject = "the cluster's DNS";
    let finding = match &seen.found.dns {
        None => return Vec::new(),
        Some(Err(why)) => unseen("dns", subject, why),
        Some(Ok(None)) => {
            let message = "not found under its usual names, so not judged";
            Finding::new("dns", subject, Level::Warning, message)
        }
        Some(Ok(Some(0))) => {
            let message = "none of its pods is ready: no service would be found by name";
            Finding::new("dns", subject, Level::Blocker, message)
                .fix("kubectl --namespace kube-system get pods --selector k8s-app=kube-dns")
        }
        Some(Ok(Some(ready))) => Finding::ok("dns", subject, format!("{ready} ready")),
    };
    vec![finding]
}

pub(super) fn metrics(seen: &ClusterSeen) -> Vec<Finding> {
    let scaled = match &seen.needs {
        Ok(needs) => needs.pods.iter().filter(|pods| pods.most > pods.replicas),
        Err(_) => return Vec::new(),
    };
    let names = list(scaled.map(|pods| pods.workload.as_str()));
    let subject = "metrics.k8s.io";
    match &seen.found.metrics {
        None => Vec::new(),
        Some(Ok(())) => vec![Finding::ok("metrics", subject, "the metrics API answers")],
        Some(Err(_)) => {
            let message = format!("the metrics API does not answer: pods are not added under load ({names})");
            let finding = Finding::new("metrics", subject, Level::Warning, message);
            vec![finding.fix("install metrics-server, or the add-on of your kind of cluster")]
        }
    }
}
