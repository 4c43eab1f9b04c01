//! Whether the customer's database answers, lets the product in and is new enough.

use super::machine::new_enough;
use super::{Check, Context, DatabaseAt, Finding, Level, ProbeError, secrets};
use crate::deployment::ResolvedService;

pub(super) fn checks<'a>(
    cx: &'a Context<'_>,
    name: &str,
    service: &'a ResolvedService,
    checks: &mut Vec<Check<'a>>,
) {
    let subject = format!("services.{name}");
    checks.push(Check::new("database", subject.clone(), async move {
        vec![examine(cx, &subject, service).await]
    }));
}

async fn examine(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Finding {
    let Some(port) = service.port("port") else {
        return Finding::new("database", subject, Level::Blocker, "it has no port");
    };
    let host = service.text("host");
    if service.text("engine") != "postgresql" {
        return match cx.world.connect(host, port).await {
            Ok(()) => {
                let message = "it answers; version and password show when the product connects";
                Finding::ok("database", subject, message)
            }
            Err(error) => refused(cx, subject, &error),
        };
    }
    let password = match secrets::of(cx, service.text("password")).await {
        Ok(password) => password,
        // The check of secrets says so.
        Err(error) => {
            return Finding::new("database", subject, Level::Warning, format!("not tried: {error}"));
        }
    };
    let at = DatabaseAt {
        host: host.to_owned(),
        port,
        name: service.text("name").to_owned(),
        user: service.text("user").to_owned(),
        password,
        tls: service.text("tls").to_owned(),
        ca: service.text("ca").to_owned(),
    };
    match cx.world.database(&at).await {
        Ok(version) => judge(subject, &version, service.oldest.as_deref()),
        Err(error) => refused(cx, subject, &error),
    }
}

fn judge(subject: &str, version: &str, oldest: Option<&str>) -> Finding {
    match oldest {
        Some(oldest) if !new_enough(version, oldest) => {
            let message = format!("PostgreSQL {version} is too old: {oldest} is needed");
            Finding::new("database", subject, Level::Blocker, message).fix("upgrade the database first")
        }
        _ => Finding::ok("database", subject, format!("PostgreSQL {version}")),
    }
}

fn refused(cx: &Context<'_>, subject: &str, error: &ProbeError) -> Finding {
    // Who answers and refuses would refuse the product too, wherever it runs.
    let (level, fix) = match error {
        ProbeError::Database { .. } => (
            Level::Blocker,
            "check the database, the user and the password's reference",
        ),
        _ => (cx.unreachable, "check host and port, and firewalls on the way"),
    };
    Finding::new("database", subject, level, error.whole()).fix(fix)
}
