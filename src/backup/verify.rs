//! Proving that a backup is what was stored, and opening it.

use age::x25519::Identity;
use camino::Utf8Path;

use super::error::BackupError;
use super::lock::{Key, identities, key_from};
use super::manifest::{Encryption, KEY, MANIFEST, Manifest, SUM};
use super::shelf::NOTES;
use super::stored::{check, open, sum};

/// Finds out with what a backup is opened.
///
/// # Errors
/// [`BackupError::OtherKey`] when it takes another kind of key, [`BackupError::WrongKey`] for a wrong passphrase.
pub fn unlock(folder: &Utf8Path, manifest: &Manifest, key: &Key) -> Result<Vec<Identity>, BackupError> {
    let other = |needed| BackupError::OtherKey {
        id: manifest.id.clone(),
        needed,
    };
    match (&manifest.encryption, key) {
        (Encryption::Recipients(_), Key::Identity(text)) => Ok(identities(text)),
        (Encryption::Recipients(_), Key::Passphrase(_)) => Err(other("an identity (--identity FILE)")),
        (Encryption::Passphrase { .. }, Key::Identity(_)) => Err(other(
            "a passphrase (--passphrase-file FILE or LANDFALL_BACKUP_PASSPHRASE)",
        )),
        (Encryption::Passphrase { .. }, Key::Passphrase(passphrase)) => {
            let path = folder.join(KEY);
            let stored = fs_err::read(&path).map_err(BackupError::file("read", &path))?;
            let opened = key_from(passphrase, &stored).map_err(|source| BackupError::WrongKey {
                path: path.clone(),
                source,
            })?;
            let identity = opened.ok_or_else(|| BackupError::damaged(&path, "it holds no key"))?;
            Ok(vec![identity])
        }
    }
}

/// Checks every byte of a backup against its manifest, and with a key that it can be opened.
///
/// # Errors
/// [`BackupError::Damaged`] with the first file that is not as it was stored.
pub fn verify(folder: &Utf8Path, key: Option<&Key>) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(folder)?;
    if let Encryption::Passphrase { key } = &manifest.encryption {
        let path = folder.join(KEY);
        let mut file = std::fs::File::open(&path).map_err(BackupError::file("read", &path))?;
        let (_, found) = sum(&mut file).map_err(BackupError::file("read", &path))?;
        if found != *key {
            return Err(BackupError::damaged(&path, "it is not the key that was stored"));
        }
    }
    for entry in &manifest.entries {
        check(folder, entry)?;
    }
    no_strangers(folder, &manifest)?;
    if let Some(key) = key {
        let identities = unlock(folder, &manifest, key)?;
        for entry in &manifest.entries {
            let mut opened = open(folder, entry, &identities)?;
            std::io::copy(&mut opened, &mut std::io::sink())
                .map_err(|error| BackupError::damaged(&folder.join(&entry.file), error.to_string()))?;
        }
    }
    Ok(manifest)
}

/// Refuses files that the manifest does not know.
fn no_strangers(folder: &Utf8Path, manifest: &Manifest) -> Result<(), BackupError> {
    for entry in folder
        .read_dir_utf8()
        .map_err(BackupError::file("list", folder))?
    {
        let path = entry
            .map_err(BackupError::file("list", folder))?
            .path()
            .to_owned();
        let name = path.file_name().unwrap_or_default();
        let known = [MANIFEST, SUM, KEY].contains(&name)
            || name.starts_with(NOTES)
            || manifest.entries.iter().any(|entry| entry.file == name);
        if !known {
            return Err(BackupError::damaged(&path, "the manifest does not know it"));
        }
    }
    Ok(())
}
