//! From one release to another.
//!
//! Where the old version works on the new schema, users stay in all the time: new pods take over one by one. Where it
//! does not, users are kept out and the old version is stopped before the data is touched; they see the last release
//! alone.

use super::super::observe::Observed;
use super::super::place::CLOSED;
use super::super::release::product;
use super::super::workload::component_workloads;
use super::{Up, checks, within};
use crate::deployment::{Deployment, Part};
use crate::drivers::{Crossing, DataMove};
use crate::plan::{Action, ClusterAction, Step, Undo};
use crate::render::{Artifacts, RenderError};

/// Plans the way of one part from one release to another.
///
/// `before` holds the steps of this part's earlier stages.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn cross(
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    observed: &Observed,
    crossing: Crossing<'_>,
    before: &mut Vec<Step>,
) -> Result<(), RenderError> {
    let mut steps = Up {
        crossing: Some(crossing),
        ..Up::new((deployment, part), artifacts, observed)?
    };
    steps.steps.on_the_way = !crossing.last;
    steps.steps.gate = before.last().map(|step| step.id.clone());
    steps.baseline();
    let closed_before = before.iter().any(is_close);
    let closes = closed_before || must_close(crossing.data) || !crossing.last;
    steps.foundation();
    steps.services();
    if closes {
        steps.close();
    }
    steps.data(closes);
    let more: &[&str] = if closes { &[CLOSED] } else { &[] };
    let chart = product(&steps.place.name, more);
    steps.roll_out(&chart);
    if !closes {
        // The first new pod that is ready takes users' traffic.
        steps.opens(("release", "apply"));
    }
    steps.verify();
    if closes && crossing.last {
        steps.open();
    }
    before.append(&mut steps.steps);
    Ok(())
}

fn is_close(step: &Step) -> bool {
    step.id.as_str().ends_with("traffic/close")
}

/// Says whether users must be kept out: when the old version may not meet what becomes of the data.
fn must_close(data: &DataMove) -> bool {
    match data {
        DataMove::Keep => false,
        DataMove::Migrate { or_keep } => or_keep.is_none(),
        DataMove::PutBack(_) => true,
    }
}

impl Up<'_> {
    /// Notes first what runs now, so that it is looked at last when everything was taken back.
    fn baseline(&mut self) {
        let Some(crossing) = self.crossing.filter(|crossing| crossing.first) else {
            return;
        };
        let Some(part) = crossing.from.parts.get(&self.part.name) else {
            return;
        };
        let version = crossing.from.version.clone();
        let action = ClusterAction::Baseline {
            version: version.clone(),
            checks: checks(part, &self.place, &version),
            within: part.components.iter().map(within).max().unwrap_or(60) + super::ARRIVAL,
        };
        let undo = Undo::Revert(format!("wait until {version} serves again"));
        let title = format!("note how {version} runs");
        self.push(("release", "baseline"), title, action, undo, &[]);
        self.steps.gate = self.steps.last().map(|step| step.id.clone());
    }

    /// Keeps users out and stops what runs.
    fn close(&mut self) {
        let Some(crossing) = self.crossing else { return };
        let title = format!("keep users out, and stop {}", crossing.from.version);
        let action = ClusterAction::CloseRelease {
            chart: product(&self.place.name, &[]),
        };
        let undo = Undo::Revert("start it again, and let users in".to_owned());
        self.push(("traffic", "close"), title, action, undo, &[]);
        self.steps.after_all();
        let Some(part) = crossing.from.parts.get(&self.part.name) else {
            return;
        };
        let workloads = component_workloads(part, &self.place);
        let grace = part.components.iter().map(|component| component.grace).max();
        let action = ClusterAction::WaitReady {
            workloads,
            within: grace.unwrap_or(30) + super::ARRIVAL,
        };
        let title = format!("wait until {} has ended", crossing.from.version);
        let undo = Undo::Nothing("waiting changes nothing".to_owned());
        self.push(("traffic", "wait"), title, action, undo, &[("traffic", "close")]);
    }

    /// Lets users in, last of all.
    fn open(&mut self) {
        let chart = product(&self.place.name, &[]);
        let needs = [("release", "verify")];
        self.apply(("traffic", "open"), "let users in", chart, &needs);
        self.opens(("traffic", "open"));
        let action = ClusterAction::Verify {
            checks: checks(self.part, &self.place, &self.deployment.version),
        };
        let title = "verify what users reach";
        let undo = Undo::Nothing("looking changes nothing".to_owned());
        self.push(("traffic", "verify"), title, action, undo, &[("traffic", "open")]);
    }

    /// Says that from a step on users may write to the new version.
    fn opens(&mut self, (subject, verb): (&str, &str)) {
        let id = self.id(subject, verb);
        for step in self.steps.iter_mut().filter(|step| step.id == id) {
            debug_assert!(
                matches!(step.action, Action::Cluster(_)),
                "it is a step of this driver"
            );
            step.opens = true;
        }
    }
}
