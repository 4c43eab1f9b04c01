//! Stopping and destroying a part. Pure.

use super::super::observe::{Observed, ObservedLayer};
use super::super::place::{APPLICATION, BOOTSTRAP, DATA, FOUNDATION, dashed};
use super::{ARRIVAL, Up, tasks};
use crate::deployment::{Deployment, Part};
use crate::plan::{AwsAction, LayerSettings, Step, Undo};

/// Plans stopping every service. What AWS runs itself, such as the database, goes on.
pub fn stop(deployment: &Deployment, part: &Part, observed: &Observed) -> Vec<Step> {
    let mut steps = Up::new(deployment, part, observed);
    let services = steps.running();
    if services.is_empty() {
        return Vec::new();
    }
    steps.suspend();
    steps.stop_services(&deployment.title);
    steps.steps.into_vec()
}

/// Plans removing everything that runs; with `data`, all else too, but for last snapshots.
pub fn destroy(deployment: &Deployment, part: &Part, observed: &Observed, data: bool) -> Vec<Step> {
    let mut steps = Up::new(deployment, part, observed);
    steps.remove(
        APPLICATION,
        "what runs; data and network stay",
        "`landfall up` brings it back",
    );
    if data {
        let title = "ALL DATA; last snapshots stay, and keys and secrets for as long as AWS makes one wait";
        steps.remove(DATA, title, "the data is gone, but for last snapshots");
        steps.remove(
            FOUNDATION,
            "the network, keys and logs",
            "`landfall up` makes others",
        );
        steps.remove(
            BOOTSTRAP,
            "the bucket of the states",
            "`landfall up` makes another",
        );
    }
    steps.steps.into_vec()
}

impl Up<'_> {
    /// Lists the services that have tasks, with how many each is to have at least.
    fn running(&self) -> std::collections::BTreeMap<String, u16> {
        let runs = |name: &str| {
            let seen = self.observed.services.get(name);
            seen.is_some_and(|seen| seen.definition.is_some() && !seen.stopped)
        };
        let components = self
            .part
            .components
            .iter()
            .filter(|component| runs(&component.name));
        components
            .map(|component| (dashed(&component.name), tasks(component)))
            .collect()
    }

    /// Lets autoscaling hold still.
    fn suspend(&mut self) {
        let settings = LayerSettings {
            suspended: true,
            ..LayerSettings::default()
        };
        let action = AwsAction::ApplyLayer {
            layer: APPLICATION.to_owned(),
            change: None,
            settings,
            before: None,
        };
        let undo = Undo::Revert("apply the application layer as it was".to_owned());
        let what = "let autoscaling hold still";
        self.push(("autoscaling", "suspend"), what, action, undo, &[]);
        self.steps.after_all();
    }

    /// Stops every service that runs.
    fn stop_services(&mut self, what: &str) {
        let services = self.running();
        if services.is_empty() {
            return;
        }
        let grace = self.part.components.iter().map(|component| component.grace).max();
        let action = AwsAction::StopServices {
            services,
            within: grace.unwrap_or(30) + ARRIVAL,
        };
        let undo = Undo::Revert("start every service again".to_owned());
        self.push(("services", "stop"), format!("stop {what}"), action, undo, &[]);
        self.steps.after_all();
    }

    fn remove(&mut self, layer: &'static str, what: &str, back: &str) {
        let is_there = |seen: &&ObservedLayer| seen.resources > 0 || seen.is_unfinished;
        let Some(seen) = self.layer(layer).filter(is_there) else {
            return;
        };
        let resources = seen.resources;
        let title = format!("remove the {layer} layer, {resources} resources: {what}");
        let action = AwsAction::RemoveLayer {
            layer: layer.to_owned(),
            resources,
        };
        self.push(
            (layer, "remove"),
            title,
            action,
            Undo::Impossible(back.to_owned()),
            &[],
        );
        self.steps.after_all();
    }
}
