//! Where state lies: a folder, or an object store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{Acquired, Clock, Holder, JournalError, LocalStore, LockTerms, ObjectStore};

/// Keeps state under keys that look like paths.
///
/// Everything a caller is told was written survives a crash of this machine at once.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Says where a key lies, for people.
    fn place(&self, key: &str) -> String;

    /// Returns what lies under a key, or nothing.
    async fn get(&self, key: &str) -> Result<Option<Bytes>, JournalError>;

    /// Returns all keys within a folder and its folders, sorted.
    async fn list(&self, folder: &str) -> Result<Vec<String>, JournalError>;

    /// Returns the names of the folders directly within a folder, sorted.
    async fn folders(&self, folder: &str) -> Result<Vec<String>, JournalError>;

    /// Writes what is not there yet, whole or not at all.
    ///
    /// [`JournalError::AlreadyThere`] when it is: of two that write at the same time, one is told so.
    async fn create(&self, key: &str, bytes: Bytes) -> Result<(), JournalError>;

    /// Writes, over what is there if anything, whole or not at all.
    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), JournalError>;

    /// Removes what lies under a key, if anything does.
    async fn delete(&self, key: &str) -> Result<(), JournalError>;

    /// Opens a log that lines are added to.
    async fn open_log(&self, key: &str) -> Result<Box<dyn Log>, JournalError>;

    /// Takes the lock under a key, or says who holds it. Does not wait.
    ///
    /// `clock` is this machine's; it is only used to know when a lease of ours can no longer be trusted.
    async fn try_lock(
        &self,
        key: &str,
        holder: Holder,
        terms: &LockTerms,
        clock: Arc<dyn Clock>,
    ) -> Result<Acquired, JournalError>;

    /// Returns who holds the lock under a key now. A lock left behind by a dead process is held by nobody.
    async fn lock_holder(&self, key: &str, terms: &LockTerms) -> Result<Option<Holder>, JournalError>;
}

/// Takes the lines that a step's programs print, already redacted.
///
/// A log is for people, not for recovery: it is not made durable line by line.
#[async_trait]
pub trait Log: Send {
    /// Adds a line. May be called from code that cannot wait, and so must not block for long.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be written.
    fn line(&mut self, line: &str) -> Result<(), JournalError>;

    /// Writes what is still in memory.
    async fn close(&mut self) -> Result<(), JournalError>;
}

/// Opens the state at a location: `s3://bucket/path`, `az://container/path`, or else a folder.
///
/// Credentials, endpoints and the like of object stores are taken from `environment` under their usual names
/// (`AWS_*`, `AZURE_*`).
///
/// # Errors
/// [`JournalError::OpenStore`] when the location or its options make no sense. Nothing is contacted yet.
pub fn open_store(
    location: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Arc<dyn Store>, JournalError> {
    if location.contains("://") {
        Ok(Arc::new(ObjectStore::open(location, environment)?))
    } else {
        Ok(Arc::new(LocalStore::new(location)))
    }
}

/// Checks that a key stays inside the store: plain names with slashes between.
///
/// # Errors
/// [`JournalError::Key`] when it does not.
pub(super) fn check_key(key: &str) -> Result<(), JournalError> {
    let plain = |name: &str| !name.is_empty() && name != "." && name != ".." && !name.contains(['\\', '\0']);
    if key.split('/').all(plain) {
        Ok(())
    } else {
        Err(JournalError::Key { key: key.to_owned() })
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
pub(super) mod tests;
