//! Whether there is room: the namespace's quotas and limits, and what the nodes have.

use std::collections::BTreeMap;

use super::super::{Finding, Level};
use super::quantity::show;
use super::{Amounts, ClusterNeeds, ClusterSeen, ContainerNeed, LimitSeen, PodNeed, QuotaSeen, list, unseen};
use crate::product::thousandths as parse;

/// What is asked for at three times, by resource as a quota names it.
#[derive(Default)]
struct Sums {
    /// At first, for what is not there yet.
    now: BTreeMap<String, i128>,
    /// Beside it, while an upgrade replaces pods and saves data.
    upgrade: BTreeMap<String, i128>,
    /// Beside it, under the highest load.
    load: BTreeMap<String, i128>,
}

pub(super) fn quotas(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let quotas = match &seen.found.quotas {
        None => return Vec::new(),
        Some(Err(why)) => return vec![unseen("quota", &seen.namespace, why)],
        Some(Ok(quotas)) => quotas,
    };
    let limits = match &seen.found.limits {
        Some(Ok(limits)) => limits.as_slice(),
        _ => &[],
    };
    let sums = sums(needs, limits);
    quotas
        .iter()
        .flat_map(|quota| judge(seen, quota, &sums, needs, limits))
        .collect()
}

fn judge(
    seen: &ClusterSeen,
    quota: &QuotaSeen,
    sums: &Sums,
    needs: &ClusterNeeds,
    limits: &[LimitSeen],
) -> Vec<Finding> {
    let subject = format!("ResourceQuota {}", quota.name);
    let fix = format!(
        "let whoever keeps it raise it: kubectl --namespace {} edit resourcequota {}",
        seen.namespace, quota.name
    );
    let (mut full, mut tight) = (Vec::new(), Vec::new());
    for (resource, hard) in &quota.hard {
        let Some(hard) = parse(hard) else { continue };
        let used = quota.used.get(resource).and_then(|used| parse(used)).unwrap_or(0);
        let of = |sum: &BTreeMap<String, i128>| sum.get(usual(resource)).copied().unwrap_or(0);
        let (now, upgrade, load) = (of(&sums.now), of(&sums.upgrade), of(&sums.load));
        let free = (hard - used).max(0);
        let line = |wanted: i128, why: &str| {
            let [wanted, free, hard] = [wanted, free, hard].map(|amount| show(resource, amount));
            format!("{resource}: {wanted} needed{why}, {free} of {hard} free")
        };
        if now > free {
            full.push(line(now, ""));
        } else if now + upgrade > free && upgrade > 0 {
            tight.push(line(now + upgrade, " during an upgrade"));
        } else if now + load > free && load > 0 {
            tight.push(line(now + load, " under the highest load"));
        }
    }
    let mut findings = Vec::new();
    let bare = unbounded(quota, needs, limits);
    if !bare.is_empty() {
        let message = format!(
            "it bounds what these containers do not say, so their pods would be refused: {}",
            bare.join("; ")
        );
        let fix = "add a LimitRange with defaults to the namespace";
        findings.push(Finding::new("quota", &subject, Level::Blocker, message).fix(fix));
    }
    if !full.is_empty() {
        findings.push(Finding::new("quota", &subject, Level::Blocker, full.join("; ")).fix(fix.clone()));
    }
    if !tight.is_empty() {
        findings.push(Finding::new("quota", &subject, Level::Warning, tight.join("; ")).fix(fix));
    }
    if findings.is_empty() {
        findings.push(Finding::ok("quota", &subject, "there is room"));
    }
    findings
}

/// Says under which name a resource is counted here: quotas have several for some.
fn usual(resource: &str) -> &str {
    match resource {
        "cpu" => "requests.cpu",
        "memory" => "requests.memory",
        "ephemeral-storage" => "requests.ephemeral-storage",
        "count/pods" => "pods",
        "count/persistentvolumeclaims" => "persistentvolumeclaims",
        other => other,
    }
}

