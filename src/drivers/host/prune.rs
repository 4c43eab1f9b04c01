//! What takes room on a host and is not needed any more. Data, secrets and backups are never among it.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::error::HostError;
use super::layout::Layout;
use crate::deployment::{Deployment, Part};
use crate::drivers::{Keeping, Kind, Leftover};
use crate::oci::Digest;

/// The snapshot that a rollback takes of what it is about to replace.
const BEFORE_ROLLBACK: &str = "before-rollback";

/// Lists what a part no longer needs: releases, snapshots, what earlier runs replaced.
///
/// # Errors
/// [`HostError`] when a folder is there and cannot be listed.
pub fn leftovers(
    deployment: &Deployment,
    part: &Part,
    keeping: &Keeping,
) -> Result<Vec<Leftover>, HostError> {
    let layout = Layout::known(deployment, part)?;
    let root = layout.root();
    let current = fs_err::read_link(layout.current())
        .ok()
        .and_then(|to| to.file_name()?.to_str().map(str::to_owned));
    let mut all = Vec::new();
    let mut take = |kind: Kind, path: Utf8PathBuf| {
        all.push(Leftover {
            kind,
            part: part.name.clone(),
            bytes: bytes(&path),
            path,
        });
    };
    for path in children(&root.join("releases"))? {
        let name = path.file_name().unwrap_or_default();
        if !keeping.versions.contains(name) && current.as_deref() != Some(name) {
            take(Kind::Releases, path);
            continue;
        }
        // An unpacking that was cut off and never tried again.
        let images = children(&path.join("images"))?;
        let half = |path: &Utf8PathBuf| {
            path.file_name()
                .is_some_and(|name| name.starts_with('.') && name.ends_with(".unpacking"))
        };
        images
            .into_iter()
            .filter(half)
            .for_each(|path| take(Kind::Releases, path));
    }
    for path in children(&root.join("snapshots"))? {
        let name = path.file_name().unwrap_or_default();
        let needed = match name.split_once("-to-") {
            Some((from, _)) => keeping.versions.contains(from),
            // What has another name is nothing that an upgrade or a rollback made.
            None => name != BEFORE_ROLLBACK || keeping.rolled_back,
        };
        if !needed {
            take(Kind::Snapshots, path);
        }
    }
    for path in children(&root.join("supervisor/attic"))? {
        if !keeping.runs.contains(path.file_name().unwrap_or_default()) {
            take(Kind::Attic, path);
        }
    }
    Ok(all)
}

/// Lists the fetched blobs that no kept image is made of.
///
/// # Errors
/// [`HostError`] when the folder is there and cannot be listed.
pub fn fetched(part: &Part, keeping: &Keeping) -> Result<Vec<Leftover>, HostError> {
    let Some(cache) = &keeping.cache else {
        return Ok(Vec::new());
    };
    let folder = cache.join("blobs/sha256");
    let mut needed = BTreeSet::new();
    for image in &keeping.images {
        follow(&folder, image.hex(), &mut needed);
    }
    // Other names are of what is being fetched just now.
    let blob = |path: &Utf8PathBuf| {
        path.file_name().is_some_and(|name| {
            name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) && !needed.contains(name)
        })
    };
    let left = children(&folder)?.into_iter().filter(blob).map(|path| Leftover {
        kind: Kind::Images,
        part: part.name.clone(),
        bytes: bytes(&path),
        path,
    });
    Ok(left.collect())
}

/// The longest manifest that is read.
const LONGEST: u64 = 4 << 20;

/// Collects a blob and everything that it names.
fn follow(folder: &Utf8Path, name: String, needed: &mut BTreeSet<String>) {
    let path = folder.join(&name);
    if !needed.insert(name) || fs_err::metadata(&path).map_or(u64::MAX, |found| found.len()) > LONGEST {
        return;
    }
    let manifest = fs_err::read(&path).ok();
    let Some(manifest) = manifest.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
        return;
    };
    let lists = ["manifests", "layers"].map(|key| manifest.get(key).and_then(Value::as_array));
    let named = lists
        .into_iter()
        .flatten()
        .flatten()
        .chain(manifest.get("config"));
    for blob in named {
        let digest = blob.get("digest").and_then(Value::as_str);
        if let Some(digest) = digest.and_then(|digest| digest.parse::<Digest>().ok()) {
            follow(folder, digest.hex(), needed);
        }
    }
}

fn children(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, HostError> {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(HostError::file("list", folder)(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(HostError::file("list", folder))?.into_path());
    }
    paths.sort();
    Ok(paths)
}

/// Counts the bytes of files below a path; what cannot be looked at counts nothing.
fn bytes(path: &Utf8Path) -> u64 {
    let Ok(found) = fs_err::symlink_metadata(path) else {
        return 0;
    };
    if !found.is_dir() {
        return found.len();
    }
    let children = path.read_dir_utf8().into_iter().flatten().flatten();
    children.map(|child| bytes(child.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_needs_everything_that_its_manifest_names() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let write = |text: &str| {
            let digest = Digest::of(text);
            fs_err::write(folder.join(digest.hex()), text).unwrap();
            digest
        };
        let (layer, config) = (write("layer"), write("{}"));
        let manifest = write(
            &serde_json::json!({ "config": { "digest": config }, "layers": [{ "digest": layer }] })
                .to_string(),
        );
        let index = write(&serde_json::json!({ "manifests": [{ "digest": manifest }] }).to_string());
        write("of another image");
        let mut needed = BTreeSet::new();
        follow(folder, index.hex(), &mut needed);
        let wanted = [layer, config, manifest, index].map(|digest| digest.hex());
        assert_eq!(needed, BTreeSet::from(wanted));
    }
}
