//! Whether an account is ready for a part: judged purely from what was found of it.

mod limits;
mod names;
mod network;
mod seen;
#[cfg(test)]
mod tests;

pub use seen::{
    AccountSeen, BoundSeen, BucketSeen, CertificateFound, CertificateSeen, Fact, Holder, NetworkSeen,
    RangeSeen, SubnetFound, SubnetUse, SubnetsSeen, ZoneSeen,
};

use super::{Finding, ImageAnswer, ImageSeen, Level};

/// Judges what was found of an account; `now` is in seconds since 1970.
pub(super) fn judge(seen: &AccountSeen, now: i64) -> Vec<Finding> {
    let subject = seen.place.as_str();
    let mut findings = match &seen.identity {
        Ok(who) => vec![Finding::ok("identity", subject, format!("signed in as {who}"))],
        Err((why, fix)) => {
            let mut finding = Finding::new("identity", subject, Level::Blocker, why);
            finding.fix.clone_from(fix);
            return vec![finding];
        }
    };
    match &seen.facts {
        Ok(facts) => findings.extend(facts.iter().flat_map(|fact| judge_fact((&seen.part, now), fact))),
        Err(why) => {
            let subject = format!("parts.{}", seen.part);
            findings.push(Finding::new("render", &subject, Level::Blocker, why));
        }
    }
    findings
}

fn judge_fact((part, now): (&str, i64), fact: &Fact) -> Vec<Finding> {
    match fact {
        Fact::Quotas(quotas) => limits::quotas(quotas),
        Fact::Roles(roles) => limits::roles(roles),
        Fact::Certificate(certificate) => vec![names::certificate(certificate, now)],
        Fact::Zone(zone) => vec![names::zone(zone)],
        Fact::Range(range) => vec![network::range(range)],
        Fact::Network(found) => network::network(found),
        Fact::Subnets(subnets) => network::subnets(part, subnets),
        Fact::Zones(wanted, found) => vec![network::zones(part, wanted, found)],
        Fact::Image(image) => vec![judge_image(part, image)],
        Fact::Engine(engine, offered) => vec![names::engine(part, engine, offered)],
        Fact::Bucket(bucket) => vec![names::bucket(part, bucket)],
        Fact::Secret(option, arn, there) => vec![names::secret(part, option, (arn, there))],
    }
}

/// Says whether tasks could pull an image, as far as it can be told from here.
fn judge_image(part: &str, image: &ImageSeen) -> Finding {
    let subject = image.reference.as_str();
    let level = match &image.answer {
        ImageAnswer::There => return Finding::ok("image", subject, "it can be pulled"),
        ImageAnswer::Missing => Level::Blocker,
        ImageAnswer::Refused | ImageAnswer::Silent(_) => Level::Warning,
    };
    let options = format!("parts.{part}.options");
    let (message, fix) = match &image.answer {
        ImageAnswer::Silent(why) => (format!("not asked from here: {why}"), None),
        ImageAnswer::Refused => (
            "the registry refuses it to you; tasks sign in with what the answers name".to_owned(),
            Some(format!(
                "name a secret with credentials as `{options}.registry_credentials`"
            )),
        ),
        _ => (
            "the registry does not have it".to_owned(),
            Some(format!(
                "push the release's images there, or name another registry as `{options}.registry`"
            )),
        ),
    };
    let mut finding = Finding::new("image", subject, level, message);
    finding.fix = fix;
    finding
}

/// Says that something could not be asked, which is no reason not to begin.
fn unseen(check: &'static str, subject: &str, why: &str) -> Finding {
    Finding::new(check, subject, Level::Warning, format!("not asked: {why}"))
}