/// Finds containers that do not say what a quota bounds; the cluster refuses their pods.
fn unbounded(quota: &QuotaSeen, needs: &ClusterNeeds, limits: &[LimitSeen]) -> Vec<String> {
    let mut found = Vec::new();
    for resource in quota.hard.keys() {
        let Some((whose, of)) = usual(resource).split_once('.') else {
            continue;
        };
        if !matches!(of, "cpu" | "memory") || !matches!(whose, "requests" | "limits") {
            continue;
        }
        let silent = |pods: &&PodNeed| {
            let said = |container: &ContainerNeed| amount(container, whose, of, limits).is_some();
            !pods.containers.iter().all(said)
        };
        let names = needs
            .pods
            .iter()
            .filter(silent)
            .map(|pods| pods.workload.as_str());
        let names: Vec<&str> = names.collect();
        if !names.is_empty() {
            found.push(format!("{whose}.{of} of {}", list(names)));
        }
    }
    found
}

/// Reads what a container asks for, with the namespace's defaults.
fn amount(container: &ContainerNeed, whose: &str, of: &str, limits: &[LimitSeen]) -> Option<i128> {
    let default = |pick: fn(&LimitSeen) -> &Amounts| {
        let containers = limits.iter().filter(|limit| limit.kind == "Container");
        containers
            .into_iter()
            .find_map(|limit| parse(pick(limit).get(of)?))
    };
    let limit = || {
        let said = container.limits.get(of).and_then(|text| parse(text));
        said.or_else(|| default(|limit| &limit.default_limits))
    };
    if whose == "limits" {
        return limit();
    }
    let said = container.requests.get(of).and_then(|text| parse(text));
    // A limit without a request is one.
    let own = said.or_else(|| container.limits.get(of).and_then(|text| parse(text)));
    own.or_else(|| default(|limit| &limit.default_requests))
        .or_else(limit)
}

/// Sums what one pod counts: the containers together, or the largest of those that end before.
fn of_pod(pods: &PodNeed, whose: &str, of: &str, limits: &[LimitSeen]) -> i128 {
    let amount = |container: &ContainerNeed| amount(container, whose, of, limits).unwrap_or(0);
    let (first, rest): (Vec<_>, Vec<_>) = pods.containers.iter().partition(|container| container.first);
    let together: i128 = rest.into_iter().map(amount).sum();
    first.into_iter().map(amount).fold(together, i128::max)
}

fn sums(needs: &ClusterNeeds, limits: &[LimitSeen]) -> Sums {
    let mut sums = Sums::default();
    let resources = [
        ("requests", "cpu"),
        ("requests", "memory"),
        ("limits", "cpu"),
        ("limits", "memory"),
    ];
    for pods in &needs.pods {
        let mut counted = BTreeMap::from([("pods".to_owned(), 1_000)]);
        for (whose, of) in resources {
            counted.insert(format!("{whose}.{of}"), of_pod(pods, whose, of, limits));
        }
        for (resource, each) in counted {
            let add = |sum: &mut BTreeMap<String, i128>, count: u64| {
                *sum.entry(resource.clone()).or_default() += each * i128::from(count);
            };
            if !pods.there {
                add(&mut sums.now, pods.replicas);
            }
            add(&mut sums.upgrade, pods.surge);
            add(&mut sums.load, pods.most.saturating_sub(pods.replicas));
        }
    }
    for volume in needs.volumes.iter().filter(|volume| !volume.there) {
        let sum = if volume.later {
            &mut sums.upgrade
        } else {
            &mut sums.now
        };
        *sum.entry("persistentvolumeclaims".to_owned()).or_default() += 1_000;
        *sum.entry("requests.storage".to_owned()).or_default() += parse(&volume.size).unwrap_or(0);
        if !volume.class.is_empty() {
            let of_class = format!("{}.storageclass.storage.k8s.io", volume.class);
            *sum.entry(format!("{of_class}/persistentvolumeclaims"))
                .or_default() += 1_000;
            *sum.entry(format!("{of_class}/requests.storage")).or_default() +=
                parse(&volume.size).unwrap_or(0);
        }
    }
    sums
}

