//! What has to be done in a cluster, given what was seen there. Pure.
//!
//! Steps are built in the order of a first installation; one that would change nothing is left out, and so are needs
//! for steps that are left out.

mod crossing;
mod data;
mod license;
mod lifecycle;
mod store;

pub use crossing::cross;
pub use license::rotate;
pub use lifecycle::{destroy, stop};

use super::observe::{Observed, ObservedRelease};
use super::place::{NAMESPACE, Place};
use super::release::{product, services, stamp};
use super::render::bundled;
use super::secrets::{files, origins};
use super::workload::{component_workloads, service_workloads};
use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::drivers::steps::{Steps, within};
use crate::drivers::{Crossing, Likeness};
use crate::edits::{Edit, Outcome};
use crate::oci::Digest;
use crate::plan::{Action, ChartRef, ClusterAction, PodCheck, Step, StepId, Undo, Workload};
use crate::product::{Probe, Version};
use crate::render::{Artifacts, RenderError};

/// Seconds that scheduling, pulling images and mounting volumes may take before probes count.
const ARRIVAL: u32 = 60;

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
    steps.reload_licenses();
    steps.services();
    // One that somebody removed may have lost its database too.
    let is_there =
        observed.release.deployed && observed.installed.as_deref() == Some(deployment.version.as_str());
    if !is_there {
        // The product was not in use, and migrations can be repeated: the schema stays.
        let undo = Undo::Revert("end it where it is still at work".to_owned());
        steps.migrate(Default::default(), undo);
    }
    let chart = product(&steps.place.name, &[]);
    steps.roll_out(&chart);
    steps.verify();
    Ok(steps.steps.into_vec())
}

/// Builds the steps of a part; a step that would change nothing is left out.
pub(super) struct Up<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) part: &'a Part,
    pub(super) artifacts: &'a Artifacts,
    pub(super) observed: &'a Observed,
    pub(super) place: Place,
    /// What is left behind, when this leads from one release to another.
    pub(super) crossing: Option<Crossing<'a>>,
    /// Whether what runs is handed a new license where it takes one, instead of being restarted for it.
    pub(super) hands_licenses: bool,
    pub(super) steps: Steps<'a>,
}

