//! What has to be done on a host, given what was seen there. Pure.
//!
//! Steps are built in the order of a first installation; one that would change nothing is left out, and so are needs
//! for steps that are left out.

mod backup;
mod crossing;
mod database;
mod edits;
mod ground;
mod license;
mod places;
mod rehearsal;
mod restore;
mod running;
mod schedule;

pub use backup::backup;
pub use crossing::cross;
pub use license::rotate;
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
use crate::drivers::Crossing;
use crate::drivers::steps::Steps;
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
    let mut steps = Up {
        hands_licenses: true,
        ..Up::new((deployment, part), artifacts, observed)?
    };
    steps.foundation();
    steps.stops();
    steps.hold_licenses();
    steps.secrets();
    steps.files();
    steps.reload_licenses();
    steps.databases();
    steps.migration();
    steps.switch();
    steps.starts();
    steps.start_proxy();
    steps.let_in();
    steps.schedule();
    steps.verify(steps.public_url());
    Ok(steps.steps.into_vec())
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
    /// Whether what runs is handed a new license where it takes one, instead of being restarted for it.
    pub(super) hands_licenses: bool,
    pub(super) steps: Steps<'a>,
}

/// Makes a step outside of the order in which a part is brought up.
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

impl<'a> Up<'a> {
    /// Begins with no steps, for a part that is brought up where it is.
    fn new(
        (deployment, part): (&'a Deployment, &'a Part),
        artifacts: &'a Artifacts,
        observed: &'a Observed,
    ) -> Result<Self, RenderError> {
        Ok(Self {
            deployment,
            part,
            artifacts,
            observed,
            layout: Layout::of(part, &deployment.name, deployment.version.as_str())?,
            crossing: None,
            hands_licenses: false,
            steps: Steps::of(deployment, part),
        })
    }

    pub(super) fn push(
        &mut self,
        id: (&str, &str),
        title: impl Into<String>,
        action: Action,
        undo: Undo,
        needs: &[(&str, &str)],
    ) {
        self.steps.add(id, title, action, undo, needs);
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
