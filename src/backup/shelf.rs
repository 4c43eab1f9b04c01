//! Where the backups of one installation lie.

use age::x25519::Recipient;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::file::{make_folder, write_whole};
use super::lock::{Lock, key_for, parse};
use super::manifest::{Encryption, Entry, KEY, MANIFEST, Manifest};
use super::stored::check;
use super::verify::verify;

/// Notes of a backup that is being made; gone when it is complete.
pub(super) const NOTES: &str = "making";

/// The folder with the backups of one installation.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: Utf8PathBuf,
}

/// A backup as it stands on the shelf.
#[derive(Debug)]
pub struct Listed {
    /// Its name.
    pub id: String,
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// What it holds; an error when that cannot be read, none while it is not complete.
    pub manifest: Option<Result<Manifest, BackupError>>,
}

/// What tidying up the shelf did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The backups that were removed.
    pub removed: Vec<String>,
    /// What could not be removed, and why.
    pub trouble: Vec<String>,
}

/// A backup that is being made.
#[derive(Debug, Clone)]
pub struct Draft {
    folder: Utf8PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Begun {
    encryption: Encryption,
    recipients: Vec<String>,
}

impl Shelf {
    /// Names the shelf of an installation at a destination.
    pub fn new(destination: &Utf8Path, installation: &str) -> Self {
        Self {
            folder: destination.join(installation),
        }
    }

    /// Takes a shelf by its own folder.
    pub fn at(folder: &Utf8Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }

    /// Returns the folder.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Lists what is on the shelf, the newest first.
    ///
    /// # Errors
    /// [`BackupError::File`] when the shelf cannot be looked at; one that is not there is empty.
    pub fn list(&self) -> Result<Vec<Listed>, BackupError> {
        let failed = || BackupError::file("list", &self.folder);
        let entries = match self.folder.read_dir_utf8() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed())?,
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed())?;
            if !entry.path().is_dir() {
                continue;
            }
            let folder = entry.path().to_owned();
            let complete = folder.join(MANIFEST).exists();
            all.push(Listed {
                id: entry.file_name().to_owned(),
                manifest: complete.then(|| Manifest::read(&folder)),
                folder,
            });
        }
        all.sort_by(|one, other| other.id.cmp(&one.id));
        Ok(all)
    }

    /// Finds a complete backup by its name, or by `latest`.
    ///
    /// # Errors
    /// [`BackupError::Unknown`] when there is none.
    pub fn find(&self, name: &str) -> Result<Utf8PathBuf, BackupError> {
        let complete = |listed: &Listed| listed.manifest.is_some() && (name == "latest" || listed.id == name);
        let found = self.list()?.into_iter().find(complete);
        found
            .map(|listed| listed.folder)
            .ok_or_else(|| BackupError::Unknown {
                name: name.to_owned(),
                shelf: self.folder.clone(),
            })
    }

    /// Begins a backup, or goes on with one of the same name.
    ///
    /// # Errors
    /// What is wrong with the lock; [`BackupError::File`] when the folder cannot be made.
    pub fn begin(&self, id: &str, lock: &Lock) -> Result<Draft, BackupError> {
        lock.check()?;
        let draft = self.draft(id);
        make_folder(&draft.folder)?;
        let notes = draft.folder.join(NOTES);
        if notes.exists() {
            return Ok(draft);
        }
        let begun = match lock {
            Lock::Recipients(recipients) => Begun {
                encryption: Encryption::Recipients(recipients.clone()),
                recipients: recipients.clone(),
            },
            Lock::Passphrase(passphrase) => {
                let path = draft.folder.join(KEY);
                let failed = |error| BackupError::file("write", &path)(std::io::Error::other(error));
                let (recipient, stored) = key_for(passphrase).map_err(failed)?;
                write_whole(&path, &stored)?;
                Begun {
                    encryption: Encryption::Passphrase {
                        key: crate::oci::Digest::of(&stored),
                    },
                    recipients: vec![recipient.to_string()],
                }
            }
        };
        write_whole(&notes, &json(&notes, &begun)?)?;
        Ok(draft)
    }

    /// Names a backup that was begun.
    pub fn draft(&self, id: &str) -> Draft {
        Draft {
            folder: self.folder.join(id),
        }
    }

    /// Removes all but the newest `keep` complete backups, and what older unfinished ones left.
    ///
    /// Nothing is removed unless the newest is as it was stored.
    ///
    /// # Errors
    /// [`BackupError`] when the newest backup is not sound.
    pub fn tidy(&self, keep: usize) -> Result<Kept, BackupError> {
        let all = self.list()?;
        let Some(newest) = all.iter().find(|listed| listed.manifest.is_some()) else {
            return Ok(Kept::default());
        };
        verify(&newest.folder, None)?;
        let mut kept = Kept::default();
        let mut complete = 0;
        for listed in &all {
            let is_kept = match &listed.manifest {
                // One that cannot be read is not counted, and not removed: somebody should look at it.
                Some(Err(_)) => true,
                Some(Ok(_)) => {
                    complete += 1;
                    complete <= keep.max(1)
                }
                None => listed.id > newest.id,
            };
            if is_kept {
                continue;
            }
            // Without its manifest it is no backup any more, should removing it stop half-way.
            let _ = fs_err::remove_file(listed.folder.join(MANIFEST));
            match fs_err::remove_dir_all(&listed.folder) {
                Ok(()) => kept.removed.push(listed.id.clone()),
                Err(error) => kept.trouble.push(error.to_string()),
            }
        }
        Ok(kept)
    }
}

