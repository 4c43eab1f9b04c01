//! Backups: folders of compressed, encrypted, checksummed entries with a manifest that is written last.
//!
//! A backup is `<shelf>/<id>/`: one stored file for each entry, `backup.json` that says what they are, and its checksum.
//! A folder without `backup.json` is not a backup. What is stored is streamed, so memory does not grow with the data.
//! The format is plain: `age`, `zstd`, `tar` and `sha256sum` are all that is needed to open one by hand.
//!
//! This folder knows nothing of hosts, plans or products: it is told what to store.

mod error;
mod file;
mod lock;
mod manifest;
mod shelf;
mod stored;
mod tree;
mod verify;

pub use error::BackupError;
pub use lock::{Key, Lock};
pub use manifest::{BACKUP_FORMAT, Encryption, Entry, EntryKind, LeftOut, Manifest};
pub use shelf::{Draft, Kept, Listed, Shelf};
pub use stored::{Opened, check, open, small_files, store, unpack};
pub use tree::{Tree, pack};
pub use verify::{unlock, verify};

#[cfg(test)]
mod tests;
