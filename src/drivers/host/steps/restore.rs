//! Bringing back what was saved. Pure.
//!
//! It is what `up` does for a host on which every component must be started anew, with the data taken out of the backup
//! before anything that uses it starts. An empty host and one that runs are the same in that.

use std::collections::BTreeSet;

use super::super::layout::Layout;
use super::super::lifecycle::id;
use super::super::observe::Observed;
use super::super::perform::admin_password;
use super::super::render::{PROXY, bundled_databases, has_routes};
use super::backup::entries;
use super::{step, up};
use crate::backup::Entry;
use crate::deployment::{Deployment, Part, SecretOrigin};
use crate::drivers::Likeness;
use crate::drivers::{DriverError, RestoreOrder};
use crate::plan::{Action, BackupPart, BackupSource, RestorePart, Step, StepId, Undo};
use crate::render::Artifacts;

/// Plans bringing a part back as a backup has it.
///
/// # Errors
/// [`DriverError::Backup`] when the backup has no entry for something that the part holds; [`DriverError::Render`] when
/// an option is not usable.
pub fn restore(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
    order: &RestoreOrder,
) -> Result<Vec<Step>, DriverError> {
    let mut steps = up(deployment, part, artifacts, &as_if_new(part, observed))?;
    let restoring = restoring(deployment, part, observed, order)?;
    let all: BTreeSet<StepId> = restoring.iter().map(|step| step.id.clone()).collect();
    let secrets: BTreeSet<StepId> = restoring
        .iter()
        .filter(|step| is_secrets(step))
        .map(|step| step.id.clone())
        .collect();
    let ground = before_data(&steps);
    for step in &mut steps {
        match &step.action {
            Action::WriteSecrets { .. } | Action::WriteFiles { .. } | Action::InitializeDatabase { .. } => {
                step.needs.extend(secrets.iter().cloned());
            }
            Action::Migrate { .. } | Action::Verify { .. } => step.needs.extend(all.iter().cloned()),
            Action::StartUnit { unit, .. } if !is_database(deployment, part, unit) => {
                step.needs.extend(all.iter().cloned());
                // Whoever writes from here on writes on what was restored.
                step.opens = !has_routes(part) || *unit == format!("{}-{PROXY}", deployment.name);
            }
            _ => {}
        }
    }
    let present: BTreeSet<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    for mut step in restoring {
        step.needs.extend(ground.iter().cloned());
        if !is_secrets(&step) {
            step.needs.extend(secrets.iter().cloned());
        }
        if let Action::RestoreFrom {
            what: RestorePart::Database { service, .. },
            ..
        } = &step.action
        {
            let verbs = ["start", "wait", "create"].map(|verb| id(deployment, part, service, verb));
            step.needs
                .extend(verbs.into_iter().filter(|id| present.contains(id)));
        }
        steps.push(step);
    }
    Ok(steps)
}

/// Sees to it that every component is stopped and started, and every file written with the secrets of the backup.
fn as_if_new(part: &Part, observed: &Observed) -> Observed {
    let mut seen = observed.clone();
    for (subject, unit) in &mut seen.units {
        let is_component = part.components.iter().any(|component| component.name == *subject);
        if is_component || subject == PROXY {
            unit.stamp = None;
        }
    }
    for (artifact, likeness) in &mut seen.files {
        // A unit holds no secrets, and a file that the customer changed stays theirs.
        let is_ours = !artifact.starts_with("units/") && !seen.edits.contains_key(artifact);
        if is_ours && *likeness == Likeness::Same {
            *likeness = Likeness::Different;
        }
    }
    seen
}

/// Lists what must be done before data is touched: folders are there and nobody uses them.
fn before_data(steps: &[Step]) -> BTreeSet<StepId> {
    let is_before = |step: &&Step| {
        matches!(
            step.action,
            Action::PrepareFolders { .. } | Action::StopUnit { .. }
        )
    };
    steps
        .iter()
        .filter(is_before)
        .map(|step| step.id.clone())
        .collect()
}

fn is_secrets(step: &Step) -> bool {
    matches!(
        &step.action,
        Action::RestoreFrom {
            what: RestorePart::Secrets { .. },
            ..
        }
    )
}

fn is_database(deployment: &Deployment, part: &Part, unit: &str) -> bool {
    let databases = bundled_databases(deployment, part);
    databases.iter().any(|(name, _)| {
        let ending = format!("-{}", name.replace('_', "-"));
        unit.strip_suffix(&ending) == Some(deployment.name.as_str())
    })
}

fn restoring(
    deployment: &Deployment,
    part: &Part,
    observed: &Observed,
    order: &RestoreOrder,
) -> Result<Vec<Step>, DriverError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let mut steps = Vec::new();
    for (_, name, _, what) in entries(deployment, &[part])? {
        let (what, title, undo) = match what {
            // What is decided now stays: the answers of this installation count.
            BackupPart::Configuration => continue,
            BackupPart::Database {
                service, database, ..
            } => {
                let is_there = observed.databases.get(&service).is_some_and(|seen| seen.ready);
                let before = is_there.then(|| {
                    let file = format!("{service}.sql.zst");
                    layout
                        .root()
                        .join("data/before-restore")
                        .join(&order.before)
                        .join(file)
                });
                let undo = match &before {
                    Some(_) => Undo::Restore {
                        how: "put the database back as it was".to_owned(),
                        or_keep: None,
                    },
                    None => Undo::Nothing("the database was empty, and a second try replaces it".to_owned()),
                };
                let title = match &before {
                    Some(before) => format!("save the database in {before}, then replace it by the backup's"),
                    None => format!("load the database `{database}`"),
                };
                let what = RestorePart::Database { service, before };
                (what, title, undo)
            }
            BackupPart::Folder { path } => (
                RestorePart::Folder { path: path.clone() },
                format!("bring back {path}"),
                Undo::Revert("put the folder back that was there".to_owned()),
            ),
            BackupPart::Secrets { folder } => {
                let keep = kept(deployment, observed);
                (
                    RestorePart::Secrets { folder, keep },
                    "bring back the secrets that open the data".to_owned(),
                    Undo::Revert("put the secrets back that were there".to_owned()),
                )
            }
        };
        let entry: &Entry = order.manifest.entry(&name)?;
        let source = BackupSource {
            folder: order.folder.clone(),
            entry: name.clone(),
            sha256: entry.sha256,
            key: order.key.clone(),
        };
        let action = Action::RestoreFrom { source, what };
        steps.push(step(
            &part.name,
            StepId::new(&name, "restore"),
            title,
            action,
            undo,
        ));
    }
    Ok(steps)
}

/// Lists the secrets that stay: passwords of servers that are there already, and what the customer hands in here.
fn kept(deployment: &Deployment, observed: &Observed) -> Vec<String> {
    let mut keep: Vec<String> = observed
        .databases
        .iter()
        .filter(|(_, seen)| seen.initialized)
        .flat_map(|(name, _)| [format!("{name}_password"), admin_password(name)])
        .collect();
    let given = deployment.secrets.iter().filter(|(name, origin)| {
        let is_given = matches!(origin, SecretOrigin::File(_) | SecretOrigin::Env(_));
        is_given && observed.secrets.get(*name) == Some(&Likeness::Same)
    });
    keep.extend(given.map(|(name, _)| name.clone()));
    keep
}
