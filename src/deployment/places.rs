//! Where things lie and answer, as a target sees them.
//!
//! One layout for resolve, render and the driver, so that no two of them disagree.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value, json};

use super::outline::PartOutline;
use crate::product::Target;

/// Names a place of a host installation, all of which are below its root.
pub(super) fn host_path(part: &PartOutline<'_>, below: &str) -> Utf8PathBuf {
    let root = part.options.get("root").and_then(Value::as_str);
    Utf8PathBuf::from(root.unwrap_or("/opt/landfall")).join(below)
}

/// Says under which host another service or component of the same part is reached.
pub(super) fn host_name(part: &PartOutline<'_>, subject: &str) -> String {
    let subject = subject.replace('_', "-");
    match part.target {
        Some(Target::Host) | None => "127.0.0.1".to_owned(),
        // A namespace may hold several installations.
        Some(Target::Kubernetes) => {
            let name = part.installation.get("name").and_then(Value::as_str);
            format!("{}-{subject}", name.unwrap_or_default())
        }
        Some(_) => subject,
    }
}

/// Builds the `components` root: under which address each port of each component is reached from the others.
pub(super) fn components(part: &PartOutline<'_>, ports: &BTreeMap<String, BTreeMap<String, u16>>) -> Value {
    let address = |component: &str, port: u16| {
        let host = host_name(part, component);
        json!({ "host": host, "port": port, "address": format!("{host}:{port}"), "url": format!("http://{host}:{port}") })
    };
    let of = |component: &str, ports: &BTreeMap<String, u16>| -> Value {
        let named = ports
            .iter()
            .map(|(name, port)| (name.clone(), address(component, *port)));
        named.collect::<Map<_, _>>().into()
    };
    let all = ports.iter().map(|(name, ports)| (name.clone(), of(name, ports)));
    all.collect::<Map<_, _>>().into()
}

/// Says where a component finds its files, each given by name and path inside its container.
pub(super) fn file_paths<'a>(
    part: &PartOutline<'_>,
    version: &str,
    component: &str,
    files: impl Iterator<Item = (&'a String, &'a str)>,
) -> BTreeMap<String, Utf8PathBuf> {
    let files: Vec<(&String, &Utf8Path)> = files.map(|(name, path)| (name, Utf8Path::new(path))).collect();
    if part.target != Some(Target::Host) {
        return files
            .into_iter()
            .map(|(name, path)| (name.clone(), path.to_owned()))
            .collect();
    }
    let folder = host_path(part, &format!("releases/{version}/config/{component}"));
    let place = |name: &str, path: &Utf8Path| {
        let file = path.file_name().unwrap_or("config");
        let same = files
            .iter()
            .filter(|(_, other)| other.file_name() == path.file_name());
        // Two folders of a container may hold files of one name; here they would overwrite each other.
        if same.count() > 1 {
            folder.join(name).join(file)
        } else {
            folder.join(file)
        }
    };
    files
        .iter()
        .map(|(name, path)| ((*name).clone(), place(name, path)))
        .collect()
}

/// Says where a component finds one of its folders.
pub(super) fn directory_path(
    part: &PartOutline<'_>,
    component: &str,
    name: &str,
    inside: &str,
) -> Utf8PathBuf {
    match part.target {
        Some(Target::Host) => host_path(part, &format!("data/{component}/{name}")),
        _ => inside.into(),
    }
}
