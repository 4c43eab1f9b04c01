//! This machine: ports, disk space and programs.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::Value;

use super::{Check, Context, Finding, Level, ToolSeen};
use crate::deployment::{Part, ResolvedService};
use crate::product::{ServiceKind, Supply, Target};

/// Room for logs, data and the release before this one, beside the images themselves.
const SPARE: u64 = 1 << 30;
/// An unpacked image takes about three times the room of its packed blobs.
const UNPACKED: u64 = 3;

pub(super) fn checks<'a>(cx: &'a Context<'_>, checks: &mut Vec<Check<'a>>) {
    for tool in cx.what.tools {
        checks.push(Check::new(
            "tool",
            &tool.name,
            async move { vec![judge_tool(tool)] },
        ));
    }
    for part in cx.what.deployment.parts.values() {
        if cx.what.fresh {
            for ((address, port), what) in ports(part, &cx.what.deployment.services) {
                let subject = format!("{address}:{port}");
                checks.push(Check::new("port", subject.clone(), async move {
                    vec![free(cx, &subject, &address, port, &what).await]
                }));
            }
        }
        if let Some(folder) = folder(part) {
            checks.push(Check::new("disk", folder, async move {
                vec![space(cx, part, folder).await]
            }));
        }
    }
}

fn judge_tool(tool: &ToolSeen) -> Finding {
    let finding = match (&tool.found, &tool.oldest) {
        (Ok(found), Some(oldest)) if !new_enough(found, oldest) => {
            let message = format!("{} {found} is too old: {oldest} is needed", tool.name);
            Finding::new("tool", &tool.name, Level::Blocker, message)
        }
        (Ok(found), _) => return Finding::ok("tool", &tool.name, format!("{} {found}", tool.name)),
        (Err(why), _) => {
            let message = format!("{} cannot be used: {why}", tool.name);
            Finding::new("tool", &tool.name, Level::Blocker, message)
        }
    };
    match &tool.fix {
        Some(fix) => finding.fix(fix),
        None => finding.fix(format!("install {} and put it on the PATH", tool.name)),
    }
}

/// Compares versions number by number; what is no number ends the comparison.
pub(super) fn new_enough(found: &str, oldest: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        text.trim_start_matches('v')
            .split(['.', '-', '+', ' '])
            .map_while(|word| word.parse().ok())
            .collect()
    };
    numbers(found) >= numbers(oldest)
}

/// Lists the ports that a part takes on this machine, and what for.
fn ports(part: &Part, services: &BTreeMap<String, ResolvedService>) -> BTreeMap<(String, u16), String> {
    let mut ports = BTreeMap::new();
    let option = |key: &str| part.options.get(key);
    let number = |value: Option<&Value>| {
        value
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok())
    };
    if !matches!(part.target, Some(Target::Host | Target::Compose)) {
        return ports;
    }
    if part.target == Some(Target::Host) {
        for component in &part.components {
            for port in component.ports.values() {
                ports.insert(("127.0.0.1".to_owned(), port.number), component.title.clone());
            }
        }
        for service in services
            .values()
            .filter(|service| service.supply == Supply::Bundled)
        {
            let networked = !matches!(service.kind, ServiceKind::Objects | ServiceKind::License);
            if let Some(port) = service.port("port").filter(|_| networked) {
                ports.insert(("127.0.0.1".to_owned(), port), service.title.clone());
            }
        }
    }
    if let Some(port) = number(option("port")) {
        let address = option("address").and_then(Value::as_str).unwrap_or("127.0.0.1");
        ports.insert((address.to_owned(), port), "the public address".to_owned());
    }
    ports
}

async fn free(cx: &Context<'_>, subject: &str, address: &str, port: u16, what: &str) -> Finding {
    match cx.world.bind(address, port).await {
        Ok(()) => Finding::ok("port", subject, format!("free for {what}")),
        Err(error) => {
            let message = format!("not free for {what}: {}", error.whole());
            let fix = format!("see who has it with `ss -ltnp 'sport = :{port}'`, or choose another port");
            Finding::new("port", subject, Level::Blocker, message).fix(fix)
        }
    }
}

/// Says where a part's files go on this machine.
fn folder(part: &Part) -> Option<&str> {
    let key = match part.target? {
        Target::Host => "root",
        Target::Compose => "folder",
        Target::Aws | Target::Azure | Target::Kubernetes => return None,
    };
    part.options.get(key)?.as_str()
}

async fn space(cx: &Context<'_>, part: &Part, folder: &str) -> Finding {
    let mut images = BTreeMap::new();
    for component in &part.components {
        images.insert(component.image.digest.to_string(), component.image.size);
    }
    let needed = images
        .values()
        .sum::<u64>()
        .saturating_mul(UNPACKED)
        .saturating_add(SPARE);
    let fix = "make room, or choose a folder on another disk";
    match cx.world.free_space(Utf8Path::new(folder)).await {
        Err(error) => Finding::new("disk", folder, Level::Warning, error.whole()),
        Ok(free) if free < needed => {
            let message = format!("{} free, {} needed", gibibytes(free), gibibytes(needed));
            Finding::new("disk", folder, Level::Blocker, message).fix(fix)
        }
        // An upgrade keeps two releases side by side.
        Ok(free) if free < needed.saturating_mul(2) => {
            let message = format!(
                "{} free: enough for this release, not for the next beside it",
                gibibytes(free)
            );
            Finding::new("disk", folder, Level::Warning, message).fix(fix)
        }
        Ok(free) => Finding::ok("disk", folder, format!("{} free", gibibytes(free))),
    }
}

fn gibibytes(bytes: u64) -> String {
    let tenths = bytes.saturating_mul(10) >> 30;
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}
