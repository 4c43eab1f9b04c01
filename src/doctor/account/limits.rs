//! What AWS bounds, and the roles that its services have.

use super::super::{Finding, Level, Looked};
use super::{BoundSeen, unseen};

/// Compares what is needed with what is left; quotas that are not told are so for one reason, which is told once.
pub(super) fn quotas(seen: &[BoundSeen]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut untold = Vec::new();
    for quota in seen {
        match &quota.limit {
            Ok(Some(limit)) => findings.push(compared(quota, *limit)),
            Ok(None) => untold.push((quota, "AWS does not know them here")),
            Err(why) => untold.push((quota, why.as_str())),
        }
    }
    if let Some((_, why)) = untold.first() {
        let titles: Vec<&str> = untold.iter().map(|(quota, _)| quota.title.as_str()).collect();
        findings.push(unseen("quota", &titles.join(", "), why));
    }
    findings
}

/// Compares one with its limit.
fn compared(seen: &BoundSeen, limit: u64) -> Finding {
    let subject = seen.title.as_str();
    let (service, code) = &seen.code;
    let (in_use, counted) = match &seen.used {
        Some(Ok(used)) => (*used, format!("{used} of {limit} are in use")),
        Some(Err(why)) => (
            0,
            format!("there may be {limit}; not counted how many there are: {why}"),
        ),
        None => (0, format!("there may be {limit}; what is in use is not counted")),
    };
    let wanted = if seen.there { 0 } else { seen.needed };
    let total = in_use.saturating_add(wanted).max(seen.needed);
    if total > limit {
        let message = format!("this part needs {}: {counted}", seen.needed);
        return Finding::new("quota", subject, Level::Blocker, message).fix(format!(
            "aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} \
             --desired-value {total}"
        ));
    }
    let message = format!("room for {}: {counted}", seen.needed);
    match &seen.used {
        Some(Err(_)) => Finding::new("quota", subject, Level::Warning, message),
        _ => Finding::ok("quota", subject, message),
    }
}

/// Says which roles of AWS's services are there, and which come with their first use.
pub(super) fn roles(roles: &[(String, Looked<bool>)]) -> Vec<Finding> {
    let subject = "service-linked roles";
    let those = |wanted: bool| {
        let named = roles.iter().filter(move |(_, there)| *there == Ok(wanted));
        named
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut findings = Vec::new();
    let (there, missing) = (those(true), those(false));
    if !there.is_empty() {
        findings.push(Finding::ok("role", subject, format!("there: {there}")));
    }
    if !missing.is_empty() {
        let message = format!(
            "not there yet: {missing}; AWS makes each with the first use of its service, for whoever may \
             iam:CreateServiceLinkedRole"
        );
        findings.push(Finding::ok("role", subject, message));
    }
    let untold = roles.iter().find_map(|(_, there)| there.as_ref().err());
    findings.extend(untold.map(|why| unseen("role", subject, why)));
    findings
}
