//! Licenses as the verbs speak of them: judged by the product's rules, in words.

use std::collections::BTreeMap;

use super::error::{CommandError, Result};
use super::exit::Exit;
use super::session::{Planned, Session, clock};
use crate::deployment::Deployment;
use crate::doctor::LicenseRules;
use crate::drivers;
use crate::license::{Given, Report, Verdict, check};
use crate::product::Entry;
use crate::secret::Secret;

/// What to do about a license that is not usable, or not for long.
const RENEW: &str =
    "ask the vendor for a license, put it where the answers say, then `landfall license rotate`";

/// Finds what each license service is judged by.
///
/// # Errors
/// When the vendor's key cannot be read.
pub fn rules(entry: &Entry) -> Result<BTreeMap<String, LicenseRules>> {
    let mut all = BTreeMap::new();
    for (name, service) in &entry.product().services {
        let Some(policy) = service.license.clone() else {
            continue;
        };
        let key = policy
            .key
            .as_ref()
            .map(|key| entry.files.read(key.as_str()))
            .transpose()?;
        let rules = LicenseRules {
            policy,
            key: key.map(String::into_bytes),
            revoked: Vec::new(),
        };
        all.insert(name.clone(), rules);
    }
    Ok(all)
}

/// Judges licenses by service, for the product and tier of a deployment.
///
/// # Errors
/// When the product is not known any more, or its key is none.
pub fn judge(
    session: &Session,
    deployment: &Deployment,
    tokens: &BTreeMap<String, Secret>,
) -> Result<BTreeMap<String, Report>> {
    let rules = rules(&session.product()?)?;
    let mut reports = BTreeMap::new();
    for (service, token) in tokens {
        let Some(rules) = rules.get(service) else { continue };
        let given = Given {
            key_pem: rules.key.as_deref(),
            now: clock().now(),
            revoked: &rules.revoked,
            product: rules.policy.product.as_deref(),
            tier: Some(deployment.tier.as_str()).filter(|tier| !tier.is_empty()),
        };
        reports.insert(service.clone(), check(token.expose(), &rules.policy, &given)?);
    }
    Ok(reports)
}

/// Judges the licenses that are in force; none where they cannot be read.
pub async fn in_force(session: &Session, deployment: &Deployment) -> BTreeMap<String, Report> {
    let stored = async {
        let tokens = drivers::stored_licenses(&session.context.world()?, deployment).await?;
        judge(session, deployment, &tokens)
    };
    stored.await.unwrap_or_default()
}

/// Refuses a license that the product would refuse.
///
/// # Errors
/// With everything that was found about it.
pub fn refuse_unusable(service: &str, report: &Report) -> Result<()> {
    if report.verdict.is_usable() {
        return Ok(());
    }
    let mut error = CommandError::new(
        Exit::Blocked,
        format!("the license that `services.{service}.token` leads to is not usable, so nothing was done"),
    );
    error
        .causes
        .extend(report.findings.iter().map(ToString::to_string));
    Err(error.hint(RENEW))
}

/// Refuses a plan that brings in an unusable license, and says when the one in force ends soon or has ended.
///
/// # Errors
/// When a license is to be put in force that the product would refuse.
pub fn mind(session: &Session, planned: &Planned) -> Result<()> {
    // Another operator's machine need not have it.
    let Ok(tokens) = drivers::given_licenses(&session.context.world()?, &planned.deployment) else {
        return Ok(());
    };
    for (service, report) in judge(session, &planned.deployment, &tokens)? {
        if brings(planned, &service) {
            refuse_unusable(&service, &report)?;
        }
        if let Some(advice) = advice(&report) {
            session.context.say(format!("note: {advice}"));
        }
    }
    Ok(())
}

/// Says whether the license of a service changes.
fn brings(planned: &Planned, service: &str) -> bool {
    let mut licenses = planned.deployment.licenses();
    let Some((.., token)) = licenses.find(|(name, ..)| *name == service) else {
        return false;
    };
    let seen = |part: &String| planned.plan.observed.pointer(&format!("/{part}/secrets/{token}"));
    let parts = planned.deployment.parts.keys();
    parts
        .filter_map(seen)
        .any(|likeness| likeness.as_str() != Some("same"))
}

/// Writes what a license grants, and until when, on one line.
pub fn sentence(report: &Report) -> String {
    let mut words = Vec::new();
    if let Some(license) = &report.license {
        words.extend(license.customer.iter().map(|customer| format!("for {customer}")));
        words.extend(license.tier.iter().map(|tier| format!("tier {tier}")));
        words.extend(license.seats.map(|seats| format!("{seats} seats")));
        words.extend(license.id.iter().map(|id| format!("id {id}")));
        words.extend(license.expires.map(|end| format!("until {end}")));
    }
    words.join(", ")
}

/// Says what to do about a license that is not usable, or not for long; none when all is well.
pub fn advice(report: &Report) -> Option<String> {
    match report.verdict {
        Verdict::Valid => None,
        Verdict::ExpiresSoon { days, .. } => Some(format!("the license ends in {}: {RENEW}", counted(days))),
        _ => {
            let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
            Some(format!(
                "the license is not usable ({}): {RENEW}",
                findings.join("; ")
            ))
        }
    }
}

fn counted(days: i64) -> String {
    match days {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