impl<'a> Up<'a> {
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
            place: Place::of(deployment, part)?,
            crossing: None,
            hands_licenses: false,
            steps: Steps::of(deployment, part),
        })
    }

    fn id(&self, subject: &str, verb: &str) -> StepId {
        self.steps.id(subject, verb)
    }

    fn push(
        &mut self,
        id: (&str, &str),
        title: impl Into<String>,
        action: impl Into<Action>,
        undo: Undo,
        needs: &[(&str, &str)],
    ) {
        self.steps.add(id, title, action, undo, needs);
    }

    /// Namespace, secrets and files.
    fn foundation(&mut self) {
        if !self.observed.namespace {
            let namespace = self.place.options.namespace.clone();
            let title = format!("make the namespace {namespace}");
            let undo = Undo::Revert("remove the namespace while nothing is in it".to_owned());
            let action = ClusterAction::CreateNamespace {
                namespace,
                manifest: NAMESPACE.into(),
            };
            self.push(("namespace", "create"), title, action, undo, &[]);
        }
        let stale = |likeness: &Likeness| *likeness != Likeness::Same;
        self.hold_licenses();
        self.hold_restarted();
        if self.observed.secrets.values().any(stale) {
            self.write_secrets(origins(self.deployment, self.part), false);
        }
        if self.observed.files.values().any(stale) || !self.files_with_a_new_secret().is_empty() {
            self.write_files(files(self.part, &self.place), false);
        }
    }

    /// The bundled services.
    fn services(&mut self) {
        let workloads = service_workloads(self.deployment, self.part, &self.place);
        if workloads.is_empty() {
            return;
        }
        let chart = services(&self.place.services(), &[]);
        if self.differs(&self.observed.services, &chart) {
            let titles: Vec<&str> = bundled(self.deployment, self.part)
                .iter()
                .map(|(_, service)| service.title.as_str())
                .collect();
            let title = format!(
                "apply what runs in the cluster for an evaluation: {}",
                titles.join(", ")
            );
            let needs = [("secrets", "write"), ("namespace", "create")];
            self.apply(("services", "apply"), title, chart, &needs);
        } else if workloads.iter().all(|workload| self.ready(workload)) {
            return;
        }
        let needs = [("services", "apply")];
        self.wait(("services", "wait"), workloads, 120, &needs);
    }

    fn differs(&self, seen: &ObservedRelease, chart: &ChartRef) -> bool {
        let asked =
            |edit: &Edit| edit.outcome == Outcome::Overwritten && edit.from.starts_with(&chart.release);
        !seen.deployed
            || seen.pending
            || !seen.gone.is_empty()
            || seen.stamp != Some(stamp(self.artifacts, chart))
            || self.observed.edits.values().any(asked)
    }

    fn ready(&self, workload: &Workload) -> bool {
        self.observed
            .workloads
            .get(&workload.subject)
            // One that somebody scaled to nothing is an edit: what is applied brings it back, nothing else does.
            .is_some_and(|seen| seen.ready)
    }

    /// Applies a chart.
    fn apply(&mut self, id: (&str, &str), title: impl Into<String>, chart: ChartRef, needs: &[(&str, &str)]) {
        let stamp: Digest = stamp(self.artifacts, &chart);
        let undo = Undo::Revert(format!("take {} back to the revision before", chart.release));
        let action = ClusterAction::ApplyRelease { chart, stamp };
        self.push(id, title, action, undo, needs);
    }

    fn wait(&mut self, id: (&str, &str), workloads: Vec<Workload>, within: u32, needs: &[(&str, &str)]) {
        let names: Vec<&str> = workloads
            .iter()
            .map(|workload| workload.subject.as_str())
            .collect();
        let title = format!("wait until {} are ready", names.join(", "));
        let action = ClusterAction::WaitReady { workloads, within };
        let undo = Undo::Nothing("waiting changes nothing".to_owned());
        self.push(id, title, action, undo, needs);
    }

    /// The product itself.
    fn roll_out(&mut self, chart: &ChartRef) {
        let workloads = component_workloads(self.part, &self.place);
        let applies = self.differs(&self.observed.release, chart);
        if applies {
            let title = format!("roll out {} {}", self.deployment.title, self.deployment.version);
            self.apply(("release", "apply"), title, chart.clone(), &[]);
            // Nothing new runs before the data is as it must be.
            self.steps.after_all();
        }
        let restarted = self.restart();
        if applies || restarted || !workloads.iter().all(|workload| self.ready(workload)) {
            self.wait_for_components();
        }
    }

    fn wait_for_components(&mut self) {
        let workloads = component_workloads(self.part, &self.place);
        let within = self.part.components.iter().map(within).max().unwrap_or(60) + ARRIVAL;
        let needs = [("release", "apply"), ("components", "restart")];
        self.wait(("release", "wait"), workloads, within, &needs);
    }

    /// Restarts the components that read a secret or file that changed, which pods do not notice by themselves.
    fn restart(&mut self) -> bool {
        let workloads = self.restarted();
        if workloads.is_empty() {
            return false;
        }
        let title = format!(
            "restart what reads a secret or file that changed: {}",
            listed(&workloads)
        );
        let undo = Undo::Nothing("it is restarted once the store is as it was".to_owned());
        let action = ClusterAction::Restart { workloads };
        self.push(("components", "restart"), title, action, undo, &[]);
        self.steps.after_all();
        true
    }

    /// Looks at everything that runs.
    fn verify(&mut self) {
        if self.steps.is_empty() {
            return;
        }
        let action = ClusterAction::Verify {
            checks: checks(self.part, &self.place, &self.deployment.version),
        };
        let title = format!("verify that what runs is {} as planned", self.deployment.version);
        let undo = Undo::Nothing("looking changes nothing".to_owned());
        self.push(("release", "verify"), title, action, undo, &[]);
        self.steps.after_all();
    }
}

/// Names workloads for people.
fn listed(workloads: &[Workload]) -> String {
    let names: Vec<&str> = workloads
        .iter()
        .map(|workload| workload.subject.as_str())
        .collect();
    names.join(", ")
}

/// Says what must be true of every component of a part when it runs.
pub(super) fn checks(part: &Part, place: &Place, version: &Version) -> Vec<PodCheck> {
    let told = |component: &ResolvedComponent, probe: &Probe| {
        let port = component.ports.get(&probe.port)?;
        Some((port.number, probe.path.clone()))
    };
    let workloads = component_workloads(part, place);
    let both = part.components.iter().zip(workloads);
    both.map(|(component, workload)| {
        let image = &component.image;
        let mut digests = vec![image.digest];
        digests.extend(image.platforms.values().filter(|digest| **digest != image.digest));
        PodCheck {
            workload,
            digests,
            version_at: component
                .version
                .as_ref()
                .and_then(|probe| told(component, probe)),
            version: version.to_string(),
        }
    })
    .collect()
}
