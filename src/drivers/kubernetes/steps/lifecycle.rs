//! Stopping and destroying a part. Pure.

use super::super::observe::Observed;
use super::super::place::{STOPPED, Snapshot};
use super::super::release::{product, services};
use super::super::workload::{component_workloads, service_workloads};
use super::Up;
use crate::deployment::{Deployment, Part};
use crate::plan::{ClusterAction, Step, Undo};
use crate::render::{Artifacts, RenderError};

/// Plans stopping everything, data last.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn stop(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Vec<Step>, RenderError> {
    let mut steps = Up::new((deployment, part), artifacts, observed)?;
    let running = |workload: &crate::plan::Workload| {
        observed
            .workloads
            .get(&workload.subject)
            .is_some_and(|seen| seen.installed && seen.wanted)
    };
    let components = component_workloads(part, &steps.place);
    if components.iter().any(running) {
        let chart = product(&steps.place.name, &[STOPPED]);
        steps.apply(
            ("release", "stop"),
            format!("stop {}", deployment.title),
            chart,
            &[],
        );
        let needs = [("release", "stop")];
        steps.ended(("release", "ended"), components, &needs);
    }
    let bundled = service_workloads(deployment, part, &steps.place);
    if bundled.iter().any(running) {
        let chart = services(&steps.place.services(), &[STOPPED]);
        let needs = [("release", "ended")];
        steps.apply(
            ("services", "stop"),
            "stop the services in the cluster",
            chart,
            &needs,
        );
        steps.ended(("services", "ended"), bundled, &[("services", "stop")]);
    }
    Ok(steps.steps.into_vec())
}

/// Plans removing everything; volumes and the secrets that open them are removed only when asked.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn destroy(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
    data: bool,
) -> Result<Vec<Step>, RenderError> {
    let mut steps = Up::new((deployment, part), artifacts, observed)?;
    let name = steps.place.name.clone();
    let back = |what: &str| Undo::Impossible(format!("{what} is gone; `landfall up` brings it back"));
    if observed.release.deployed || observed.release.pending {
        let title = format!("remove {}; its volumes stay", deployment.title);
        let action = ClusterAction::RemoveRelease { release: name };
        steps.push(("release", "remove"), title, action, back("the release"), &[]);
    }
    if observed.services.deployed || observed.services.pending {
        let release = steps.place.services();
        let title = "remove the services in the cluster; their volumes stay";
        let action = ClusterAction::RemoveRelease { release };
        let needs = [("release", "remove")];
        steps.push(("services", "remove"), title, action, back("the release"), &needs);
    }
    if data {
        let namespace = steps.place.options.namespace.clone();
        let needs = [("release", "remove"), ("services", "remove")];
        let selectors = [
            name_selector(&steps.place.name),
            name_selector(&steps.place.services()),
        ];
        let elsewhere = match steps.place.options.snapshot {
            Snapshot::Volume => "",
            Snapshot::Objects => "; what was saved in the object store stays",
            Snapshot::Hook => "; what your program saved stays",
        };
        let title = format!(
            "remove ALL DATA of {} in {namespace}, and the secrets{elsewhere}",
            deployment.title
        );
        let action = ClusterAction::RemoveData {
            selectors: selectors.to_vec(),
            claims: vec![steps.place.snapshots()],
            secrets: vec![steps.place.secrets(), steps.place.files()],
        };
        let undo = Undo::Impossible("the data is gone for good".to_owned());
        steps.push(("data", "remove"), title, action, undo, &needs);
    }
    Ok(steps.steps.into_vec())
}

fn name_selector(release: &str) -> String {
    format!("app.kubernetes.io/instance={release}")
}

impl Up<'_> {
    fn ended(&mut self, id: (&str, &str), workloads: Vec<crate::plan::Workload>, needs: &[(&str, &str)]) {
        let grace = self.part.components.iter().map(|component| component.grace).max();
        let within = grace.unwrap_or(30) + super::ARRIVAL;
        let action = ClusterAction::WaitReady { workloads, within };
        let undo = Undo::Nothing("waiting changes nothing".to_owned());
        self.push(id, "wait until all pods have ended", action, undo, needs);
    }
}
