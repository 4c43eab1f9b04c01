//! What is there in the cluster, as far as it concerns a part.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::Value;

use super::super::place::{Expose, Flavor};
use super::super::workload::{kind, name, text};
use super::Ask;
use super::needs::amounts;
use crate::doctor::{
    Amounts, ClassSeen, ClusterFound, GatewaySeen, LimitSeen, ListenerSeen, Looked, NamespaceSeen, QuotaSeen,
};

/// The names that the Service of a cluster's DNS goes by.
const DNS: &str = "kubernetes.io/service-name in (kube-dns,coredns,rke2-coredns-rke2-coredns,dns-default)";

/// Looks at what needs no manifests, all at once.
pub(super) async fn look(ask: &Ask<'_>) -> ClusterFound {
    let (namespace, storage, ingresses, gateway, secrets, issuer, bounds, nodes, dns) = tokio::join!(
        namespace(ask),
        classes(
            ask,
            "storageclasses",
            "storageclass.kubernetes.io",
            "/provisioner"
        ),
        ingresses(ask),
        gateway(ask),
        secrets(ask),
        issuer(ask),
        bounds(ask),
        nodes(ask),
        dns(ask),
    );
    let (quotas, limits) = bounds;
    ClusterFound {
        namespace: Some(namespace),
        storage: Some(storage),
        ingresses,
        gateway,
        secrets,
        issuer,
        quotas: Some(quotas),
        limits: Some(limits),
        nodes: Some(nodes),
        dns: Some(dns),
        ..ClusterFound::default()
    }
}

/// Lists workloads and volumes of the namespace, as `Kind name`.
pub(super) async fn existing(ask: &Ask<'_>) -> BTreeSet<String> {
    let kinds = "deployments,statefulsets,persistentvolumeclaims";
    let listed = ask.list(kinds, "").await.unwrap_or_default();
    let named = |object: &Value| format!("{} {}", kind(object), name(object));
    listed.iter().map(named).collect()
}

async fn namespace(ask: &Ask<'_>) -> Looked<Option<NamespaceSeen>> {
    let found = ask.get("namespace", &ask.cluster.place.options.namespace).await?;
    Ok(found.map(|namespace| NamespaceSeen {
        ending: text(&namespace, "/status/phase") == "Terminating",
        enforced: namespace
            .pointer("/metadata/labels/pod-security.kubernetes.io~1enforce")
            .and_then(Value::as_str)
            .map(str::to_owned),
    }))
}

async fn classes(ask: &Ask<'_>, kinds: &str, mark: &str, provider: &str) -> Looked<Vec<ClassSeen>> {
    let default = format!("/metadata/annotations/{mark}~1is-default-class");
    let listed = ask.list(kinds, "").await?;
    let class = |class: &Value| ClassSeen {
        name: name(class).to_owned(),
        default: text(class, &default) == "true",
        provider: text(class, provider).to_owned(),
    };
    Ok(listed.iter().map(class).collect())
}

async fn ingresses(ask: &Ask<'_>) -> Option<Looked<Vec<ClassSeen>>> {
    if ask.expose() != Expose::Ingress {
        return None;
    }
    Some(
        classes(
            ask,
            "ingressclasses",
            "ingressclass.kubernetes.io",
            "/spec/controller",
        )
        .await,
    )
}

async fn gateway(ask: &Ask<'_>) -> Option<Looked<Option<GatewaySeen>>> {
    if ask.expose() != Expose::Gateway {
        return None;
    }
    let (namespace, name) = ask.cluster.place.options.gateway.as_deref()?.split_once('/')?;
    let api = ask.api.in_namespace(namespace);
    let elsewhere = Ask { api: &api, ..*ask };
    let found = elsewhere.get("gateways.gateway.networking.k8s.io", name).await;
    Some(absent(found).map(|found| found.map(|gateway| read_gateway(&gateway))))
}

fn read_gateway(gateway: &Value) -> GatewaySeen {
    let listeners = gateway.pointer("/spec/listeners").and_then(Value::as_array);
    let listener = |listener: &Value| ListenerSeen {
        name: text(listener, "/name").to_owned(),
        host: text(listener, "/hostname").to_owned(),
        // Left out, it takes those of its own namespace.
        from: match text(listener, "/allowedRoutes/namespaces/from") {
            "" => "Same".to_owned(),
            from => from.to_owned(),
        },
    };
    GatewaySeen {
        programmed: is_true(gateway, "Programmed"),
        listeners: listeners.into_iter().flatten().map(listener).collect(),
    }
}

