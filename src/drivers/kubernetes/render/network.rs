//! Which addresses pods may reach, as far as it can be known beforehand.

use serde_json::{Value, json};

use super::super::place::{Flavor, Place};
use crate::deployment::{Deployment, Part};
use crate::drivers::destinations::{Destination, let_through};
use crate::product::Supply;

/// The `networkPolicy` of the chart.
pub(super) fn policy(deployment: &Deployment, part: &Part, place: &Place) -> Value {
    let options = &place.options;
    let mut destinations: Vec<Destination> = deployment
        .services
        .values()
        .filter(|service| service.supply != Supply::Bundled)
        .flat_map(Destination::of_service)
        .collect();
    let settings = deployment.settings.values().filter_map(Value::as_str);
    let proxies = [&options.http_proxy, &options.https_proxy].into_iter().flatten();
    destinations.extend(
        settings
            .chain(proxies.map(String::as_str))
            .filter_map(Destination::of_url),
    );
    destinations.sort();
    destinations.dedup();
    let mut egress: Vec<Value> = Vec::new();
    for rule in destinations.iter().map(to) {
        // Several names with the same port are one rule.
        if !egress.contains(&rule) {
            egress.push(rule);
        }
    }
    egress.extend(options.egress.iter().filter_map(|entry| given(entry)));
    let bundled = deployment
        .services
        .values()
        .any(|service| service.is_run_by(&part.name) && service.image.is_some());
    if bundled {
        let pods =
            json!({ "podSelector": { "matchLabels": { "app.kubernetes.io/instance": place.services() } } });
        egress.push(json!({ "to": [pods] }));
    }
    let from = match &options.ingress_namespace {
        Some(namespace) => json!([
            { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } }
        ]),
        // A cloud's load balancer comes from addresses of the network, not from a pod.
        None => json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }, { "ipBlock": { "cidr": "::/0" } }]),
    };
    let mut policy = json!({ "enabled": options.network_policies, "ingressFrom": from });
    match options.flavor {
        Flavor::Openshift => policy["dns"] = openshift_dns(),
        Flavor::Gke if options.workload_identity.is_some() => {
            // Tokens of the identity come from the node's metadata server; which address a policy sees depends on the
            // cluster's data plane.
            egress.extend(
                ["169.254.169.252/32:988", "169.254.169.254/32:80"]
                    .into_iter()
                    .filter_map(given),
            );
            policy["allowMetadata"] = true.into();
        }
        _ => {}
    }
    policy["egress"] = egress.into();
    policy
}

/// Says where names are looked up: the pods behind the Service, whose port is another one.
fn openshift_dns() -> Value {
    json!({
        "to": [{ "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "openshift-dns" } } }],
        "ports": [{ "port": 5353, "protocol": "UDP" }, { "port": 5353, "protocol": "TCP" }],
    })
}

/// Lets one destination through. A name has addresses that change: its port is let through to everywhere.
fn to(destination: &Destination) -> Value {
    let everywhere = json!([{ "ipBlock": { "cidr": "0.0.0.0/0" } }, { "ipBlock": { "cidr": "::/0" } }]);
    let to = match destination.cidr() {
        Some(cidr) => json!([{ "ipBlock": { "cidr": cidr } }]),
        None => everywhere,
    };
    json!({ "to": to, "ports": [{ "port": destination.port }] })
}

/// Reads what the customer lets through, as `cidr:port`.
fn given(entry: &str) -> Option<Value> {
    let (cidr, port) = let_through(entry)?;
    Some(json!({ "to": [{ "ipBlock": { "cidr": cidr } }], "ports": [{ "port": port }] }))
}
