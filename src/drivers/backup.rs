//! Planning a backup, to which every part adds something, and the way back.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::edited::settled;
use super::{DriverError, accounts, clusters, host, hosts, plan_of, seen_of};
use crate::backup::Manifest;
use crate::deployment::{Deployment, Part};
use crate::plan::{BackupKey, BackupLock, Plan, Purpose};
use crate::render::Artifacts;

/// What a backup should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupOrder {
    /// The folder with the backups of this installation.
    pub shelf: Utf8PathBuf,
    /// Who may open it.
    pub lock: BackupLock,
    /// How many complete backups stay; all unless given.
    pub keep: Option<u32>,
}

/// Plans a backup of everything that is installed. Pure.
///
/// # Errors
/// [`DriverError`] when a part lies in a cluster, an option is not usable or, by a mistake of ours, the steps have no order.
pub fn plan_backup(
    order: &BackupOrder,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    whole(deployment)?;
    let parts: Vec<&Part> = hosts(deployment).collect();
    let steps = host::backup(deployment, &parts, order)?;
    plan_of(Purpose::Backup, deployment, artifacts, observed, steps)
}

/// Refuses a deployment of which a backup would hold a half.
fn whole(deployment: &Deployment) -> Result<(), DriverError> {
    match clusters(deployment).chain(accounts(deployment)).next() {
        Some(part) => Err(DriverError::NoBackup {
            part: part.name.clone(),
        }),
        None => Ok(()),
    }
}

/// What is to be restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreOrder {
    /// The backup's folder.
    pub folder: Utf8PathBuf,
    /// What it holds.
    pub manifest: Manifest,
    /// What opens it.
    pub key: BackupKey,
    /// Where the databases are saved first, below the installation's folder; the name of the backup makes it another
    /// place each time.
    pub before: String,
}

/// Plans bringing a backup back, into what is installed or into nothing: everything that `up` does, with the data taken
/// out of the backup before anything starts. Pure.
///
/// # Errors
/// [`DriverError`] when a part lies in a cluster, the backup lacks something, an option is not usable or, by a mistake of
/// ours, the steps have no order.
pub fn plan_restore(
    order: &RestoreOrder,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    settled(&observed)?;
    whole(deployment)?;
    let mut steps = Vec::new();
    for part in hosts(deployment) {
        let seen = seen_of(part, observed.get(&part.name))?;
        let artifacts = artifacts.below(&part.name);
        steps.extend(host::restore(deployment, part, &artifacts, &seen, order)?);
    }
    plan_of(Purpose::Restore, deployment, artifacts, observed, steps)
}
