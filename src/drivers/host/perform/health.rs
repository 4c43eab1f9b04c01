//! Asking components how they are, and whether they are what was planned.

use std::time::Duration;

use camino::Utf8Path;
use tokio::time::{Instant, sleep};

use super::super::error::HostError;
use crate::oci::Digest;
use crate::plan::Check;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first pauses between tries are short: most components are there within a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Makes the client for probes: no proxy, no redirects, for they are on this machine.
pub(in crate::drivers::host) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        // The certificate is for the public name; a probe on this machine asks by address.
        .danger_accept_invalid_certs(true);
    builder.build().unwrap_or_default()
}

/// Waits until every URL answers 2xx, and tells what was wrong last otherwise.
pub(super) async fn wait(
    urls: &[String],
    every: Duration,
    within: Duration,
    mut waiting: impl FnMut(&str),
) -> Result<(), String> {
    let client = client();
    let deadline = Instant::now() + within;
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(last) = first_unhealthy(&client, urls).await else {
            return Ok(());
        };
        waiting(&last);
        if Instant::now() + pause > deadline {
            return Err(last);
        }
        sleep(pause).await;
        pause = (pause * 2).min(every);
    }
}

async fn first_unhealthy(client: &reqwest::Client, urls: &[String]) -> Option<String> {
    for url in urls {
        match client.get(url).send().await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => {
                let status = answer.status();
                let body = answer.text().await.unwrap_or_default();
                let body: String = body
                    .chars()
                    .filter(|letter| !letter.is_control())
                    .take(200)
                    .collect();
                return Some(format!("{url} answers {status} {body}").trim_end().to_owned());
            }
            Err(error) if error.is_connect() => return Some(format!("nothing answers at {url}")),
            Err(error) => return Some(format!("{url}: {error}")),
        }
    }
    None
}

/// Compares a running component with the plan.
pub(super) async fn verify(check: &Check) -> Result<(), HostError> {
    if unpacked(&check.image) != Some(check.digest) {
        return Err(HostError::WrongImage {
            component: check.component.clone(),
            planned: check.digest,
        });
    }
    let Some(url) = &check.version_url else {
        return Ok(());
    };
    let ask = |source| HostError::Ask {
        url: url.clone(),
        source,
    };
    let answer = client()
        .get(url)
        .send()
        .await
        .map_err(ask)?
        .error_for_status()
        .map_err(ask)?;
    let told: serde_json::Value = answer.json().await.map_err(ask)?;
    match told.get("version").and_then(serde_json::Value::as_str) {
        Some(version) if version == check.version => Ok(()),
        found => Err(HostError::Mismatch {
            component: check.component.clone(),
            found: found.map_or_else(
                || "no version that it tells".to_owned(),
                |version| format!("version {version}"),
            ),
            planned: format!("version {}", check.version),
        }),
    }
}

/// Compares the program of a running process with the image that should run.
pub(super) fn verify_program(check: &Check, pid: Option<u32>) -> Result<(), HostError> {
    let Some(pid) = pid else {
        return Err(HostError::Mismatch {
            component: check.component.clone(),
            found: "no process".to_owned(),
            planned: format!("a program of {}", check.image),
        });
    };
    // Some services hide their processes from others; then what was unpacked and what is told has to do.
    let Ok(program) = std::fs::read_link(format!("/proc/{pid}/exe")) else {
        return Ok(());
    };
    let image = check
        .image
        .canonicalize_utf8()
        .unwrap_or_else(|_| check.image.clone());
    // A script's process is its interpreter, which may be the system's.
    let ours = image
        .parent()
        .and_then(Utf8Path::parent)
        .and_then(Utf8Path::parent);
    match ours {
        Some(releases) if program.starts_with(releases) && !program.starts_with(&image) => {
            Err(HostError::Mismatch {
                component: check.component.clone(),
                found: program.display().to_string(),
                planned: format!("a program of {image}"),
            })
        }
        _ => Ok(()),
    }
}

/// Reads the digest of the image that was unpacked into a folder.
pub(in crate::drivers::host) fn unpacked(folder: &Utf8Path) -> Option<Digest> {
    let text = fs_err::read_to_string(folder.join(crate::oci::MARKER)).ok()?;
    let marker: serde_json::Value = serde_json::from_str(&text).ok()?;
    marker.get("digest")?.as_str()?.parse().ok()
}
