//! What has to be done on a host, given what was seen there. Pure.
//!
//! Steps are built in the order of a first installation; one that would change nothing is left out, and so are needs
//! for steps that are left out.

mod backup;
mod crossing;
mod database;
mod edits;
mod ground;
mod places;
mod rehearsal;
mod restore;
mod running;
mod schedule;

pub use backup::backup;
pub use crossing::{Crossing, DataMove, cross};
pub use places::probe_url;
pub(super) use places::{folders, handed, placements, stamp, unit_files};
pub use rehearsal::rehearse;
pub use restore::restore;
pub(super) use schedule::{schedule_environment, schedule_files, schedule_places};

use std::collections::BTreeSet;

use super::layout::Layout;
use super::observe::Observed;
use super::render::bundled_databases;
use crate::deployment::{Deployment, Part};
use crate::plan::{Action, Step, StepId, Undo};
use crate::render::{Artifacts, RenderError};

/// Plans bringing a part up, or in line.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn up(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Vec<Step>, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let mut steps = Up {
        deployment,
        part,
        artifacts,
        observed,
        layout,
        crossing: None,
        on_the_way: false,
        gate: None,
        steps: Vec::new(),
    };
    steps.foundation();
    steps.stops();
    steps.secrets();
    steps.files();
    steps.databases();
    steps.migration();
    steps.switch();
    steps.starts();
    steps.start_proxy();
    steps.let_in();
    steps.schedule();
    steps.verify(steps.public_url());
    Ok(steps.steps)
}

/// Builds the steps of bringing up; a step that would change nothing is left out.
pub(super) struct Up<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) part: &'a Part,
    pub(super) artifacts: &'a Artifacts,
    pub(super) observed: &'a Observed,
    pub(super) layout: Layout,
    /// What is left behind, when this leads from one release to another.
    pub(super) crossing: Option<Crossing<'a>>,
    /// Whether the plan goes on to another release.
    pub(super) on_the_way: bool,
    /// The step that everything needs that may only be done with traffic kept out.
    pub(super) gate: Option<StepId>,
    pub(super) steps: Vec<Step>,
}

/// Makes a step; needs that were left out because they are fulfilled are dropped by [`Up::push`].
fn step(part: &str, id: StepId, title: impl Into<String>, action: Action, undo: Undo) -> Step {
    Step {
        id,
        title: title.into(),
        part: part.to_owned(),
        stage: None,
        opens: false,
        action,
        undo,
        needs: BTreeSet::new(),
    }
}

impl Up<'_> {
    pub(super) fn id(&self, subject: &str, verb: &str) -> StepId {
        // With several parts in one plan, ids carry the part's name; on the way to a release, that of the stage.
        let mut subject = subject.to_owned();
        if self.deployment.parts.len() > 1 {
            subject = format!("{}-{subject}", self.part.name);
        }
        if self.on_the_way {
            subject = format!("{}-{subject}", self.deployment.version);
        }
        StepId::new(&subject, verb)
    }

    pub(super) fn push(
        &mut self,
        (subject, verb): (&str, &str),
        title: impl Into<String>,
        action: Action,
        undo: Undo,
        needs: &[(&str, &str)],
    ) {
        let mut step = step(&self.part.name, self.id(subject, verb), title, action, undo);
        let planned: BTreeSet<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();
        step.needs = needs
            .iter()
            .map(|(subject, verb)| self.id(subject, verb))
            .filter(|id| planned.contains(id))
            .chain(self.gate.clone())
            .collect();
        if self.on_the_way {
            step.stage = Some(self.deployment.version.clone());
        }
        self.steps.push(step);
    }

    pub(super) fn databases_here(&self) -> Vec<(String, u16)> {
        bundled_databases(self.deployment, self.part)
            .into_iter()
            .map(|(name, port)| (name.to_owned(), port))
            .collect()
    }

    pub(super) fn also_after_stops(&mut self) {
        let stopped = self.stopped();
        if let Some(step) = self.steps.last_mut() {
            step.needs.extend(stopped);
        }
    }

    /// Lists the needs of everything that changes files under what runs.
    pub(super) fn stopped(&self) -> Vec<StepId> {
        self.steps
            .iter()
            .filter(|step| matches!(step.action, Action::StopUnit { .. }))
            .map(|s| s.id.clone())
            .collect()
    }
}
