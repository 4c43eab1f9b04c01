//! The calls that RDS has for each kind of database, and what they answer, alike for both.

use std::collections::BTreeMap;

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbClusterSnapshot, DbSnapshot, Tag};

use super::{Database, DatabaseKind, SnapshotOrder, SnapshotSeen};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::{ask, order};
use crate::tools::CancelToken;

/// Codes that say that a snapshot of the name is there already.
const EXISTS: [&str; 2] = ["DBClusterSnapshotAlreadyExistsFault", "DBSnapshotAlreadyExists"];
/// Codes that say that a snapshot is not there.
const MISSING: [&str; 2] = ["DBClusterSnapshotNotFoundFault", "DBSnapshotNotFound"];
/// Codes that say that a database is busy with something else.
const BUSY: [&str; 2] = ["InvalidDBClusterStateFault", "InvalidDBInstanceState"];

/// Which snapshots are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Which<'a> {
    /// The one of a name.
    Name(&'a str),
    /// All that were made by somebody and not by RDS itself.
    Manual,
}

/// What came of the order to make a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// It is being made.
    Begun,
    /// One of the name is there.
    Exists,
    /// The database is busy; RDS says with what.
    Busy,
}

impl Aws {
    pub(super) async fn create_snapshot(&self, wanted: &SnapshotOrder) -> Result<Made, AwsError> {
        let SnapshotOrder {
            name, database, tags, ..
        } = wanted;
        let doing = format!("make snapshot `{name}` of `{}`", database.identifier);
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let tags = Some(tags.iter().map(tag).collect());
        let made = match database.kind {
            DatabaseKind::Cluster => {
                let call = self.rds.create_db_cluster_snapshot().set_tags(tags);
                let call = call
                    .db_cluster_snapshot_identifier(name)
                    .db_cluster_identifier(&database.identifier);
                order(doing, call.send()).await.map(drop)
            }
            DatabaseKind::Instance => {
                let call = self.rds.create_db_snapshot().set_tags(tags);
                let call = call
                    .db_snapshot_identifier(name)
                    .db_instance_identifier(&database.identifier);
                order(doing, call.send()).await.map(drop)
            }
        };
        match made {
            Ok(()) => Ok(Made::Begun),
            Err(error) if EXISTS.iter().any(|code| error.is(code)) => Ok(Made::Exists),
            Err(error) if BUSY.iter().any(|code| error.is(code)) => Ok(Made::Busy),
            Err(error) => Err(error),
        }
    }

    /// Orders the end of a snapshot; one that is not there has ended.
    pub(super) async fn remove_snapshot(&self, kind: DatabaseKind, name: &str) -> Result<(), AwsError> {
        let doing = format!("delete snapshot `{name}`");
        let removed = match kind {
            DatabaseKind::Cluster => {
                let call = self
                    .rds
                    .delete_db_cluster_snapshot()
                    .db_cluster_snapshot_identifier(name);
                order(doing, call.send()).await.map(drop)
            }
            DatabaseKind::Instance => {
                let call = self.rds.delete_db_snapshot().db_snapshot_identifier(name);
                order(doing, call.send()).await.map(drop)
            }
        };
        match removed {
            Err(error) if MISSING.iter().any(|code| error.is(code)) => Ok(()),
            removed => removed,
        }
    }

    pub(super) async fn describe_snapshots(
        &self,
        kind: DatabaseKind,
        which: Which<'_>,
        cancel: &CancelToken,
    ) -> Result<Vec<SnapshotSeen>, AwsError> {
        const DOING: &str = "look at snapshots";
        let found = match kind {
            DatabaseKind::Cluster => {
                let call = self.rds.describe_db_cluster_snapshots();
                let call = match which {
                    Which::Name(name) => call.db_cluster_snapshot_identifier(name),
                    Which::Manual => call.snapshot_type("manual"),
                };
                let pages = call.into_paginator().items().send().try_collect();
                let all: Result<Vec<DbClusterSnapshot>, _> = ask(DOING, cancel, pages).await;
                all.map(|all| all.into_iter().map(SnapshotSeen::from).collect())
            }
            DatabaseKind::Instance => {
                let call = self.rds.describe_db_snapshots();
                let call = match which {
                    Which::Name(name) => call.db_snapshot_identifier(name),
                    Which::Manual => call.snapshot_type("manual"),
                };
                let pages = call.into_paginator().items().send().try_collect();
                let all: Result<Vec<DbSnapshot>, _> = ask(DOING, cancel, pages).await;
                all.map(|all| all.into_iter().map(SnapshotSeen::from).collect())
            }
        };
        match found {
            Err(error) if MISSING.iter().any(|code| error.is(code)) => Ok(Vec::new()),
            found => found,
        }
    }
}

impl From<DbClusterSnapshot> for SnapshotSeen {
    fn from(one: DbClusterSnapshot) -> Self {
        Self {
            name: one.db_cluster_snapshot_identifier.unwrap_or_default(),
            database: Database {
                kind: DatabaseKind::Cluster,
                identifier: one.db_cluster_identifier.unwrap_or_default(),
            },
            status: one.status.unwrap_or_default(),
            percent: percent(one.percent_progress),
            made_at: one.snapshot_create_time.as_ref().map(DateTime::secs),
            size_gib: one.allocated_storage,
            is_encrypted: one.storage_encrypted.unwrap_or_default(),
            engine_version: one.engine_version.unwrap_or_default(),
            tags: tags(one.tag_list),
        }
    }
}

impl From<DbSnapshot> for SnapshotSeen {
    fn from(one: DbSnapshot) -> Self {
        Self {
            name: one.db_snapshot_identifier.unwrap_or_default(),
            database: Database {
                kind: DatabaseKind::Instance,
                identifier: one.db_instance_identifier.unwrap_or_default(),
            },
            status: one.status.unwrap_or_default(),
            percent: percent(one.percent_progress),
            made_at: one.snapshot_create_time.as_ref().map(DateTime::secs),
            size_gib: one.allocated_storage,
            is_encrypted: one.encrypted.unwrap_or_default(),
            engine_version: one.engine_version.unwrap_or_default(),
            tags: tags(one.tag_list),
        }
    }
}

fn percent(said: Option<i32>) -> u8 {
    said.and_then(|percent| u8::try_from(percent).ok())
        .unwrap_or_default()
        .min(100)
}

fn tags(list: Option<Vec<Tag>>) -> BTreeMap<String, String> {
    let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    list.unwrap_or_default().into_iter().filter_map(pair).collect()
}
