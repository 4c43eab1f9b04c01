//! What a backup is made of, as data.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::deployment::SecretOrigin;
use crate::oci::Digest;

/// Who may open a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BackupLock {
    /// Whoever has the identity of one of these recipients (`age1...`).
    Recipients(Vec<String>),
    /// Whoever knows the passphrase that is there.
    Passphrase(SecretOrigin),
}

/// What a step adds to a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BackupPart {
    /// A bundled database.
    Database {
        /// The service.
        service: String,
        /// The server's port.
        port: u16,
        /// The role.
        role: String,
        /// The database.
        database: String,
    },
    /// A folder with data.
    Folder {
        /// Where it lies.
        path: Utf8PathBuf,
    },
    /// Answers, deployment and artifacts.
    Configuration,
    /// The installation's store of secrets.
    Secrets {
        /// Its folder.
        folder: Utf8PathBuf,
    },
}

/// How a backup is completed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupEnd {
    /// What is not in it, by name, and why.
    pub left_out: BTreeMap<String, String>,
    /// How many complete backups stay; all unless given.
    pub keep: Option<u32>,
}

/// What opens a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum BackupKey {
    /// An identity file.
    Identity(Utf8PathBuf),
    /// The passphrase that is there.
    Passphrase(SecretOrigin),
}

/// What a step takes out of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum RestorePart {
    /// A bundled database, replaced as a whole in one transaction.
    Database {
        /// The service.
        service: String,
        /// Where it is saved first, when there is something to lose.
        before: Option<Utf8PathBuf>,
    },
    /// A folder with data; what was in its place is moved aside.
    Folder {
        /// Where it lies.
        path: Utf8PathBuf,
    },
    /// The installation's store of secrets.
    Secrets {
        /// Its folder.
        folder: Utf8PathBuf,
        /// The names of those that stay as they are.
        keep: Vec<String>,
    },
}

/// An entry of a backup, with what it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupSource {
    /// The backup's folder.
    pub folder: Utf8PathBuf,
    /// The entry's name.
    pub entry: String,
    /// The SHA-256 of its file.
    pub sha256: Digest,
    /// What opens it.
    pub key: BackupKey,
}
