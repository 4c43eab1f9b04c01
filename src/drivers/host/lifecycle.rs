//! Stopping, starting and destroying a part on a host. Pure.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

use super::layout::{Layout, Supervisor};
use super::observe::Observed;
use super::render::{PROXY, bundled_databases, has_routes};
use super::steps::schedule_places;
use crate::deployment::{Deployment, Part};
use crate::plan::{Action, Step, StepId, Undo};
use crate::render::RenderError;

/// Lists the units of a part in the order in which they start.
pub fn units(deployment: &Deployment, part: &Part) -> Vec<String> {
    let mut subjects: Vec<String> = bundled_databases(deployment, part)
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    subjects.extend(part.components.iter().map(|component| component.name.clone()));
    if has_routes(part) {
        subjects.push(PROXY.to_owned());
    }
    subjects
}

/// Appends a step that needs the one before it.
fn chain(steps: &mut Vec<Step>, part: &Part, id: StepId, title: String, action: Action, undo: Undo) {
    let needs: BTreeSet<StepId> = steps.last().map(|step| step.id.clone()).into_iter().collect();
    steps.push(Step {
        id,
        title,
        part: part.name.clone(),
        stage: None,
        opens: false,
        action,
        undo,
        needs,
    });
}

/// Names a step; with several parts in one plan, ids carry the part's name.
pub(super) fn id(deployment: &Deployment, part: &Part, subject: &str, verb: &str) -> StepId {
    if deployment.parts.len() > 1 {
        StepId::new(&format!("{}-{subject}", part.name), verb)
    } else {
        StepId::new(subject, verb)
    }
}

/// Plans stopping everything, the proxy first, data last.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn stop(deployment: &Deployment, part: &Part, observed: &Observed) -> Result<Vec<Step>, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let mut steps = Vec::new();
    for subject in units(deployment, part).into_iter().rev() {
        if !observed.units.get(&subject).is_some_and(|unit| unit.running) {
            continue;
        }
        let unit = layout.unit(&subject);
        let (title, undo) = (
            format!("stop {unit}"),
            Undo::Revert(format!("start {unit} again")),
        );
        chain(
            &mut steps,
            part,
            id(deployment, part, &subject, "stop"),
            title,
            Action::StopUnit { unit },
            undo,
        );
    }
    if layout.options.supervisor == Supervisor::Landfall && observed.supervisor {
        let folder = layout.supervisor();
        let (title, undo) = (
            "end landfall's supervisor".to_owned(),
            Undo::Revert("start the supervisor".to_owned()),
        );
        let action = Action::StopSupervisor { folder };
        chain(
            &mut steps,
            part,
            id(deployment, part, "supervisor", "stop"),
            title,
            action,
            undo,
        );
    }
    Ok(steps)
}

/// Plans removing everything; data and the secrets that open it are removed only when asked.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn destroy(
    deployment: &Deployment,
    part: &Part,
    observed: &Observed,
    data: bool,
) -> Result<Vec<Step>, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let mut steps = stop(deployment, part, observed)?;
    let installed: Vec<String> = units(deployment, part)
        .into_iter()
        .filter(|subject| observed.units.get(subject).is_some_and(|unit| unit.installed))
        .map(|subject| layout.unit(&subject))
        .collect();
    if !installed.is_empty() {
        let undo = Undo::Impossible("the units are gone; `landfall up` installs them again".to_owned());
        let title = format!("remove the units {}", installed.join(", "));
        let action = Action::RemoveUnits { units: installed };
        chain(
            &mut steps,
            part,
            id(deployment, part, "units", "remove"),
            title,
            action,
            undo,
        );
    }
    if observed.schedule.is_some() {
        let undo = Undo::Impossible("the timer is gone; `landfall up` sets it again".to_owned());
        let action = Action::RemoveSchedule {
            timer: format!("{}.timer", layout.unit("backup")),
            files: schedule_places(&layout),
        };
        let title = "make no more backups by itself".to_owned();
        chain(
            &mut steps,
            part,
            id(deployment, part, "schedule", "remove"),
            title,
            action,
            undo,
        );
    }
    let root = layout.root();
    let programs: Vec<Utf8PathBuf> = [
        "current",
        "releases",
        "bin",
        "config",
        "run",
        "logs",
        "supervisor",
        "postgres",
        "programs",
    ]
    .map(|name| root.join(name))
    .into();
    let undo = Undo::Impossible("the files are gone; `landfall up` brings them back".to_owned());
    let title = format!("remove programs and configuration below {root}");
    let action = Action::RemoveFolders { folders: programs };
    chain(
        &mut steps,
        part,
        id(deployment, part, "programs", "remove"),
        title,
        action,
        undo,
    );
    if data {
        let folders: Vec<Utf8PathBuf> = vec![root.join("data"), root.join("secrets"), root.to_owned()];
        let undo = Undo::Impossible("the data is gone for good".to_owned());
        let title = format!("remove ALL DATA below {root}, and the secrets");
        chain(
            &mut steps,
            part,
            id(deployment, part, "data", "remove"),
            title,
            Action::RemoveFolders { folders },
            undo,
        );
    }
    Ok(steps)
}
