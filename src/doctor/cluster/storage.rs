//! Whether volumes can be had.

use super::super::{Finding, Level};
use super::{ClassSeen, ClusterNeeds, ClusterSeen, list, unseen};

/// Providers whose volumes are mounted on one node at a time.
const SINGLE: [&str; 10] = [
    "ebs.csi.aws.com",
    "kubernetes.io/aws-ebs",
    "disk.csi.azure.com",
    "kubernetes.io/azure-disk",
    "pd.csi.storage.gke.io",
    "kubernetes.io/gce-pd",
    "rancher.io/local-path",
    "microk8s.io/hostpath",
    "k8s.io/minikube-hostpath",
    "topolvm.io",
];

pub(super) fn classes(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let new = needs.volumes.iter().filter(|volume| !volume.there);
    let mut wanted: Vec<&str> = new.clone().map(|volume| volume.class.as_str()).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let known = match &seen.found.storage {
        Some(Ok(known)) => known,
        Some(Err(why)) if !wanted.is_empty() => return vec![unseen("storage", "storage classes", why)],
        _ => return Vec::new(),
    };
    let mut findings = Vec::new();
    for class in wanted {
        let volumes = new.clone().filter(|volume| volume.class == class);
        let shared = volumes
            .clone()
            .any(|volume| volume.modes.iter().any(|mode| mode == "ReadWriteMany"));
        let names = list(volumes.map(|volume| volume.name.as_str()));
        let found = match class {
            "" => known.iter().find(|known| known.default),
            class => known.iter().find(|known| known.name == class),
        };
        findings.push(match found {
            Some(found) => judge(found, shared, &names),
            None => missing(seen, class, &names, known),
        });
    }
    findings
}

fn missing(seen: &ClusterSeen, class: &str, volumes: &str, known: &[ClassSeen]) -> Finding {
    let there = list(known.iter().map(|known| known.name.as_str()));
    let (subject, message) = match class {
        "" => (
            "default storage class",
            format!("there is none, and volumes need one ({volumes}); there are: {there}"),
        ),
        class => (
            class,
            format!("there is no such storage class, and volumes need it ({volumes}); there are: {there}"),
        ),
    };
    let fix = match known.first() {
        Some(known) => format!("--set parts.{}.options.storage_class={}", seen.part, known.name),
        None => "install a storage provider, with a storage class".to_owned(),
    };
    Finding::new("storage", subject, Level::Blocker, message).fix(fix)
}

fn judge(class: &ClassSeen, shared: bool, volumes: &str) -> Finding {
    let name = class.name.as_str();
    if class.provider == "kubernetes.io/no-provisioner" {
        let message = format!("it makes no volumes by itself: there must be some for {volumes}");
        return Finding::new("storage", name, Level::Warning, message).fix("make the volumes beforehand");
    }
    if shared && SINGLE.contains(&class.provider.as_str()) {
        let message = format!(
            "volumes of {} are mounted on one node at a time, and `ReadWriteMany` is asked for ({volumes})",
            class.provider
        );
        return Finding::new("storage", name, Level::Warning, message)
            .fix("choose a storage class of a file store, or `ReadWriteOnce`");
    }
    let which = if class.default { ", the default" } else { "" };
    Finding::ok("storage", name, format!("it is there{which}"))
}
