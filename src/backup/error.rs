//! What can go wrong with a backup.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

/// Says what went wrong with a backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder could not be used.
    #[error("could not {doing} `{path}`")]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The disk is full.
    #[error("there is no room left for `{path}`; free some space there or choose another place with `--to`")]
    NoRoom {
        /// What should have been written.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nobody is named who may open the backup.
    #[error("a backup is always encrypted, and nobody is named who may open it")]
    NoLock,
    /// A recipient is not one.
    #[error("`{text}` is no recipient: {because}")]
    Recipient {
        /// What was given.
        text: String,
        /// What is wrong with it.
        because: String,
    },
    /// An identity file holds no identity.
    #[error("`{path}` holds no age identity (`AGE-SECRET-KEY-1...`)")]
    Identity {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The passphrase is too short to protect anything.
    #[error("the passphrase is shorter than {least} characters")]
    Short {
        /// How many it needs.
        least: usize,
    },
    /// The key does not open the backup.
    #[error("the given key does not open `{path}`")]
    WrongKey {
        /// The file.
        path: Utf8PathBuf,
        /// What `age` said.
        #[source]
        source: age::DecryptError,
    },
    /// The passphrase key of a backup is needed and a recipient's was given, or the other way round.
    #[error("the backup `{id}` is opened by {needed}, which was not given")]
    OtherKey {
        /// The backup.
        id: String,
        /// What opens it.
        needed: &'static str,
    },
    /// A stored file is not what was stored.
    #[error("`{path}` is damaged: {because}")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// In which way.
        because: String,
    },
    /// The manifest is of a format that this version does not read.
    #[error("the backup at `{path}` has format {found}; this version of landfall reads format {known}")]
    Format {
        /// The folder.
        path: Utf8PathBuf,
        /// What it says.
        found: u32,
        /// What is known.
        known: u32,
    },
    /// There is no such backup.
    #[error("there is no complete backup `{name}` in `{shelf}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Where.
        shelf: Utf8PathBuf,
    },
    /// A backup lacks an entry that is needed.
    #[error("the backup `{id}` holds no `{entry}`")]
    NoEntry {
        /// The backup.
        id: String,
        /// What is missing.
        entry: String,
    },
}

impl BackupError {
    /// Makes an adapter for `map_err` on file operations, which tells a full disk apart.
    pub(super) fn file(doing: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoRoom { path, source },
            _ => Self::File { doing, path, source },
        }
    }

    /// Says what writing an entry met.
    pub fn storing(folder: &Utf8Path, source: io::Error) -> Self {
        Self::file("write an entry of the backup into", folder)(source)
    }

    /// Says that a file is not what was stored.
    pub(super) fn damaged(path: &Utf8Path, because: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            because: because.into(),
        }
    }
}