fn is_true(object: &Value, condition: &str) -> bool {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|found| text(found, "/type") == condition && text(found, "/status") == "True")
}

/// Takes a cluster that does not know a kind for one that has none of it.
fn absent<T>(found: Looked<Option<T>>) -> Looked<Option<T>> {
    match found {
        Err(why) if why.contains("doesn't have a resource type") || why.contains("NotFound") => Ok(None),
        found => found,
    }
}

async fn secrets(ask: &Ask<'_>) -> BTreeMap<String, Looked<bool>> {
    let options = &ask.cluster.place.options;
    let named: BTreeSet<&String> = options.pull_secret.iter().chain(&options.tls_secret).collect();
    let looks = named.into_iter().map(|name| async move {
        let found = ask.get("secret", name).await;
        (name.clone(), found.map(|found| found.is_some()))
    });
    join_all(looks).await.into_iter().collect()
}

async fn issuer(ask: &Ask<'_>) -> Option<Looked<Option<bool>>> {
    let name = ask.cluster.place.options.cluster_issuer.as_deref()?;
    let found = absent(ask.get("clusterissuers.cert-manager.io", name).await);
    Some(found.map(|found| found.map(|issuer| is_true(&issuer, "Ready"))))
}

async fn bounds(ask: &Ask<'_>) -> (Looked<Vec<QuotaSeen>>, Looked<Vec<LimitSeen>>) {
    let listed = match ask.list("resourcequotas,limitranges", "").await {
        Ok(listed) => listed,
        Err(why) => return (Err(why.clone()), Err(why)),
    };
    let quotas = listed.iter().filter(|object| kind(object) == "ResourceQuota");
    let whole = |quota: &&Value| {
        quota.pointer("/spec/scopes").is_none() && quota.pointer("/spec/scopeSelector").is_none()
    };
    let quota = |quota: &Value| QuotaSeen {
        name: name(quota).to_owned(),
        hard: amounts(quota.pointer("/spec/hard")),
        used: amounts(quota.pointer("/status/used")),
    };
    let ranges = listed.iter().filter(|object| kind(object) == "LimitRange");
    let limits = ranges.flat_map(|range| {
        let entries = range.pointer("/spec/limits").and_then(Value::as_array);
        entries.into_iter().flatten().map(|entry| LimitSeen {
            name: name(range).to_owned(),
            kind: text(entry, "/type").to_owned(),
            min: amounts(entry.get("min")),
            max: amounts(entry.get("max")),
            default_limits: amounts(entry.get("default")),
            default_requests: amounts(entry.get("defaultRequest")),
        })
    });
    (
        Ok(quotas.filter(whole).map(quota).collect()),
        Ok(limits.collect()),
    )
}

async fn nodes(ask: &Ask<'_>) -> Looked<Vec<Amounts>> {
    let listed = ask.list("nodes", "").await?;
    let open = |node: &&Value| node.pointer("/spec/unschedulable").and_then(Value::as_bool) != Some(true);
    let takes = listed.iter().filter(open).filter(|node| is_true(node, "Ready"));
    Ok(takes
        .map(|node| amounts(node.pointer("/status/allocatable")))
        .collect())
}

async fn dns(ask: &Ask<'_>) -> Looked<Option<usize>> {
    let namespace = match ask.cluster.place.options.flavor {
        Flavor::Openshift => "openshift-dns",
        _ => "kube-system",
    };
    let api = ask.api.in_namespace(namespace);
    let elsewhere = Ask { api: &api, ..*ask };
    let slices = elsewhere.list("endpointslices", DNS).await?;
    if slices.is_empty() {
        return Ok(None);
    }
    let endpoints = slices.iter().flat_map(|slice| {
        slice
            .get("endpoints")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    });
    // An endpoint that says nothing of it is ready.
    let ready =
        |endpoint: &&Value| endpoint.pointer("/conditions/ready").and_then(Value::as_bool) != Some(false);
    Ok(Some(endpoints.filter(ready).count()))
}
