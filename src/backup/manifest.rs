//! What a backup holds: the file `backup.json`.

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::BackupError;
use super::file::write_whole;
use crate::oci::Digest;

/// The version of the manifest's format.
pub const BACKUP_FORMAT: u32 = 1;

/// The manifest's file.
pub(super) const MANIFEST: &str = "backup.json";
/// The manifest's checksum, as `sha256sum` writes it.
pub(super) const SUM: &str = "backup.json.sha256";
/// The key of a backup that a passphrase opens.
pub(super) const KEY: &str = "key.age";

/// What a backup holds. It names no secrets, and can be read without a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`BACKUP_FORMAT`].
    pub format: u32,
    /// Its name: that of the run that made it.
    pub id: String,
    /// The installation.
    pub installation: String,
    /// The product's name.
    pub product: String,
    /// The product's version.
    pub release: String,
    /// The digest of the deployment.
    pub deployment: Digest,
    /// The version of Landfall that made it.
    pub landfall: String,
    /// When it was complete.
    pub at: Timestamp,
    /// What opens it.
    pub encryption: Encryption,
    /// What is stored, by name.
    pub entries: Vec<Entry>,
    /// What is not stored, and why.
    pub left_out: Vec<LeftOut>,
}

/// What opens a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Encryption {
    /// The identity of one of these recipients.
    Recipients(Vec<String>),
    /// A passphrase, which opens the key in `key.age`.
    Passphrase {
        /// The SHA-256 of that file.
        key: Digest,
    },
}

/// One stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its file in the backup's folder.
    pub file: Utf8PathBuf,
    /// The size of what is stored, before compression and encryption.
    pub plain: u64,
    /// The size of the file.
    pub stored: u64,
    /// The SHA-256 of the file.
    pub sha256: Digest,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A database as SQL text.
    Database,
    /// A folder with data, as `tar`.
    Folder,
    /// Answers, deployment and artifacts, as `tar`.
    Configuration,
    /// The secrets, keys and licenses of the installation's own store, as `tar`.
    Secrets,
}

impl EntryKind {
    /// Returns the ending of the stored file's name, which says how to open it.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Database => "sql.zst.age",
            Self::Folder | Self::Configuration | Self::Secrets => "tar.zst.age",
        }
    }
}

/// Something that belongs to the product and is not in the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why.
    pub because: String,
}

impl Manifest {
    /// Writes the checksum and then the manifest: from then on the backup is complete.
    pub(super) fn write(&self, folder: &Utf8Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let mut text = serde_json::to_string_pretty(self)
            .map_err(|error| BackupError::file("write", &path)(std::io::Error::other(error)))?;
        text.push('\n');
        write_whole(&folder.join(SUM), sum_line(&text).as_bytes())?;
        write_whole(&path, text.as_bytes())
    }

    /// Reads the manifest of a backup and compares it with its checksum.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] when a byte of either differs, [`BackupError::Format`] for one of a newer Landfall.
    pub fn read(folder: &Utf8Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let bytes = fs_err::read(&path).map_err(BackupError::file("read", &path))?;
        let sum = folder.join(SUM);
        let noted = match fs_err::read(&sum) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::damaged(&sum, "it is missing"));
            }
            noted => noted.map_err(BackupError::file("read", &sum))?,
        };
        if noted != sum_line(&bytes).as_bytes() {
            return Err(BackupError::damaged(
                &path,
                format!("it is not what `{SUM}` says"),
            ));
        }
        let broken = |error: serde_json::Error| BackupError::damaged(&path, error.to_string());
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_slice(&bytes).map_err(broken)?;
        if format != BACKUP_FORMAT {
            return Err(BackupError::Format {
                path: folder.to_owned(),
                found: format,
                known: BACKUP_FORMAT,
            });
        }
        serde_json::from_slice(&bytes).map_err(broken)
    }

    /// Finds an entry.
    pub fn entry(&self, name: &str) -> Result<&Entry, BackupError> {
        let found = self.entries.iter().find(|entry| entry.name == name);
        found.ok_or_else(|| BackupError::NoEntry {
            id: self.id.clone(),
            entry: name.to_owned(),
        })
    }
}

fn sum_line(bytes: impl AsRef<[u8]>) -> String {
    format!("{}  {MANIFEST}\n", Digest::of(bytes).hex())
}
