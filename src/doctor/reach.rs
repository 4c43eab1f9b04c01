//! Whether the customer's cache, Temporal and AI endpoint answer.

use super::machine::new_enough;
use super::{CacheAt, Check, Context, Finding, Level, ProbeError, secrets};
use crate::deployment::ResolvedService;
use crate::product::ServiceKind;

pub(super) fn checks<'a>(
    cx: &'a Context<'_>,
    name: &str,
    service: &'a ResolvedService,
    checks: &mut Vec<Check<'a>>,
) {
    let subject = format!("services.{name}");
    let check = match service.kind {
        ServiceKind::Cache => "cache",
        ServiceKind::Temporal => "temporal",
        _ => "ai",
    };
    checks.push(Check::new(check, subject.clone(), async move {
        let found = match service.kind {
            ServiceKind::Cache => cache(cx, &subject, service).await,
            ServiceKind::Temporal => temporal(cx, &subject, service).await,
            _ => ai(cx, &subject, service).await,
        };
        let finding = found.unwrap_or_else(|error| {
            let level = match error {
                ProbeError::Strange { .. } => Level::Blocker,
                _ => cx.unreachable,
            };
            Finding::new(check, &subject, level, error.whole())
                .fix("check its address, and firewalls on the way")
        });
        vec![finding]
    }));
}

async fn cache(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Result<Finding, ProbeError> {
    let at = CacheAt {
        host: service.text("host").to_owned(),
        port: service.port("port").unwrap_or(6379),
        tls: service
            .fields
            .get("tls")
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(false),
        password: secrets::of(cx, service.text("password")).await?,
    };
    Ok(match (cx.world.cache(&at).await?, &service.oldest) {
        (Some(version), Some(oldest)) if !new_enough(&version, oldest) => {
            let message = format!("version {version} is too old: {oldest} is needed");
            Finding::new("cache", subject, Level::Blocker, message).fix("upgrade the cache first")
        }
        (Some(version), _) => Finding::ok("cache", subject, format!("it answers, version {version}")),
        (None, _) => Finding::ok("cache", subject, "it answers"),
    })
}

async fn temporal(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Result<Finding, ProbeError> {
    let port = service.port("port").unwrap_or(7233);
    cx.world.connect(service.text("host"), port).await?;
    Ok(Finding::ok("temporal", subject, "it takes connections"))
}

/// Any answer will do: without a key, or at the root, most endpoints answer with an error.
async fn ai(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Result<Finding, ProbeError> {
    let response = cx.world.get(service.text("endpoint")).await?;
    Ok(match response.status {
        500.. => {
            let message = format!("it answers with status {}", response.status);
            Finding::new("ai", subject, Level::Warning, message).fix("look at the endpoint's own health")
        }
        status => Finding::ok(
            "ai",
            subject,
            format!("it answers (status {status} without a key)"),
        ),
    })
}
