//! Units: installing, starting, stopping, and what they said when something is wrong.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::StreamExt as _;

use super::super::error::HostError;
use super::super::layout::Layout;
use crate::oci::Digest;
use crate::supervisor::{SupervisorError, UnitFile, UnitManager, UnitState};

/// How many of a unit's last lines are shown when something is wrong with it.
const LAST_LINES: usize = 12;

/// Returns the file that notes what a unit was started with.
pub(in crate::drivers::host) fn stamp_file(layout: &Layout, unit: &str) -> Utf8PathBuf {
    layout.supervisor().join(format!("{unit}.stamp"))
}

/// Makes a unit known.
pub(super) async fn install(units: &dyn UnitManager, name: &str, contents: String) -> Result<(), HostError> {
    let file = UnitFile {
        name: name.to_owned(),
        contents,
    };
    let installed = units.install(&file).await;
    installed.map(drop).map_err(|source| HostError::Unit {
        doing: "install",
        unit: name.to_owned(),
        said: String::new(),
        source: Box::new(source),
    })
}

/// Starts a unit, or restarts it when it runs with something else, and notes what it was started with.
pub(super) async fn start(
    units: &dyn UnitManager,
    layout: &Layout,
    unit: &str,
    stamp: Digest,
) -> Result<(), HostError> {
    let file = stamp_file(layout, unit);
    let noted = fs_err::read_to_string(&file).unwrap_or_default();
    let running = units
        .status(unit)
        .await
        .is_ok_and(|status| status.state == UnitState::Running);
    let started = if running && noted != stamp.to_string() {
        units.restart(unit).await
    } else {
        units.start(unit).await
    };
    if let Err(source) = started {
        let said = last_lines(units, unit).await;
        return Err(HostError::Unit {
            doing: "start",
            unit: unit.to_owned(),
            said,
            source: Box::new(source),
        });
    }
    super::folders::write_whole(&file, stamp.to_string().as_bytes(), 0o600, None)
}

/// Stops a unit; one that is not known is stopped already.
pub(super) async fn stop(units: &dyn UnitManager, unit: &str) -> Result<(), HostError> {
    // Asking first, because a stop would wake a supervisor that has ended.
    match units.status(unit).await {
        Ok(status) if status.state == UnitState::Stopped => return Ok(()),
        Err(SupervisorError::UnknownUnit(_)) => return Ok(()),
        _ => {}
    }
    match units.stop(unit).await {
        Ok(_) | Err(SupervisorError::UnknownUnit(_)) => Ok(()),
        Err(source) => Err(HostError::Unit {
            doing: "stop",
            unit: unit.to_owned(),
            said: String::new(),
            source: Box::new(source),
        }),
    }
}

/// Starts a unit again as it was; its stamp still fits.
pub(super) async fn start_again(units: &dyn UnitManager, unit: &str) -> Result<(), HostError> {
    match units.start(unit).await {
        Ok(_) | Err(SupervisorError::UnknownUnit(_)) => Ok(()),
        Err(source) => {
            let said = last_lines(units, unit).await;
            Err(HostError::Unit {
                doing: "start",
                unit: unit.to_owned(),
                said,
                source: Box::new(source),
            })
        }
    }
}

/// Stops a unit and takes its file away.
pub(super) async fn remove(units: &dyn UnitManager, layout: &Layout, unit: &str) -> Result<(), HostError> {
    let fail = |source| HostError::Unit {
        doing: "remove",
        unit: unit.to_owned(),
        said: String::new(),
        source: Box::new(source),
    };
    stop(units, unit).await?;
    match units.remove(unit).await {
        Ok(()) | Err(SupervisorError::UnknownUnit(_)) => {}
        Err(source) => return Err(fail(source)),
    }
    super::folders::remove(&[stamp_file(layout, unit)])
}

/// Returns where a unit's file is placed.
pub(in crate::drivers::host) fn unit_path(layout: &Layout, artifact: &Utf8Path) -> Utf8PathBuf {
    let name = artifact.file_name().unwrap_or_default();
    match layout.options.supervisor {
        super::super::layout::Supervisor::Systemd => layout.options.units.join(name),
        super::super::layout::Supervisor::Landfall => layout.supervisor().join("units").join(name),
    }
}

/// Returns where the file of a unit is placed.
pub(super) fn unit_place(layout: &Layout, unit: &str) -> Utf8PathBuf {
    let ending = match layout.options.supervisor {
        super::super::layout::Supervisor::Systemd => "service",
        super::super::layout::Supervisor::Landfall => "yaml",
    };
    unit_path(layout, Utf8Path::new(&format!("{unit}.{ending}")))
}

/// How often the log of a unit is looked at again while it is empty: what a program said last arrives after its end.
const LOOKS: u32 = 5;

/// Reads the last lines of a unit, ready to stand below an error.
pub(super) async fn last_lines(units: &dyn UnitManager, unit: &str) -> String {
    for _ in 0..LOOKS {
        if let Ok(lines) = units.logs(unit, LAST_LINES, false).await {
            let lines: Vec<String> = lines.filter_map(|line| async { line.ok() }).collect().await;
            if !lines.is_empty() {
                return format!("\nthe last lines of {unit}:\n  {}", lines.join("\n  "));
            }
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    String::new()
}