pub(super) fn limits(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let ranges = match &seen.found.limits {
        None => return Vec::new(),
        // Quotas are looked at in the same breath, and say why.
        Some(Err(_)) => return Vec::new(),
        Some(Ok(ranges)) => ranges,
    };
    let mut findings = Vec::new();
    for range in ranges {
        let mut outside = Vec::new();
        match range.kind.as_str() {
            "Container" => {
                for pods in &needs.pods {
                    for container in &pods.containers {
                        let what = format!("{} of {}", container.name, pods.workload);
                        let of = |whose: &str, resource: &str| amount(container, whose, resource, ranges);
                        outside.extend(bounds(range, &what, of));
                    }
                }
            }
            "Pod" => {
                for pods in &needs.pods {
                    let of = |whose: &str, resource: &str| Some(of_pod(pods, whose, resource, ranges));
                    outside.extend(bounds(range, &pods.workload, of));
                }
            }
            "PersistentVolumeClaim" => {
                for volume in needs.volumes.iter().filter(|volume| !volume.there) {
                    let of = |_: &str, resource: &str| parse(&volume.size).filter(|_| resource == "storage");
                    outside.extend(bounds(range, &volume.name, of));
                }
            }
            _ => {}
        }
        let subject = format!("LimitRange {}", range.name);
        findings.push(if outside.is_empty() {
            Finding::ok("limits", &subject, format!("each {} fits", range.kind))
        } else {
            Finding::new("limits", &subject, Level::Blocker, outside.join("; ")).fix(format!(
                "let whoever keeps it change it: kubectl --namespace {} edit limitrange {}",
                seen.namespace, range.name
            ))
        });
    }
    findings
}

fn bounds(range: &LimitSeen, what: &str, of: impl Fn(&str, &str) -> Option<i128>) -> Vec<String> {
    let mut outside = Vec::new();
    for (resource, least) in &range.min {
        let asked = of("requests", resource);
        if let (Some(asked), Some(least)) = (asked, parse(least))
            && asked < least
        {
            let [asked, least] = [asked, least].map(|amount| show(resource, amount));
            outside.push(format!(
                "{what} asks for {resource} {asked}, the least is {least}"
            ));
        }
    }
    for (resource, most) in &range.max {
        let asked = of("limits", resource).max(of("requests", resource));
        if let (Some(asked), Some(most)) = (asked, parse(most))
            && asked > most
        {
            let [asked, most] = [asked, most].map(|amount| show(resource, amount));
            outside.push(format!("{what} asks for {resource} {asked}, the most is {most}"));
        }
    }
    outside
}

pub(super) fn capacity(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    // Who may not look at nodes has somebody else who takes care of them.
    let Some(Ok(nodes)) = &seen.found.nodes else {
        return Vec::new();
    };
    let subject = "nodes";
    if nodes.is_empty() {
        let message = "no node takes pods";
        return vec![Finding::new("capacity", subject, Level::Warning, message).fix("add a node")];
    }
    let sums = sums(needs, &[]);
    let mut lacking = Vec::new();
    for of in ["cpu", "memory"] {
        let amounts = nodes.iter().filter_map(|node| parse(node.get(of)?));
        let (whole, largest) = amounts.fold((0, 0), |(sum, most), amount| {
            (sum + amount, i128::max(most, amount))
        });
        let asked = sums.now.get(&format!("requests.{of}")).copied().unwrap_or(0);
        if asked > whole {
            let [asked, whole] = [asked, whole].map(|amount| show(of, amount));
            lacking.push(format!("{of}: {asked} needed, all nodes together have {whole}"));
        }
        for pods in &needs.pods {
            let one = of_pod(pods, "requests", of, &[]);
            if one > largest {
                let [one, largest] = [one, largest].map(|amount| show(of, amount));
                lacking.push(format!(
                    "{of}: a pod of {} needs {one}, the largest node has {largest}",
                    pods.workload
                ));
            }
        }
    }
    if lacking.is_empty() {
        let count = nodes.len();
        return vec![Finding::ok(
            "capacity",
            subject,
            format!("{count} with room for every pod"),
        )];
    }
    let message = lacking.join("; ");
    vec![Finding::new("capacity", subject, Level::Warning, message).fix("add nodes, or larger ones")]
}
