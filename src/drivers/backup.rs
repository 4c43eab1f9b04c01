//! Planning a backup, to which every part adds something, and the way back.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::edited::settled;
use super::{DriverError, host};
use crate::backup::Manifest;
use crate::deployment::{Deployment, Part};
use crate::plan::{BackupKey, BackupLock, Draft, Plan, Purpose};
use crate::product::Target;
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
/// [`DriverError`] when an option is not usable or, by a mistake of ours, the steps have no order.
pub fn plan_backup(
    order: &BackupOrder,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    let parts: Vec<&Part> = deployment
        .parts
        .values()
        .filter(|part| part.target == Some(Target::Host))
        .collect();
    let draft = Draft {
        purpose: Purpose::Backup,
        installation: deployment.name.clone(),
        release: format!("{} {}", deployment.title, deployment.version),
        deployment: deployment.digest(),
        artifacts: artifacts.digest(),
        observed,
        steps: host::backup(deployment, &parts, order)?,
    };
    Ok(Plan::new(draft)?)
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
/// [`DriverError`] when the backup lacks something, an option is not usable or, by a mistake of ours, the steps have no
/// order.
pub fn plan_restore(
    order: &RestoreOrder,
    deployment: &Deployment,
    artifacts: &Artifacts,
    observed: Value,
) -> Result<Plan, DriverError> {
    settled(&observed)?;
    let mut steps = Vec::new();
    for part in deployment
        .parts
        .values()
        .filter(|part| part.target == Some(Target::Host))
    {
        let seen = observed.get(&part.name).cloned().unwrap_or_default();
        let seen: host::Observed =
            serde_json::from_value(seen).map_err(|source| DriverError::Observation {
                part: part.name.clone(),
                source,
            })?;
        steps.extend(host::restore(
            deployment,
            part,
            &artifacts.below(&part.name),
            &seen,
            order,
        )?);
    }
    let draft = Draft {
        purpose: Purpose::Restore,
        installation: deployment.name.clone(),
        release: format!("{} {}", deployment.title, deployment.version),
        deployment: deployment.digest(),
        artifacts: artifacts.digest(),
        observed,
        steps,
    };
    Ok(Plan::new(draft)?)
}
