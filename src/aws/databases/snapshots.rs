//! Snapshots of databases.

use std::collections::BTreeMap;
use std::time::Duration;

use super::call::{Made, Which};
use super::{Database, DatabaseKind};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::told::{Listener, OUT_OF_REACH, Told, Waiting};
use crate::aws::wait::Wait;
use crate::tools::{CancelLevel, CancelToken};

/// States of a database that do not pass by themselves, and in which RDS makes no snapshot; of clusters and of instances.
///
/// Source: "Viewing DB cluster status" and "Viewing Amazon RDS DB instance status" in AWS's user guides.
const LASTING: [&str; 12] = [
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "restore-error",
    "stopped",
    "storage-full",
];

/// A snapshot that is to be made.
#[derive(Debug, Clone)]
pub struct SnapshotOrder {
    /// Its name: up to 255 lower-case letters, digits and dashes, a letter first. Lower case, because RDS answers so.
    pub name: String,
    /// What it is of.
    pub database: Database,
    /// Its tags, by which it is found again.
    pub tags: BTreeMap<String, String>,
    /// How long it may take, with the time that the database may be busy before.
    pub limit: Duration,
}

/// A snapshot as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSeen {
    /// Its name.
    pub name: String,
    /// What it is of.
    pub database: Database,
    /// What RDS calls its state, such as `available`.
    pub status: String,
    /// So much of a hundred is done.
    pub percent: u8,
    /// When it was made, in seconds since 1970.
    pub made_at: Option<i64>,
    /// How much room the database had.
    pub size_gib: Option<i32>,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
    /// The version of the engine.
    pub engine_version: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl Aws {
    /// Makes a snapshot and waits until it can be restored. One of the name that is there is taken for it.
    ///
    /// A database that is busy is waited for, and one that is stopped is not. To stop waiting leaves RDS to finish the
    /// snapshot.
    ///
    /// # Errors
    /// [`AwsError::NoSnapshot`] when the database is in a state that does not pass, [`AwsError::Snapshot`] when RDS could not finish it, [`AwsError::OtherSnapshot`] when the name is taken,
    /// [`AwsError::TimedOut`], [`AwsError::Interrupted`].
    pub async fn snapshot(
        &self,
        wanted: &SnapshotOrder,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<SnapshotSeen, AwsError> {
        let SnapshotOrder {
            name,
            database,
            limit,
            ..
        } = wanted;
        let mut wait = Wait::begin(format!("making snapshot `{name}`"), (self.pace, *limit), cancel);
        let mut waiting = Waiting::default();
        let mut percent = None;
        let mut is_begun = false;
        loop {
            if !is_begun {
                is_begun = wait.outlast(self.begin_snapshot(wanted, cancel).await)? == Some(true);
            }
            let seen = if is_begun {
                wait.outlast(
                    self.describe_snapshots(database.kind, Which::Name(name), cancel)
                        .await,
                )?
            } else {
                None
            };
            match seen.map(|seen| seen.into_iter().next()) {
                Some(Some(seen)) => {
                    if percent.replace(seen.percent) != Some(seen.percent) {
                        tell(Told::Percent(seen.percent));
                    }
                    if is_ready(&seen, wanted)? {
                        return Ok(seen);
                    }
                    waiting.tell(format!("snapshot `{name}`, which is {}", seen.status), tell);
                }
                Some(None) if percent.is_some() => return Err(lost(wanted)),
                // One that has just been ordered is not known everywhere at once.
                Some(None) => waiting.tell(format!("snapshot `{name}`"), tell),
                None if !is_begun => waiting.tell(format!("`{}`, which is busy", database.identifier), tell),
                None => waiting.tell(OUT_OF_REACH, tell),
            }
            if wait.is_over() {
                return Err(wait.timed_out(format!(
                    "snapshot `{name}` of `{}` is not available",
                    database.identifier
                )));
            }
            wait.pause().await?;
        }
    }

    /// Orders a snapshot, and says whether there is one now.
    async fn begin_snapshot(&self, wanted: &SnapshotOrder, cancel: &CancelToken) -> Result<bool, AwsError> {
        if cancel.level() == CancelLevel::Force {
            let doing = format!("make snapshot `{}`", wanted.name);
            return Err(AwsError::Interrupted { doing });
        }
        if self.create_snapshot(wanted).await? != Made::Busy {
            return Ok(true);
        }
        let seen = self.database(&wanted.database, cancel).await?;
        match seen.map(|seen| seen.status) {
            Some(status) if LASTING.contains(&status.as_str()) => Err(AwsError::NoSnapshot {
                database: wanted.database.identifier.clone(),
                status,
            }),
            _ => Ok(false),
        }
    }

    /// Deletes a snapshot and waits until it is gone. One that is not there is gone.
    ///
    /// # Errors
    /// [`AwsError`] when RDS refuses, [`AwsError::TimedOut`], [`AwsError::Interrupted`].
    pub async fn delete_snapshot(
        &self,
        kind: DatabaseKind,
        name: &str,
        limit: Duration,
        cancel: &CancelToken,
    ) -> Result<(), AwsError> {
        self.remove_snapshot(kind, name).await?;
        let mut wait = Wait::begin(format!("deleting snapshot `{name}`"), (self.pace, limit), cancel);
        loop {
            let seen = self.describe_snapshots(kind, Which::Name(name), cancel).await;
            if wait.outlast(seen)?.is_some_and(|seen| seen.is_empty()) {
                return Ok(());
            }
            if wait.is_over() {
                return Err(wait.timed_out(format!("snapshot `{name}` is not gone")));
            }
            wait.pause().await?;
        }
    }

    /// Lists the snapshots of both kinds that somebody made, by the start of their name and by tags; the oldest first.
    ///
    /// A destroy's final snapshots are among them, those that RDS makes every day are not.
    ///
    /// # Errors
    /// [`AwsError`] when RDS cannot be asked.
    pub async fn snapshots(
        &self,
        prefix: &str,
        tags: &BTreeMap<String, String>,
        cancel: &CancelToken,
    ) -> Result<Vec<SnapshotSeen>, AwsError> {
        let mut all = Vec::new();
        for kind in [DatabaseKind::Cluster, DatabaseKind::Instance] {
            all.extend(self.describe_snapshots(kind, Which::Manual, cancel).await?);
        }
        all.retain(|one| {
            let has = |(key, value): (&String, &String)| one.tags.get(key) == Some(value);
            one.name.starts_with(prefix) && tags.iter().all(has)
        });
        all.sort_by(|one, other| (one.made_at, &one.name).cmp(&(other.made_at, &other.name)));
        Ok(all)
    }
}

/// Says that somebody has deleted a snapshot that was being made.
fn lost(wanted: &SnapshotOrder) -> AwsError {
    AwsError::Snapshot {
        name: wanted.name.clone(),
        database: wanted.database.identifier.clone(),
        status: "gone".to_owned(),
    }
}

/// Says whether a snapshot can be restored.
fn is_ready(seen: &SnapshotSeen, wanted: &SnapshotOrder) -> Result<bool, AwsError> {
    if seen.database != wanted.database {
        return Err(AwsError::OtherSnapshot {
            name: seen.name.clone(),
            database: seen.database.identifier.clone(),
            wanted: wanted.database.identifier.clone(),
        });
    }
    match seen.status.as_str() {
        "available" => Ok(true),
        "creating" | "copying" | "modifying" | "pending" => Ok(false),
        status => Err(AwsError::Snapshot {
            name: seen.name.clone(),
            database: seen.database.identifier.clone(),
            status: status.to_owned(),
        }),
    }
}
