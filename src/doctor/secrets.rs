//! Whether the customer's secrets are where the answers say.

use camino::Utf8Path;

use super::{Check, Context, Finding, Level, ProbeError};
use crate::deployment::SecretOrigin;
use crate::secret::Secret;

pub(super) fn checks<'a>(cx: &'a Context<'_>, checks: &mut Vec<Check<'a>>) {
    for (name, origin) in &cx.what.deployment.secrets {
        if matches!(origin, SecretOrigin::File(_) | SecretOrigin::Env(_)) {
            checks.push(Check::new("secret", name, async move {
                examine(cx, name, origin).await
            }));
        }
    }
}

async fn examine(cx: &Context<'_>, name: &str, origin: &SecretOrigin) -> Vec<Finding> {
    let (secret, mode) = match read(cx, origin).await {
        Ok(read) => read,
        Err(error) => {
            let fix = match origin {
                SecretOrigin::Env(variable) => format!("export {variable}=..."),
                _ => "put the secret there, or change the reference".to_owned(),
            };
            return vec![Finding::new("secret", name, Level::Blocker, error.whole()).fix(fix)];
        }
    };
    if secret.expose().trim().is_empty() {
        return vec![Finding::new(
            "secret",
            name,
            Level::Blocker,
            "the secret is empty",
        )];
    }
    match (origin, mode) {
        (SecretOrigin::File(path), Some(mode)) if mode & 0o004 != 0 => {
            let message = format!("everybody on this machine can read {path}");
            vec![Finding::new("secret", name, Level::Warning, message).fix(format!("chmod 600 {path}"))]
        }
        _ => vec![Finding::ok("secret", name, "it is there")],
    }
}

async fn read(cx: &Context<'_>, origin: &SecretOrigin) -> Result<(Secret, Option<u32>), ProbeError> {
    match origin {
        SecretOrigin::File(path) => {
            let seen = cx.world.file(Utf8Path::new(path)).await?;
            Ok((seen.text, Some(seen.mode)))
        }
        SecretOrigin::Env(name) => {
            let unset = || ProbeError::Unset { name: name.clone() };
            Ok((cx.world.environment(name).ok_or_else(unset)?, None))
        }
        SecretOrigin::Generated(_) | SecretOrigin::Token(_) => Ok((Secret::new(""), None)),
    }
}

/// Reads the secret that a service's field refers to; none where it refers to none, or where Landfall makes it.
pub(super) async fn of(cx: &Context<'_>, field: &str) -> Result<Option<Secret>, ProbeError> {
    let name = field
        .strip_prefix("${secret:")
        .and_then(|rest| rest.strip_suffix('}'));
    match name.and_then(|name| cx.what.deployment.secrets.get(name)) {
        Some(origin @ (SecretOrigin::File(_) | SecretOrigin::Env(_))) => {
            let (secret, _) = read(cx, origin).await?;
            // An editor ends a file with a line break; no password does.
            Ok(Some(Secret::new(secret.expose().trim_end_matches(['\r', '\n']))))
        }
        _ => Ok(None),
    }
}
