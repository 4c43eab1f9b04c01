//! Whether a cluster is ready for a part: judged purely from what was found of it.

mod access;
mod exposure;
mod ground;
mod images;
mod quantity;
mod quota;
mod seen;
mod storage;
#[cfg(test)]
mod tests;

pub use seen::{
    AdmissionSeen, Amounts, ClassSeen, ClusterFound, ClusterNeeds, ClusterSeen, ContainerNeed, GatewayNeed,
    GatewaySeen, ImageAnswer, ImageSeen, LimitSeen, ListenerSeen, Looked, NamespaceSeen, PodNeed, QuotaSeen,
    Right, RightsSeen, VersionsSeen, VolumeNeed,
};

use super::{Finding, Level};

/// Judges what was found of a cluster.
pub(super) fn judge(seen: &ClusterSeen) -> Vec<Finding> {
    let mut findings = ground::versions(seen);
    if seen.versions.is_err() {
        return findings;
    }
    let subject = format!("parts.{}", seen.part);
    findings.extend(ground::namespace(seen));
    findings.extend(access::rights(seen));
    match &seen.needs {
        Ok(needs) => {
            findings.extend(storage::classes(seen, needs));
            findings.extend(exposure::ingress(seen, needs));
            findings.extend(exposure::gateway(seen, needs));
            findings.extend(exposure::certificate(seen, needs));
            findings.extend(quota::quotas(seen, needs));
            findings.extend(quota::limits(seen, needs));
            findings.extend(quota::capacity(seen, needs));
            findings.extend(images::pulled(seen, needs));
        }
        Err(why) => findings.push(Finding::new("render", &subject, Level::Blocker, why)),
    }
    findings.extend(ground::admission(seen));
    findings.extend(ground::dns(seen));
    findings.extend(ground::metrics(seen));
    findings
}

/// Says that something could not be looked at, which is no reason not to begin.
fn unseen(check: &'static str, subject: &str, why: &str) -> Finding {
    let message = match why.split_once(" cannot ") {
        Some((_, rest)) if why.contains("forbidden") => format!("not looked at: you cannot {rest}"),
        _ => format!("not looked at: {why}"),
    };
    Finding::new(check, subject, Level::Warning, message)
}

/// Writes a list of names, or that there are none.
fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
