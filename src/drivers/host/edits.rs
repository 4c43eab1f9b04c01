//! Finding what the customer changed by hand in the files of a part.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::HostError;
use super::layout::Layout;
use super::perform::unit_path;
use super::secrets::Store;
use super::steps::{placements, unit_files};
use crate::deployment::{Bound, Deployment, Part, SecretForm};
use crate::drivers::{Installed, Likeness, World};
use crate::edits::{Decisions, EDITS, Edit, Sides, Vault, decide};
use crate::oci::Digest;
use crate::render::Artifacts;

/// The files of a part that the customer changed, by artifact, with the texts to place below [`EDITS`].
pub type Edited = (BTreeMap<String, Edit>, Artifacts);

/// Compares what lies on disk with what was rendered last and what is rendered now, and decides about each file.
///
/// # Errors
/// [`HostError`] when a file is there and cannot be read.
pub fn edits(
    world: &World,
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    before: Installed<'_>,
    decisions: &Decisions,
) -> Result<Edited, HostError> {
    let layout = Layout::known(deployment, part)?;
    let old = layout_of(before)?;
    let store = Store::new(old.secrets());
    let vault = vault(&store, [before.deployment, deployment]);
    let rotated: BTreeSet<&String> = deployment
        .secrets
        .iter()
        .filter(|(name, origin)| store.compare(world, name, origin) == Likeness::Different)
        .map(|(name, _)| name)
        .collect();
    let units = literal(&store, [before.deployment, deployment]);
    let places = places(&old, before.part, before.artifacts);
    let (mut edits, mut texts) = (BTreeMap::new(), Artifacts::default());
    for (artifact, to) in self::places(&layout, part, artifacts) {
        let (Some(base), Some(new), Some(from)) = (
            before.artifacts.get(&artifact),
            artifacts.get(&artifact),
            places.get(&artifact),
        ) else {
            continue;
        };
        let Some(bytes) = read(from)? else { continue };
        let sides = Sides {
            base: &base.text,
            theirs: std::str::from_utf8(&bytes).ok(),
            new: &new.text,
            moves: *from != to,
            rewritten: rotated
                .iter()
                .any(|name| new.text.contains(&format!(":{name}}}"))),
            decision: decisions
                .of(&part.name, &artifact, &to)
                .or_else(|| decisions.of(&part.name, &artifact, from)),
        };
        let vault = if artifact.starts_with("units") {
            &units
        } else {
            &vault
        };
        if let Some(decided) = decide(&sides, vault) {
            let edit = Edit {
                from: from.clone(),
                outcome: decided.outcome,
                decided: sides.decision.is_some(),
                text: decided.text.as_ref().map(|text| Digest::of(text.as_bytes())),
                conflict: decided.conflict,
            };
            if let Some(text) = decided.text {
                texts.add(Utf8Path::new(EDITS).join(&artifact), text);
            }
            edits.insert(artifact.into_string(), edit);
        }
    }
    Ok((edits, texts))
}

/// Lists the paths by which a file of a part may be named: that of its artifact, and its places, old and new.
///
/// # Errors
/// [`HostError::Strange`] when an option is not usable.
pub fn names(
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    before: Installed<'_>,
) -> Result<Vec<Utf8PathBuf>, HostError> {
    let now = places(&Layout::known(deployment, part)?, part, artifacts);
    let then = places(&layout_of(before)?, before.part, before.artifacts);
    let both = |(artifact, place)| [Utf8Path::new(&part.name).join(&artifact), artifact, place];
    Ok(now.into_iter().chain(then).flat_map(both).collect())
}

/// Says where every artifact of a part is placed, units too.
pub(super) fn places(
    layout: &Layout,
    part: &Part,
    artifacts: &Artifacts,
) -> BTreeMap<Utf8PathBuf, Utf8PathBuf> {
    let files = placements(layout, part, artifacts)
        .into_iter()
        .map(|placement| (placement.artifact, placement.to));
    let units = unit_files(layout, artifacts).into_values().map(|path| {
        let place = unit_path(layout, &path);
        (path, place)
    });
    files.chain(units).collect()
}

pub(super) fn layout_of(installed: Installed<'_>) -> Result<Layout, HostError> {
    Layout::known(installed.deployment, installed.part)
}

/// Learns every secret of the store, as it stands in files.
pub(super) fn vault(store: &Store, deployments: [&Deployment; 2]) -> Vault {
    let mut vault = guard(Vault::default(), store, deployments);
    for name in names_of(deployments) {
        for form in [SecretForm::Value, SecretForm::Url, SecretForm::File] {
            if let Ok(written) = store.fill(&Bound::reference(form, name)) {
                vault.write(form, name, written);
            }
        }
    }
    vault
}

/// Learns every secret of the store, for files in which no reference is filled.
pub(super) fn literal(store: &Store, deployments: [&Deployment; 2]) -> Vault {
    guard(Vault::literal(), store, deployments)
}

fn guard(mut vault: Vault, store: &Store, deployments: [&Deployment; 2]) -> Vault {
    for name in names_of(deployments) {
        if let Ok(value) = store.read(name) {
            vault.guard(value);
        }
    }
    vault
}

fn names_of(deployments: [&Deployment; 2]) -> BTreeSet<&String> {
    deployments
        .into_iter()
        .flat_map(|deployment| deployment.secrets.keys())
        .collect()
}

/// Reads a file, or nothing when it is not there.
pub(super) fn read(path: &Utf8Path) -> Result<Option<Vec<u8>>, HostError> {
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(HostError::file("read", path)(error)),
    }
}
