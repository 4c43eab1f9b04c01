//! Whether the identity provider is what the answers say: discovery, issuer, signing keys.

use serde_json::Value;

use super::{Check, Context, Finding, Level, ProbeError};
use crate::deployment::ResolvedService;

/// Returns where a provider describes itself.
pub(super) fn discovery(issuer: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    )
}

pub(super) fn checks<'a>(
    cx: &'a Context<'_>,
    name: &str,
    service: &'a ResolvedService,
    checks: &mut Vec<Check<'a>>,
) {
    let subject = format!("services.{name}");
    checks.push(Check::new("identity", subject.clone(), async move {
        examine(cx, &subject, service).await
    }));
}

async fn examine(cx: &Context<'_>, subject: &str, service: &ResolvedService) -> Vec<Finding> {
    let issuer = service.text("issuer");
    let given = service.text("jwks_uri");
    let mut findings = Vec::new();
    let keys = match document(cx, &discovery(issuer)).await {
        Ok(document) => {
            findings.push(same_issuer(subject, issuer, &document));
            let told = document
                .get("jwks_uri")
                .and_then(Value::as_str)
                .unwrap_or_default();
            if given.is_empty() {
                told.to_owned()
            } else {
                given.to_owned()
            }
        }
        // Not every provider describes itself; where the keys are given, nothing more is needed.
        Err(error) => {
            let level = match error {
                _ if !given.is_empty() => Level::Warning,
                // Something answers there, and it is no such provider: products would find the same.
                ProbeError::Strange { .. } => Level::Blocker,
                _ => cx.unreachable,
            };
            let fix = "check the issuer URL: its discovery document must be reachable from here";
            findings.push(Finding::new("identity", subject, level, error.whole()).fix(fix));
            given.to_owned()
        }
    };
    if !keys.is_empty() {
        findings.push(signing_keys(cx, subject, &keys).await);
    } else if findings.iter().all(|finding| finding.level == Level::Ok) {
        let message = "the discovery document names no signing keys (`jwks_uri`)";
        findings.push(Finding::new("identity", subject, Level::Blocker, message));
    }
    findings
}

async fn document(cx: &Context<'_>, url: &str) -> Result<Value, ProbeError> {
    let response = cx.world.get(url).await?;
    let strange = |said: String| ProbeError::Strange {
        address: url.to_owned(),
        said,
    };
    if response.status != 200 {
        return Err(strange(format!("status {}", response.status)));
    }
    serde_json::from_str(&response.body).map_err(|_| strange("no JSON document".to_owned()))
}

/// Tokens carry the issuer as the provider writes it, and products compare it letter by letter.
fn same_issuer(subject: &str, expected: &str, document: &Value) -> Finding {
    let told = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if told == expected {
        return Finding::ok(
            "identity",
            subject,
            "the discovery document names the same issuer",
        );
    }
    let message =
        format!("the provider calls itself `{told}`, not `{expected}`: every token would be refused");
    Finding::new("identity", subject, Level::Blocker, message).fix(format!("--set {subject}.issuer={told}"))
}

async fn signing_keys(cx: &Context<'_>, subject: &str, url: &str) -> Finding {
    let document = match document(cx, url).await {
        Ok(document) => document,
        Err(error) => return Finding::new("identity", subject, cx.unreachable, error.whole()),
    };
    let keys = document
        .get("keys")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    match keys.iter().filter(|key| signs(key)).count() {
        0 => {
            let message = format!("{url} holds no key that can check a signature");
            Finding::new("identity", subject, Level::Blocker, message)
                .fix("let the provider make a signing key")
        }
        1 => Finding::ok("identity", subject, "it has one signing key"),
        count => Finding::ok("identity", subject, format!("it has {count} signing keys")),
    }
}

/// Says whether a key is whole and meant for signatures.
fn signs(key: &Value) -> bool {
    let text = |field: &str| key.get(field).and_then(Value::as_str).unwrap_or_default();
    let fields: &[&str] = match text("kty") {
        "RSA" => &["n", "e"],
        "EC" => &["crv", "x", "y"],
        "OKP" => &["crv", "x"],
        _ => return false,
    };
    matches!(text("use"), "" | "sig") && fields.iter().all(|field| !text(field).is_empty())
}
