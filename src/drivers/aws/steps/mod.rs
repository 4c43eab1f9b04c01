//! What has to be done in an account, given what was seen there. Pure.
//!
//! Layers are applied from the bottom to the top, and one that Terraform would not change is left out. Services are made
//! without tasks: they start once the tasks that come first have ended well.

mod crossing;
mod lifecycle;

pub use crossing::cross;
pub use lifecycle::{destroy, stop};

use std::collections::{BTreeMap, BTreeSet};

use super::observe::{Observed, ObservedLayer};
use super::place::{APPLICATION, DATA, DATABASE_USER, LAYERS, MIGRATION, dashed};
use super::render::database;
use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::drivers::Crossing;
use crate::drivers::steps::{Steps, within};
use crate::oci::Digest;
use crate::plan::{Action, AwsAction, LayerSettings, ServiceMove, Step, Undo};
use crate::product::Version;

/// Seconds that AWS may take to find room for a task, pull its images and let the load balancer see it, before probes count.
const ARRIVAL: u32 = 300;
/// Seconds that making the database's user may take.
const USER_WITHIN: u32 = 300;

/// Plans bringing a part up, or in line.
pub fn up(deployment: &Deployment, part: &Part, observed: &Observed) -> Vec<Step> {
    let mut steps = Up::new(deployment, part, observed);
    for layer in LAYERS {
        steps.apply(layer, None);
    }
    if observed.installed.as_deref() != Some(deployment.version.as_str()) || steps.is_new(DATA) {
        steps.first_tasks();
    }
    steps.roll_out();
    steps.verify();
    steps.steps.into_vec()
}

/// Builds the steps of a part; a step that would change nothing is left out.
struct Up<'a> {
    deployment: &'a Deployment,
    part: &'a Part,
    observed: &'a Observed,
    /// What is left behind, when this leads from one release to another.
    crossing: Option<Crossing<'a>>,
    steps: Steps<'a>,
}

impl<'a> Up<'a> {
    fn new(deployment: &'a Deployment, part: &'a Part, observed: &'a Observed) -> Self {
        Self {
            deployment,
            part,
            observed,
            crossing: None,
            steps: Steps::of(deployment, part),
        }
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

    fn layer(&self, layer: &str) -> Option<&'a ObservedLayer> {
        self.observed.layers.get(layer)
    }

    /// Says whether nothing of a layer is there.
    fn is_new(&self, layer: &str) -> bool {
        self.layer(layer).is_some_and(|seen| seen.resources == 0)
    }

    /// Applies a layer where that changes anything.
    fn apply(&mut self, layer: &'static str, before: Option<Version>) {
        let Some(seen) = self.layer(layer) else { return };
        if seen.change.is_nothing() {
            return;
        }
        let counted = seen.change.counted();
        let preview = match seen.change.preview {
            true => ", as far as can be told before the layers below are there",
            false => "",
        };
        let title = format!("apply the {layer} layer: {counted}{preview}");
        let undo = match &before {
            Some(version) => Undo::Revert(format!("apply what {version} had there")),
            None => Undo::Stays("the next `landfall up` goes on with what was made".to_owned()),
        };
        let below = LAYERS.iter().take_while(|below| **below != layer);
        let needs: Vec<(&str, &str)> = below.map(|below| (*below, "apply")).collect();
        let action = AwsAction::ApplyLayer {
            layer: layer.to_owned(),
            change: Some(seen.change.clone()),
            settings: LayerSettings::default(),
            before,
        };
        self.push((layer, "apply"), title, action, undo, &needs);
    }

    /// The tasks that must have run before components can.
    fn first_tasks(&mut self) {
        if database(self.deployment, self.part).is_ok_and(|found| found.is_some()) {
            let title = "make the product's own user of the database";
            let action = AwsAction::RunTask {
                task: DATABASE_USER.to_owned(),
                within: USER_WITHIN,
            };
            let undo = Undo::Stays("the user is made once".to_owned());
            self.push(("database", "user"), title, action, undo, &[]);
            self.steps.after_all();
        }
        // The product was not in use, and migrations can be repeated: the schema stays.
        self.migrate(Undo::Stays("nobody has used the schema".to_owned()));
    }

    /// Runs the migration of the part, where it has one.
    fn migrate(&mut self, undo: Undo) {
        let Some(migration) = &self.part.migration else {
            return;
        };
        let title = format!("migrate the database to {}", self.deployment.version);
        let action = AwsAction::RunTask {
            task: MIGRATION.to_owned(),
            within: migration.within + ARRIVAL,
        };
        self.push(("database", "migrate"), title, action, undo, &[]);
        self.steps.after_all();
    }

    /// Moves services to their revisions, and starts those that are stopped.
    fn roll_out(&mut self) {
        let applies = self
            .steps
            .iter()
            .any(|step| step.id == self.steps.id(APPLICATION, "apply"));
        let services: BTreeMap<String, ServiceMove> = self
            .part
            .components
            .iter()
            .filter(|component| {
                let seen = self.observed.services.get(&component.name);
                applies
                    || seen.is_none_or(|seen| !seen.in_line || !seen.settled || self.must_start(component))
            })
            .map(|component| (dashed(&component.name), self.service_move(component)))
            .collect();
        if services.is_empty() {
            return;
        }
        let names: Vec<&str> = services.keys().map(String::as_str).collect();
        let title = format!(
            "roll out {} {}: {}",
            self.deployment.title,
            self.deployment.version,
            names.join(", ")
        );
        let is_new = services.values().all(|service| service.from.is_none());
        let undo = match is_new {
            true => Undo::Stays("the next `landfall up` goes on with the services".to_owned()),
            false => Undo::Revert("move every service back to the revision that it ran".to_owned()),
        };
        let within = self.part.components.iter().map(within).max().unwrap_or(60) + ARRIVAL;
        let action = AwsAction::RollOut { services, within };
        self.push(("services", "roll"), title, action, undo, &[]);
        self.steps.after_all();
    }

    fn must_start(&self, component: &ResolvedComponent) -> bool {
        let seen = self.observed.services.get(&component.name);
        component.scaling.min > 0 && seen.is_none_or(|seen| seen.stopped)
    }

    fn service_move(&self, component: &ResolvedComponent) -> ServiceMove {
        let seen = self.observed.services.get(&component.name);
        ServiceMove {
            from: seen.and_then(|seen| seen.definition.clone()),
            stopped: seen.is_none_or(|seen| seen.stopped),
            tasks: tasks(component),
            digests: digests(component),
        }
    }

    /// Looks at everything that runs.
    fn verify(&mut self) {
        if self.steps.is_empty() {
            return;
        }
        let services = self.part.components.iter();
        let services = services.map(|component| (dashed(&component.name), digests(component)));
        let action = AwsAction::Verify {
            services: services.collect(),
        };
        let title = format!("verify that what runs is {} as planned", self.deployment.version);
        let undo = Undo::Nothing("looking changes nothing".to_owned());
        self.push(("services", "verify"), title, action, undo, &[]);
        self.steps.after_all();
    }
}

/// Says how many tasks a component is to have at least.
fn tasks(component: &ResolvedComponent) -> u16 {
    component.scaling.min.try_into().unwrap_or(u16::MAX)
}

/// Lists the digests that a component's image may have: that of its index, and of the images in it.
fn digests(component: &ResolvedComponent) -> BTreeSet<Digest> {
    let image = &component.image;
    image.platforms.values().chain([&image.digest]).copied().collect()
}
