//! Databases of RDS, Aurora clusters and plain instances alike: how they are, and their snapshots.
//!
//! A snapshot is known by its name: making it again finds it. Restoring is Terraform's, which makes a new database of it
//! (`generations` of `modules/aurora`).

mod call;
mod describe;
mod snapshots;

pub use describe::{DatabaseSeen, MemberSeen};
pub use snapshots::{SnapshotOrder, SnapshotSeen};

/// Says which kind of database one is; RDS has other calls for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatabaseKind {
    /// An Aurora cluster.
    Cluster,
    /// An instance that belongs to no cluster.
    Instance,
}

/// Names a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its kind.
    pub kind: DatabaseKind,
    /// Its identifier.
    pub identifier: String,
}

#[cfg(test)]
mod tests;
