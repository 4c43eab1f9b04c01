//! What a part needs of its cluster, read from its manifests.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::place::{CHART, Expose, Flavor, Place};
use super::super::workload::{kind, name, text};
use super::manifests::Manifests;
use crate::doctor::{Amounts, ClusterNeeds, ContainerNeed, GatewayNeed, PodNeed, VolumeNeed};
use crate::render::Artifacts;

/// Reads the oldest version of a cluster that the chart takes.
pub(super) fn oldest(artifacts: &Artifacts) -> Option<semver::Version> {
    let chart = artifacts.get(format!("{CHART}/Chart.yaml").as_str().into())?;
    let chart: Value = serde_yaml::from_str(&chart.text).ok()?;
    let bound = text(&chart, "/kubeVersion").strip_prefix(">=")?.trim();
    semver::Version::parse(bound.split('-').next()?).ok()
}

/// Finds the template of a workload's pods.
pub(super) fn template(workload: &Value) -> Option<&Value> {
    workload
        .pointer("/spec/template")
        .filter(|template| template.pointer("/spec/containers").is_some())
}

/// Goes through a template's containers; those that end before the others start are marked.
pub(super) fn containers(template: &Value) -> impl Iterator<Item = (bool, &Value)> {
    let of = |path: &str| {
        template
            .pointer(path)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    };
    // One that is always started anew stays beside the others.
    let ends = |container: &Value| text(container, "/restartPolicy") != "Always";
    of("/spec/initContainers")
        .map(move |container| (ends(container), container))
        .chain(of("/spec/containers").map(|container| (false, container)))
}

/// Reads what a part needs.
pub(super) fn of(place: &Place, manifests: &Manifests) -> ClusterNeeds {
    let options = &place.options;
    let mut needs = ClusterNeeds {
        tls_secret: options
            .tls_secret
            .clone()
            .filter(|_| options.expose == Expose::Ingress),
        cluster_issuer: options
            .cluster_issuer
            .clone()
            .filter(|_| options.expose == Expose::Ingress),
        pull_secret: options.pull_secret.clone(),
        nodes_sign_in: !matches!(options.flavor, Flavor::Generic | Flavor::Openshift),
        gateway: gateway(place),
        ..ClusterNeeds::default()
    };
    let mut scaled: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for object in manifests
        .charts
        .iter()
        .filter(|object| kind(object) == "HorizontalPodAutoscaler")
    {
        let number = |path: &str| object.pointer(path).and_then(Value::as_u64).unwrap_or(1);
        let bounds = (number("/spec/minReplicas"), number("/spec/maxReplicas"));
        scaled.insert(text(object, "/spec/scaleTargetRef/name").to_owned(), bounds);
    }
    needs.autoscaling = !scaled.is_empty();
    for (object, passing) in manifests
        .charts
        .iter()
        .map(|object| (object, false))
        .chain(manifests.passing.iter().map(|object| (object, true)))
    {
        match kind(object) {
            "Ingress" => {
                let class = text(object, "/spec/ingressClassName");
                needs.ingress = Some(class.to_owned());
            }
            "PersistentVolumeClaim" => needs.volumes.push(volume(object, name(object), passing)),
            _ => {}
        }
        if let Some(template) = template(object) {
            needs
                .pods
                .push(pods(object, template, scaled.get(name(object)).copied(), passing));
        }
        let claims = object
            .pointer("/spec/volumeClaimTemplates")
            .and_then(Value::as_array);
        for claim in claims.into_iter().flatten() {
            let name = format!("{}-{}-0", name(claim), name(object));
            needs.volumes.push(volume(claim, &name, false));
        }
    }
    needs
}

fn gateway(place: &Place) -> Option<GatewayNeed> {
    if place.options.expose != Expose::Gateway {
        return None;
    }
    let (namespace, name) = place.options.gateway.as_deref()?.split_once('/')?;
    Some(GatewayNeed {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        host: place.options.domain.clone(),
    })
}

fn volume(claim: &Value, name: &str, later: bool) -> VolumeNeed {
    let modes = claim.pointer("/spec/accessModes").and_then(Value::as_array);
    VolumeNeed {
        name: name.to_owned(),
        class: text(claim, "/spec/storageClassName").to_owned(),
        size: amount(claim.pointer("/spec/resources/requests/storage")),
        modes: modes
            .into_iter()
            .flatten()
            .filter_map(|mode| mode.as_str().map(str::to_owned))
            .collect(),
        there: false,
        later,
    }
}

fn pods(object: &Value, template: &Value, scaled: Option<(u64, u64)>, passing: bool) -> PodNeed {
    let replicas = object.pointer("/spec/replicas").and_then(Value::as_u64);
    let (least, most) = scaled.unwrap_or_else(|| (replicas.unwrap_or(1), replicas.unwrap_or(1)));
    let rolls = kind(object) == "Deployment" && text(object, "/spec/strategy/type") != "Recreate";
    PodNeed {
        workload: format!("{} {}", kind(object), name(object)),
        replicas: if passing { 0 } else { least },
        most: if passing { 0 } else { most },
        // The chart replaces one pod at a time.
        surge: u64::from(passing || rolls),
        there: false,
        containers: containers(template)
            .map(|(first, container)| ContainerNeed {
                name: name_of(container),
                first,
                requests: amounts(container.pointer("/resources/requests")),
                limits: amounts(container.pointer("/resources/limits")),
            })
            .collect(),
    }
}

fn name_of(container: &Value) -> String {
    text(container, "/name").to_owned()
}

/// Reads amounts by resource.
pub(super) fn amounts(object: Option<&Value>) -> Amounts {
    let entries = object.and_then(Value::as_object).into_iter().flatten();
    entries
        .map(|(name, value)| (name.clone(), amount(Some(value))))
        .collect()
}

/// Reads an amount, which YAML may take for a number.
fn amount(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// Notes what is there already, given as `Kind name`.
pub(super) fn mark(needs: &mut ClusterNeeds, there: &BTreeSet<String>) {
    for pods in &mut needs.pods {
        pods.there = there.contains(&pods.workload);
    }
    for volume in &mut needs.volumes {
        volume.there = there.contains(&format!("PersistentVolumeClaim {}", volume.name));
    }
}
