//! How people reach the product: an Ingress or a route at a Gateway, and ports beside it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::place::{Expose, Flavor, Options, Place, dashed};
use crate::deployment::{Part, ResolvedComponent};

/// A part of the public address, with the port that answers.
#[derive(Debug, Serialize)]
pub(super) struct Route {
    path: String,
    port: String,
}

/// Ports that people reach beside the public address.
#[derive(Debug, Serialize)]
pub(super) struct Published {
    ports: Vec<String>,
}

/// Says how people reach it.
pub(super) fn exposure(part: &Part, place: &Place) -> Value {
    let options = &place.options;
    // Agents and workers ask for work; nobody connects to them.
    let any = part
        .components
        .iter()
        .any(|component| !component.routes.is_empty());
    let mut annotations: Map<String, Value> = options
        .ingress_annotations
        .iter()
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().into()))
        .collect();
    match options.expose {
        _ if !any => json!({ "ingress": { "enabled": false } }),
        Expose::Ingress => {
            let class = class(options, &mut annotations);
            json!({ "ingress": {
                "enabled": true,
                "className": class,
                "host": options.domain,
                "annotations": annotations,
                "tls": {
                    "secretName": options.tls_secret.clone().unwrap_or_default(),
                    "clusterIssuer": options.cluster_issuer.clone().unwrap_or_default(),
                },
            } })
        }
        Expose::Gateway => {
            let gateway = options.gateway.as_deref().unwrap_or_default();
            let (namespace, name) = gateway.split_once('/').unwrap_or_default();
            json!({ "gateway": {
                "enabled": true,
                "host": options.domain,
                "annotations": annotations,
                "parentRefs": [{ "namespace": namespace, "name": name }],
            } })
        }
        Expose::None => json!({ "ingress": { "enabled": false } }),
    }
}

/// Names the ingress class, with the annotations that the controller of the cluster's kind needs.
fn class(options: &Options, annotations: &mut Map<String, Value>) -> String {
    let usual = match options.flavor {
        Flavor::Eks => "alb",
        Flavor::Gke => "gce",
        Flavor::Aks => "webapprouting.kubernetes.azure.com",
        Flavor::Openshift => "openshift-default",
        Flavor::Generic => "",
    };
    let class = options.ingress_class.as_deref().unwrap_or(usual);
    match (options.flavor, class) {
        // Without it the controller asks for node ports, which the Services have not.
        (Flavor::Eks, "alb") => {
            annotations
                .entry("alb.ingress.kubernetes.io/target-type")
                .or_insert_with(|| "ip".into());
        }
        // GKE's own controller knows no class but by the annotation.
        (Flavor::Gke, "gce" | "gce-internal") => {
            annotations
                .entry("kubernetes.io/ingress.class")
                .or_insert_with(|| class.into());
            return String::new();
        }
        _ => {}
    }
    class.to_owned()
}

/// Lists the parts of the public address that lead to a component.
pub(super) fn routes(component: &ResolvedComponent) -> Vec<Route> {
    let name = |number: u16| {
        let named = component.ports.iter().find(|(_, port)| port.number == number);
        named.map_or_else(|| number.to_string(), |(name, _)| dashed(name))
    };
    let route = |(path, port): (&String, &u16)| Route {
        path: path.clone(),
        port: name(*port),
    };
    component.routes.iter().map(route).collect()
}

/// Lists the published ports that the public address does not lead to anyway.
pub(super) fn published(place: &Place, component: &ResolvedComponent) -> Option<Published> {
    let routed = |number: u16| component.routes.values().any(|port| *port == number);
    let ports: Vec<String> = component
        .ports
        .iter()
        .filter(|(_, port)| port.published && !routed(port.number))
        .map(|(name, _)| dashed(name))
        .collect();
    let any = place.options.expose != Expose::None && !ports.is_empty();
    any.then_some(Published { ports })
}
