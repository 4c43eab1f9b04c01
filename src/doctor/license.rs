//! Whether the license is whole, for this product and tier, and for how long.

use super::{Check, Context, Finding, Level, LicenseRules, ProbeError, secrets};
use crate::license::{Given, License, Report, Verdict, check};

pub(super) fn checks<'a>(cx: &'a Context<'_>, name: &str, checks: &mut Vec<Check<'a>>) {
    let Some(service) = cx.what.deployment.services.get(name) else {
        return;
    };
    let Some(rules) = cx.what.licenses.get(name) else {
        return;
    };
    let subject = format!("services.{name}");
    checks.push(Check::new("license", subject.clone(), async move {
        match examine(cx, &subject, service.text("token"), rules).await {
            Ok(findings) => findings,
            // The check of secrets says what to do about a missing file.
            Err(error) => vec![Finding::new("license", &subject, Level::Blocker, error.whole())],
        }
    }));
}

async fn examine(
    cx: &Context<'_>,
    subject: &str,
    token: &str,
    rules: &LicenseRules,
) -> Result<Vec<Finding>, ProbeError> {
    let Some(token) = secrets::of(cx, token).await? else {
        return Ok(Vec::new());
    };
    let given = Given {
        key_pem: rules.key.as_deref(),
        now: cx.world.now(),
        revoked: &rules.revoked,
        product: rules.policy.product.as_deref(),
        tier: Some(cx.what.deployment.tier.as_str()).filter(|tier| !tier.is_empty()),
    };
    let report = check(token.expose(), &rules.policy, &given).map_err(ProbeError::License)?;
    Ok(vec![judge(subject, &report, cx.what.fresh)])
}

fn judge(subject: &str, report: &Report, fresh: bool) -> Finding {
    let noticed: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    let says = report.license.as_ref().map(says).unwrap_or_default();
    let renew = match fresh {
        true => "ask the vendor for a license, and put it where the answers say",
        false => "ask the vendor for a license, put it where the answers say, then `landfall license rotate`",
    };
    match report.verdict {
        Verdict::Valid => Finding::ok("license", subject, join(&[says], &noticed)),
        Verdict::ExpiresSoon { days, .. } => {
            let message = join(&[says, format!("expires in {days} days")], &noticed);
            Finding::new("license", subject, Level::Warning, message).fix(renew)
        }
        _ => Finding::new("license", subject, Level::Blocker, join(&[], &noticed)).fix(renew),
    }
}

fn join(first: &[String], noticed: &[String]) -> String {
    let all: Vec<&str> = first.iter().chain(noticed).map(String::as_str).collect();
    if all.is_empty() {
        "not usable".to_owned()
    } else {
        all.join("; ")
    }
}

/// Writes what a license grants.
fn says(license: &License) -> String {
    let mut words = vec!["valid".to_owned()];
    words.extend(license.customer.iter().map(|customer| format!("for {customer}")));
    words.extend(license.tier.iter().map(|tier| format!("tier {tier}")));
    words.extend(license.seats.map(|seats| format!("{seats} seats")));
    words.join(", ")
}
