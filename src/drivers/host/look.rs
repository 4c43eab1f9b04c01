//! Looking at the host: the one place of this driver that reads the machine before a run.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::error::HostError;
use super::layout::{Layout, Supervisor};
use super::lifecycle::units;
use super::observe::{Observed, ObservedDatabase, ObservedUnit};
use super::perform::{admin_password, is_installers, local, stamp_file, tool_version, unit_path, unpacked};
use super::render::{bundled_databases, has_routes};
use super::secrets::Store;
use super::steps::{
    folders, handed, placements, schedule_environment, schedule_files, schedule_places, unit_files,
};
use crate::deployment::{Deployment, Part};
use crate::drivers::Likeness;
use crate::drivers::World;
use crate::edits::{EDITS, Edit, Outcome};
use crate::plan::Handed;
use crate::render::Artifacts;
use crate::supervisor::{Client, UnitState};
use crate::tools::{Systemctl, ToolError};

/// What is known of a part before it is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The version that the history says is installed.
    pub installed: Option<&'a str>,
    /// The files that the customer changed by hand, by artifact.
    pub edits: &'a BTreeMap<String, Edit>,
}

/// Looks at everything that a plan for this part depends on.
///
/// # Errors
/// [`HostError`] when something is there and cannot be looked at; what is not there is data.
pub async fn look(
    world: &World,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    known: Known<'_>,
) -> Result<Observed, HostError> {
    let layout = Layout::known(deployment, part)?;
    let store = Store::new(layout.secrets());
    let secrets = deployment.secrets.iter();
    let supervisor = match layout.options.supervisor {
        Supervisor::Systemd => Systemctl::is_running("/".into()),
        Supervisor::Landfall => match Client::connect(&layout.supervisor()) {
            Ok(mut client) => client.ping().await.is_ok(),
            Err(_) => false,
        },
    };
    let units = look_at_units(world, &layout, deployment, part, artifacts, supervisor).await?;
    let images = part
        .components
        .iter()
        .filter_map(|component| Some((component.name.clone(), unpacked(&layout.image(&component.name))?)));
    let databases = look_at_databases(&layout, deployment, part, &store, &units).await;
    Ok(Observed {
        installed: known.installed.map(str::to_owned),
        prepared: prepared(world, &layout, deployment, part),
        tool: fs_err::read_to_string(tool_version(&layout.tool()))
            .ok()
            .filter(|_| layout.tool().exists()),
        images: images.collect(),
        secrets: secrets
            .map(|(name, origin)| (name.clone(), store.compare(world, name, origin)))
            .collect(),
        files: look_at_files(&layout, part, artifacts, &store, known.edits)?,
        handed: handed(part)
            .iter()
            .map(|file| (file.to.to_string(), look_at_copy(world, file)))
            .collect(),
        databases,
        current: current(&layout),
        supervisor,
        units,
        closed: has_routes(part) && layout.closed().exists(),
        sizes: BTreeMap::new(),
        edits: known.edits.clone(),
        schedule: look_at_schedule(&layout, artifacts),
    })
}

fn prepared(world: &World, layout: &Layout, deployment: &Deployment, part: &Part) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let account = match world.account(layout) {
        Ok(account) => account,
        Err(ToolError::UnknownAccount { .. }) => return false,
        Err(_) => return false,
    };
    let owner = |path: &Utf8PathBuf| match &account {
        Some(_) if is_installers(layout.root(), path) => Some(0),
        account => account.as_ref().map(|account| account.uid),
    };
    let owned = |path: &Utf8PathBuf| {
        fs_err::metadata(path)
            .is_ok_and(|found| found.is_dir() && owner(path).is_none_or(|owner| found.uid() == owner))
    };
    folders(layout, deployment, part).iter().all(owned)
}

fn current(layout: &Layout) -> Option<String> {
    let link = fs_err::read_link(layout.current()).ok()?;
    Some(link.file_name()?.to_str()?.to_owned())
}

/// Returns the text that is placed for an artifact: what was kept or merged, or else what was rendered.
pub(super) fn wanted<'a>(artifacts: &'a Artifacts, path: &Utf8Path) -> &'a str {
    let edited = artifacts.get(&Utf8Path::new(EDITS).join(path));
    edited
        .or_else(|| artifacts.get(path))
        .map_or("", |artifact| artifact.text.as_str())
}

/// Says whether a file stays as the customer made it, where it is.
fn stays(edit: &Edit) -> bool {
    edit.outcome == Outcome::Kept && edit.text.is_none()
}

