//! Saving everything for bad days. Pure.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::super::layout::Layout;
use super::super::render::bundled_databases;
use super::{Step, step};
use crate::deployment::{Deployment, Part};
use crate::drivers::BackupOrder;
use crate::plan::{Action, BackupEnd, BackupPart, StepId, Undo};
use crate::product::{ServiceKind, Supply};
use crate::render::RenderError;

/// Plans a backup of the parts on this host, one entry after the other so that memory holds one at a time.
///
/// Databases come before folders: what a row speaks of was there when the row was saved, and so it is saved too.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable, or backups would lie in what they save.
pub fn backup(
    deployment: &Deployment,
    parts: &[&Part],
    order: &BackupOrder,
) -> Result<Vec<Step>, RenderError> {
    let Some(first) = parts.first() else {
        return Ok(Vec::new());
    };
    let shelf = order.shelf.clone();
    apart(deployment, parts, &shelf)?;
    let mut steps = vec![step(
        &first.name,
        StepId::new("backup", "begin"),
        format!("begin a backup in {shelf}"),
        Action::BeginBackup {
            shelf: shelf.clone(),
            lock: order.lock.clone(),
        },
        Undo::Revert("remove the unfinished backup".to_owned()),
    )];
    for (part, name, title, what) in entries(deployment, parts)? {
        let action = Action::AddToBackup {
            shelf: shelf.clone(),
            name: name.clone(),
            what,
        };
        let undo = Undo::Nothing("it goes with the unfinished backup".to_owned());
        steps.push(step(&part, StepId::new(&name, "backup"), title, action, undo));
    }
    let (title, end) = (
        match order.keep {
            Some(1) => "check and complete the backup, then remove all older ones".to_owned(),
            Some(keep) => format!("check and complete the backup, then keep the newest {keep}"),
            None => "check and complete the backup".to_owned(),
        },
        BackupEnd {
            left_out: left_out(deployment, parts),
            keep: order.keep,
        },
    );
    let undo = Undo::Nothing("a complete backup stays".to_owned());
    let action = Action::CompleteBackup { shelf, end };
    steps.push(step(
        &first.name,
        StepId::new("backup", "complete"),
        title,
        action,
        undo,
    ));
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    for (step, before) in steps.iter_mut().skip(1).zip(ids) {
        step.needs = BTreeSet::from([before]);
    }
    Ok(steps)
}

/// Refuses a shelf in a folder that is saved itself, or that goes with the installation.
fn apart(deployment: &Deployment, parts: &[&Part], shelf: &Utf8Path) -> Result<(), RenderError> {
    for part in parts {
        let root = Layout::of(part, &deployment.name, deployment.version.as_str())?
            .options
            .root;
        let saved = folders(deployment, part).into_iter().map(|(_, path)| path);
        if let Some(inside) = saved.chain([root]).find(|folder| shelf.starts_with(folder)) {
            return Err(RenderError::Options {
                part: part.name.clone(),
                message: format!("backups in {shelf} would lie in {inside}, and be lost with it"),
            });
        }
    }
    Ok(())
}

type Planned = (String, String, String, BackupPart);

/// Lists what is saved: part, name, title and what it is.
pub(super) fn entries(deployment: &Deployment, parts: &[&Part]) -> Result<Vec<Planned>, RenderError> {
    let mut all: Vec<Planned> = Vec::new();
    for part in parts {
        let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
        let named = |name: &str| match deployment.parts.len() {
            1 => name.replace('_', "-"),
            _ => format!("{}-{}", part.name, name.replace('_', "-")),
        };
        for (service, port) in bundled_databases(deployment, part) {
            let resolved = &deployment.services[service];
            let what = BackupPart::Database {
                service: service.to_owned(),
                port,
                role: resolved.text("user").to_owned(),
                database: resolved.text("name").to_owned(),
            };
            let title = format!("save the {}, which stays in use", resolved.title);
            all.push((part.name.clone(), named(service), title, what));
        }
        for (name, path) in folders(deployment, part) {
            let title = format!("save {path}");
            all.push((
                part.name.clone(),
                named(&name),
                title,
                BackupPart::Folder { path },
            ));
        }
        let folder = layout.secrets();
        let title = "save the secrets, keys and licenses".to_owned();
        all.push((
            part.name.clone(),
            named("secrets"),
            title,
            BackupPart::Secrets { folder },
        ));
        let title = "save answers, deployment and artifacts".to_owned();
        all.push((
            part.name.clone(),
            named("configuration"),
            title,
            BackupPart::Configuration,
        ));
    }
    Ok(all)
}

/// Lists the folders with data of a part: its object stores in the filesystem, and what components must not lose.
pub(in crate::drivers::host) fn folders(deployment: &Deployment, part: &Part) -> Vec<(String, Utf8PathBuf)> {
    let stores = deployment.services.iter().filter(|(name, service)| {
        service.kind == ServiceKind::Objects
            && service.supply != Supply::None
            && service.text("driver") == "filesystem"
            && part
                .components
                .iter()
                .any(|component| component.needs.contains(name))
    });
    let mut all: Vec<(String, Utf8PathBuf)> = stores
        .map(|(name, service)| (name.clone(), service.text("path").into()))
        .collect();
    for component in &part.components {
        for (name, path) in &component.directories {
            all.push((format!("{}-{name}", component.name), path.clone()));
        }
    }
    let mut seen = BTreeSet::new();
    all.retain(|(_, path)| seen.insert(path.clone()));
    all
}

/// Says what of the product is not in a backup, and why.
fn left_out(deployment: &Deployment, parts: &[&Part]) -> BTreeMap<String, String> {
    let saved: BTreeSet<String> = parts
        .iter()
        .flat_map(|part| {
            let databases = bundled_databases(deployment, part)
                .into_iter()
                .map(|(name, _)| name.to_owned());
            databases.chain(folders(deployment, part).into_iter().map(|(name, _)| name))
        })
        .collect();
    let because = |supply: Supply| match supply {
        Supply::Yours => "it is your own: save it with your own tools",
        Supply::Managed => "the cloud keeps it: see its own backups",
        Supply::Bundled | Supply::None => "what it holds can be made again",
    };
    deployment
        .services
        .iter()
        .filter(|(name, service)| {
            let holds_data = matches!(
                service.kind,
                ServiceKind::Sql | ServiceKind::Objects | ServiceKind::Cache
            );
            holds_data && service.supply != Supply::None && !saved.contains(*name)
        })
        .map(|(name, service)| (name.clone(), because(service.supply).to_owned()))
        .collect()
}
