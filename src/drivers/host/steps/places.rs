//! Where things are placed, and what they are made of.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::super::layout::Layout;
use super::super::render::PROXY;
use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::edits::EDITS;
use crate::oci::Digest;
use crate::plan::{Handed, Placement};
use crate::product::Probe;
use crate::render::Artifacts;

/// Says where every artifact of a part is placed.
pub(in crate::drivers::host) fn placements(
    layout: &Layout,
    part: &Part,
    artifacts: &Artifacts,
) -> Vec<Placement> {
    let component = |name: &str| part.components.iter().any(|component| component.name == name);
    let place = |path: &Utf8PathBuf| -> Option<Utf8PathBuf> {
        let pieces: Vec<&str> = path.components().map(|piece| piece.as_str()).collect();
        match pieces.as_slice() {
            ["units" | "schedule" | EDITS, ..] => None,
            ["config", name, ..] if !component(name) => Some(layout.root().join(path)),
            _ => Some(layout.release().join(path)),
        }
    };
    let placement = |path: &Utf8PathBuf| {
        Some(Placement {
            artifact: path.clone(),
            to: place(path)?,
        })
    };
    artifacts.iter().filter_map(|(path, _)| placement(path)).collect()
}

/// Lists the files that the customer hands in, with their places.
pub(in crate::drivers::host) fn handed(part: &Part) -> Vec<Handed> {
    let mut all = Vec::new();
    for component in &part.components {
        for file in component.provisioned.values() {
            let (source, to) = (file.source.clone(), file.path.clone());
            all.push(Handed {
                component: component.name.clone(),
                source,
                to,
            });
        }
    }
    all
}

/// Says which artifact defines each unit.
pub(in crate::drivers::host) fn unit_files(
    layout: &Layout,
    artifacts: &Artifacts,
) -> BTreeMap<String, Utf8PathBuf> {
    let name = |path: &Utf8PathBuf| Some(path.strip_prefix("units").ok()?.file_stem()?.to_owned());
    let ours = format!("{}-", layout.name);
    artifacts
        .iter()
        .filter_map(|(path, _)| Some((name(path)?, path.clone())))
        .filter(|(name, _)| name.starts_with(&ours))
        .collect()
}

/// Computes the digest of everything that a unit is made of, so that a running one can be told from a stale one.
pub(in crate::drivers::host) fn stamp(
    layout: &Layout,
    part: &Part,
    artifacts: &Artifacts,
    subject: &str,
) -> Digest {
    let unit = layout.unit(subject);
    let own = |path: &Utf8PathBuf| {
        path.starts_with(format!("config/{subject}"))
            || *path == format!("env/{subject}.env")
            || (subject == PROXY && path == "proxy.yaml")
            || (path.file_stem() == Some(&unit) && !path.starts_with(EDITS))
    };
    let texts: Vec<&str> = artifacts
        .iter()
        .filter(|(path, _)| own(path))
        .map(|(_, artifact)| artifact.text.as_str())
        .collect();
    let image = part.components.iter().find(|component| component.name == subject);
    let image = image
        .map(|component| component.image.digest.to_string())
        .unwrap_or_default();
    Digest::of([texts.join("\0"), image].join("\0"))
}

/// Lists the folders that belong to an installation, parents first.
pub(in crate::drivers::host) fn folders(
    layout: &Layout,
    deployment: &Deployment,
    part: &Part,
) -> Vec<Utf8PathBuf> {
    let root = layout.root();
    let mut folders = vec![root.to_owned()];
    folders.extend(
        [
            "bin",
            "config",
            "data",
            "logs",
            "releases",
            "run",
            "secrets",
            "supervisor",
        ]
        .map(|name| root.join(name)),
    );
    folders.push(root.join("supervisor/units"));
    folders.push(layout.release());
    for component in &part.components {
        folders.extend(
            component
                .directories
                .values()
                .flat_map(|path| [path.parent().unwrap_or(root).to_owned(), path.clone()]),
        );
    }
    for service in deployment
        .services
        .values()
        .filter(|service| service.text("driver") == "filesystem")
    {
        let path = Utf8PathBuf::from(service.text("path"));
        if path.starts_with(root) {
            folders.extend([path.parent().unwrap_or(root).to_owned(), path]);
        }
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// Builds the URL of a probe of a component on this machine.
pub fn probe_url(component: &ResolvedComponent, probe: &Probe) -> Option<String> {
    let port = component.ports.get(&probe.port)?;
    Some(format!("http://127.0.0.1:{}{}", port.number, probe.path))
}