/// Compares every placed file with what would be placed now.
fn look_at_files(
    layout: &Layout,
    part: &Part,
    artifacts: &Artifacts,
    store: &Store,
    edits: &BTreeMap<String, Edit>,
) -> Result<BTreeMap<String, Likeness>, HostError> {
    let mut files = BTreeMap::new();
    for placement in placements(layout, part, artifacts) {
        if edits.get(placement.artifact.as_str()).is_some_and(stays) {
            files.insert(placement.artifact.into_string(), Likeness::Same);
            continue;
        }
        let text = wanted(artifacts, &placement.artifact);
        // A secret that is not there yet makes the file different, which is what it will be.
        let wanted = store.fill(text).ok();
        let likeness = match fs_err::read_to_string(&placement.to) {
            Ok(found) if wanted.as_ref().is_some_and(|wanted| wanted.expose() == found) => Likeness::Same,
            Ok(_) => Likeness::Different,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Likeness::Absent,
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Likeness::Different,
            Err(error) => return Err(HostError::file("read", placement.to)(error)),
        };
        files.insert(placement.artifact.into_string(), likeness);
    }
    for path in unit_files(layout, artifacts).into_values() {
        let text = wanted(artifacts, &path);
        let likeness = match fs_err::read_to_string(unit_path(layout, &path)) {
            Ok(_) if edits.get(path.as_str()).is_some_and(stays) => Likeness::Same,
            Ok(found) if found == text => Likeness::Same,
            Ok(_) => Likeness::Different,
            Err(_) => Likeness::Absent,
        };
        files.insert(path.into_string(), likeness);
    }
    Ok(files)
}

/// Compares a file that the customer hands in with its copy.
///
/// A source that is not there is taken as unchanged when there is a copy: another operator's machine need not have it.
fn look_at_copy(world: &World, file: &Handed) -> Likeness {
    match (
        fs_err::read(world.answers.join(&file.source)),
        fs_err::read(&file.to),
    ) {
        (_, Err(_)) => Likeness::Absent,
        (Ok(source), Ok(copy)) if source != copy => Likeness::Different,
        _ => Likeness::Same,
    }
}

async fn look_at_units(
    world: &World,
    layout: &Layout,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    supervisor: bool,
) -> Result<BTreeMap<String, ObservedUnit>, HostError> {
    let files = unit_files(layout, artifacts);
    let mut seen = BTreeMap::new();
    for subject in units(deployment, part) {
        let unit = layout.unit(&subject);
        let installed = files
            .get(&unit)
            .is_some_and(|path| unit_path(layout, path).exists());
        let state = if installed && supervisor {
            let manager = world.units(layout).map_err(|source| HostError::Tool {
                doing: format!("look at {unit}"),
                source: Box::new(source),
            })?;
            manager.status(&unit).await.ok().map(|status| status.state)
        } else {
            None
        };
        let stamp = fs_err::read_to_string(stamp_file(layout, &unit))
            .ok()
            .and_then(|text| text.parse().ok());
        seen.insert(
            subject,
            ObservedUnit {
                installed,
                running: state == Some(UnitState::Running),
                stamp,
                restless: matches!(state, Some(UnitState::Backoff | UnitState::Failed)),
            },
        );
    }
    Ok(seen)
}

async fn look_at_databases(
    layout: &Layout,
    deployment: &Deployment,
    part: &Part,
    store: &Store,
    units: &BTreeMap<String, ObservedUnit>,
) -> BTreeMap<String, ObservedDatabase> {
    let mut seen = BTreeMap::new();
    for (name, port) in bundled_databases(deployment, part) {
        let service = &deployment.services[name];
        let running = units.get(name).is_some_and(|unit| unit.running);
        let initialized =
            crate::postgres::is_complete(&layout.database(name)) && store.read(&admin_password(name)).is_ok();
        let ready = match store.read(&format!("{name}_password")) {
            Ok(password) if running => {
                let spec = local(port, service.text("user"), password, service.text("name"));
                crate::postgres::connect(&spec).await.is_ok()
            }
            // What cannot be asked while it is stopped is known from the history of this host.
            _ => initialized && created_file(layout, name).exists(),
        };
        let programs = layout.postgres().join("bin/postgres").exists();
        seen.insert(
            name.to_owned(),
            ObservedDatabase {
                programs,
                initialized,
                ready,
            },
        );
    }
    seen
}

/// Compares the timer for backups with its artifacts; none when there is none and should be none.
fn look_at_schedule(layout: &Layout, artifacts: &Artifacts) -> Option<Likeness> {
    let there = |path: &Utf8PathBuf| path.exists();
    let wanted = schedule_files(layout, artifacts);
    if wanted.is_empty() {
        let places = schedule_places(layout);
        return places.iter().any(there).then_some(Likeness::Different);
    }
    let same = |placement: &crate::plan::Placement| {
        let text = artifacts
            .get(&placement.artifact)
            .map(|artifact| artifact.text.as_str());
        fs_err::read_to_string(&placement.to).is_ok_and(|found| text == Some(found.as_str()))
    };
    Some(if !wanted.iter().any(|placement| there(&placement.to)) {
        Likeness::Absent
    } else if wanted.iter().all(same) && schedule_environment(layout).exists() {
        Likeness::Same
    } else {
        Likeness::Different
    })
}

/// Returns the file that notes that role and database were made.
pub(super) fn created_file(layout: &Layout, service: &str) -> Utf8PathBuf {
    layout.supervisor().join(format!("{service}.created"))
}
