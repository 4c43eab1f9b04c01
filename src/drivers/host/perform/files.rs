//! Placing files, so that what was there before can be put back.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::super::error::HostError;
use super::super::secrets::Store;
use super::folders::write_whole;
use crate::plan::{Handed, Placement};
use crate::render::Artifacts;
use crate::tools::Account;

/// Where a step keeps what it replaces: a folder of its own below the installation's.
pub(super) fn attic(root: &Utf8Path, run: &str, step: &str) -> Utf8PathBuf {
    root.join("supervisor/attic")
        .join(run)
        .join(step.replace('/', "--"))
}

/// Forgets what earlier runs kept: they are over, and what they kept may be secret.
pub(super) fn forget_others(root: &Utf8Path, run: &str) {
    let folders = root.join("supervisor/attic").read_dir_utf8();
    for entry in folders.into_iter().flatten().flatten() {
        if entry.file_name() != run {
            // What cannot be removed now is tried again by the next run.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

/// Keeps what is in a file's place, once: a step that is repeated must not keep its own work.
pub(super) fn keep(attic: &Utf8Path, path: &Utf8Path) -> Result<(), HostError> {
    let kept = attic.join(flat(path));
    let absent = Utf8PathBuf::from(format!("{kept}.absent"));
    if kept.exists() || absent.exists() {
        return Ok(());
    }
    match fs_err::read(path) {
        Ok(bytes) => write_whole(&kept, &bytes, 0o600, None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write_whole(&absent, b"", 0o600, None),
        Err(error) => Err(HostError::file("read", path)(error)),
    }
}

/// Puts back what was kept; what was not there is removed.
pub(super) fn put_back(
    attic: &Utf8Path,
    path: &Utf8Path,
    mode: u32,
    owner: Option<&Account>,
) -> Result<(), HostError> {
    let kept = attic.join(flat(path));
    if Utf8PathBuf::from(format!("{kept}.absent")).exists() {
        return super::folders::remove(&[path.to_owned()]);
    }
    match fs_err::read(&kept) {
        Ok(bytes) => write_whole(path, &bytes, mode, owner),
        // Nothing was kept, so nothing was replaced.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(HostError::file("read", kept)(error)),
    }
}

/// Lists the names of the files of a folder of which something was kept.
pub(super) fn kept_names(attic: &Utf8Path, folder: &Utf8Path) -> Vec<String> {
    let prefix = format!("{}%", flat(folder));
    let entries = attic.read_dir_utf8().into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().strip_prefix(&prefix)?;
            Some(name.strip_suffix(".absent").unwrap_or(name).to_owned())
        })
        .collect()
}

fn flat(path: &Utf8Path) -> String {
    path.as_str().trim_start_matches('/').replace('/', "%")
}

/// Places files, secrets filled in; every one is private to the services' user.
pub(super) fn place(
    files: &[Placement],
    artifacts: &Artifacts,
    store: &Store,
    attic: &Utf8Path,
    owner: Option<&Account>,
) -> Result<Value, HostError> {
    for placement in files {
        let artifact = artifacts
            .get(&placement.artifact)
            .ok_or_else(|| HostError::NoArtifact {
                path: placement.artifact.clone(),
            })?;
        let text = store.fill(&artifact.text)?;
        keep(attic, &placement.to)?;
        write_whole(&placement.to, text.expose().as_bytes(), 0o600, owner)?;
    }
    Ok(json!(files.len()))
}

/// Copies files that the customer hands in; each is private to the services' user, for it may name people.
pub(super) fn copy(
    files: &[Handed],
    answers: &Utf8Path,
    attic: &Utf8Path,
    owner: Option<&Account>,
) -> Result<(), HostError> {
    for file in files {
        let source = answers.join(&file.source);
        let bytes = fs_err::read(&source).map_err(HostError::file("read", &source))?;
        keep(attic, &file.to)?;
        write_whole(&file.to, &bytes, 0o600, owner)?;
    }
    Ok(())
}