impl Draft {
    /// Returns the folder.
    pub fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// Returns to whom entries are encrypted.
    ///
    /// # Errors
    /// [`BackupError::File`] when it was not begun.
    pub fn recipients(&self) -> Result<Vec<Recipient>, BackupError> {
        parse(&self.begun()?.recipients)
    }

    fn begun(&self) -> Result<Begun, BackupError> {
        let notes = self.folder.join(NOTES);
        let bytes = fs_err::read(&notes).map_err(BackupError::file("read", &notes))?;
        serde_json::from_slice(&bytes).map_err(|error| BackupError::damaged(&notes, error.to_string()))
    }

    /// Remembers an entry until the backup is complete.
    ///
    /// # Errors
    /// [`BackupError::File`] when it cannot be written.
    pub fn note(&self, entry: &Entry) -> Result<(), BackupError> {
        let path = self.folder.join(format!("{NOTES}.{}", entry.name));
        write_whole(&path, &json(&path, entry)?)
    }

    /// Completes the backup: checks every entry, writes the manifest, and forgets the notes.
    ///
    /// `about` holds everything but entries and encryption, which are known here.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when an entry is not what was stored.
    pub fn complete(&self, about: Manifest) -> Result<Manifest, BackupError> {
        if self.folder.join(MANIFEST).exists() {
            return Manifest::read(&self.folder);
        }
        let failed = || BackupError::file("list", &self.folder);
        let mut notes = Vec::new();
        let mut entries: Vec<Entry> = Vec::new();
        for entry in self.folder.read_dir_utf8().map_err(failed())? {
            let path = entry.map_err(failed())?.path().to_owned();
            if path.file_stem() == Some(NOTES) && path.extension().is_some_and(|ending| ending != "part") {
                let bytes = fs_err::read(&path).map_err(BackupError::file("read", &path))?;
                let read = serde_json::from_slice(&bytes);
                entries.push(read.map_err(|error| BackupError::damaged(&path, error.to_string()))?);
                notes.push(path);
            }
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in &entries {
            check(&self.folder, entry)?;
        }
        let manifest = Manifest {
            encryption: self.begun()?.encryption,
            entries,
            ..about
        };
        manifest.write(&self.folder)?;
        notes.push(self.folder.join(NOTES));
        for path in notes {
            let _ = fs_err::remove_file(path);
        }
        Ok(manifest)
    }

    /// Removes an unfinished backup; a complete one stays.
    ///
    /// # Errors
    /// [`BackupError::File`] when it cannot be removed.
    pub fn give_up(&self) -> Result<(), BackupError> {
        if self.folder.join(MANIFEST).exists() {
            return Ok(());
        }
        match fs_err::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(BackupError::file("remove", &self.folder)(error))
            }
            _ => Ok(()),
        }
    }
}

fn json(path: &Utf8Path, value: &impl Serialize) -> Result<Vec<u8>, BackupError> {
    serde_json::to_vec_pretty(value)
        .map_err(|error| BackupError::file("write", path)(std::io::Error::other(error)))
}
