//! What is known by a name: certificate, zone, bucket, secret, engine.

use super::super::{Finding, Level, Looked};
use super::{BucketSeen, CertificateFound, CertificateSeen, Holder, ZoneSeen, unseen};

/// How long a certificate must last yet not to be worth a warning: a month.
const SOON: i64 = 30 * 24 * 60 * 60;

/// Judges a certificate that was given.
pub(super) fn certificate(seen: &CertificateSeen, now: i64) -> Finding {
    let CertificateSeen {
        arn,
        region,
        domain,
        found,
    } = seen;
    let blocker = |message: String| Finding::new("certificate", arn, Level::Blocker, message);
    let own = arn.split(':').nth(3).unwrap_or_default();
    if own != region {
        let message = format!("it is in {own}, and a load balancer takes only those of its region, {region}");
        return blocker(message).fix(format!("have one issued by ACM in {region}"));
    }
    let found = match found {
        Err(why) => return unseen("certificate", arn, why),
        Ok(None) => {
            let fix = "name one of this account and region as `certificate_arn`";
            return blocker("there is no such certificate".to_owned()).fix(fix);
        }
        Ok(Some(found)) => found,
    };
    let CertificateFound { status, ends, names } = found;
    if status != "ISSUED" {
        let fix = "finish its validation in ACM, or name another one as `certificate_arn`";
        return blocker(format!("it is {status}, and not issued")).fix(fix);
    }
    if !names.iter().any(|name| covers(name, domain)) {
        let message = format!("it is for {}, and not for {domain}", names.join(", "));
        return blocker(message).fix("have one issued for that name");
    }
    match ends {
        Some(ends) if *ends <= now => blocker("it has expired".to_owned())
            .fix("have it renewed, or name another one as `certificate_arn`"),
        Some(ends) if *ends <= now + SOON => {
            let message = format!("it ends in {} days", (ends - now) / 86_400);
            Finding::new("certificate", arn, Level::Warning, message).fix("see to it that it is renewed")
        }
        _ => Finding::ok("certificate", arn, format!("it is issued for {domain}")),
    }
}

/// Says whether a certificate's name is for a domain: a star stands for one label.
fn covers(name: &str, domain: &str) -> bool {
    let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    match name.strip_prefix("*.") {
        Some(rest) => domain
            .split_once('.')
            .is_some_and(|(_, parent)| same(rest, parent)),
        None => same(name, domain),
    }
}

pub(super) fn zone(seen: &ZoneSeen) -> Finding {
    let ZoneSeen { id, domain, found } = seen;
    let blocker = |message: String| Finding::new("zone", id, Level::Blocker, message);
    match found {
        Err(why) => unseen("zone", id, why),
        Ok(None) => blocker("there is no such zone in this account".to_owned())
            .fix("name the id of the domain's zone as `zone_id`"),
        Ok(Some((name, _))) if domain != name && !domain.ends_with(&format!(".{name}")) => {
            blocker(format!("it is the zone of {name}, which {domain} is not in"))
                .fix("name the id of the domain's zone as `zone_id`")
        }
        Ok(Some((name, true))) => blocker(format!(
            "the zone of {name} is private: nobody outside could check whose the name is"
        ))
        .fix("name a public zone as `zone_id`, or give a certificate"),
        Ok(Some((name, false))) => Finding::ok("zone", id, format!("it is the public zone of {name}")),
    }
}

pub(super) fn bucket(part: &str, seen: &BucketSeen) -> Finding {
    let subject = seen.name.as_str();
    let blocker =
        |message: &str, fix: String| Finding::new("state", subject, Level::Blocker, message).fix(fix);
    let other = format!("parts.{part}.options.state_bucket");
    match (&seen.holder, seen.made) {
        (Err(why), _) => unseen("state", subject, why),
        (Ok(Holder::Ours), _) => Finding::ok("state", subject, "the bucket of the states is this account's"),
        (Ok(Holder::Nobody), true) => {
            Finding::ok("state", subject, "the name is free: the bucket will be made")
        }
        (Ok(Holder::Nobody), false) => blocker(
            "there is no such bucket",
            format!("make it, or name another as `{other}`"),
        ),
        (Ok(Holder::Closed), made) => blocker(
            "the bucket is another account's, lies in another region, or may not be looked at by you",
            match made {
                true => "take another `name` for the installation, or get s3:ListBucket on it".to_owned(),
                false => format!("get s3:ListBucket on it, or name another as `{other}`"),
            },
        ),
    }
}

pub(super) fn engine(part: &str, engine: &str, offered: &Looked<bool>) -> Finding {
    match offered {
        Err(why) => unseen("engine", engine, why),
        Ok(true) => Finding::ok("engine", engine, "RDS offers this version in the region"),
        Ok(false) => {
            let name = engine.split(' ').next().unwrap_or(engine);
            Finding::new(
                "engine",
                engine,
                Level::Blocker,
                "RDS does not offer this version in the region",
            )
            .fix(format!(
                "choose a `parts.{part}.options.database_version` of those that `aws rds \
                     describe-db-engine-versions --engine {name}` lists"
            ))
        }
    }
}

pub(super) fn secret(part: &str, option: &str, (arn, there): (&str, &Looked<bool>)) -> Finding {
    let subject = format!("parts.{part}.options.{option}");
    match there {
        Err(why) => unseen("secret", &subject, why),
        Ok(true) => Finding::ok("secret", &subject, "the secret is there"),
        Ok(false) => {
            let message = format!("there is no secret {arn}, or it is about to be deleted");
            Finding::new("secret", &subject, Level::Blocker, message).fix("make it, or name another one")
        }
    }
}
