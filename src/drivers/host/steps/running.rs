//! What runs: stopping what changes, switching the release, starting, health, the last look.

use std::collections::BTreeSet;

use super::super::layout::Layout;
use super::super::render::{PROXY, has_routes};
use super::Up;
use super::places::{handed, probe_url, stamp};
use crate::deployment::{Part, ResolvedComponent};
use crate::drivers::Likeness;
use crate::plan::{Action, Check, Handed, StepId, Undo};
use crate::product::Probe;

impl Up<'_> {
    /// Says whether a unit must be started or restarted.
    pub(super) fn stale(&self, subject: &str, secrets: &[&str]) -> bool {
        let Some(unit) = self.observed.units.get(subject) else {
            return true;
        };
        let differs = |name: &&str| {
            self.observed.secrets.get(*name) == Some(&Likeness::Different) && !self.is_handed(subject, name)
        };
        let handed = handed(self.part);
        let handed = handed
            .iter()
            .filter(|file| file.component == subject)
            .any(|file| !self.copied(file));
        !unit.running
            || handed
            || self.overwritten(subject)
            || unit.stamp != Some(stamp(&self.layout, self.part, self.artifacts, subject))
            || secrets.iter().any(differs)
    }

    /// Says whether a file that the customer hands in is in its place.
    pub(super) fn copied(&self, file: &Handed) -> bool {
        self.observed.handed.get(file.to.as_str()) == Some(&Likeness::Same)
    }

    pub(super) fn running(&self, subject: &str) -> bool {
        self.observed.units.get(subject).is_some_and(|unit| unit.running)
    }

    /// Says whether a unit comes back by itself although it does not run now.
    fn restless(&self, subject: &str) -> bool {
        self.observed.units.get(subject).is_some_and(|unit| unit.restless)
    }

    pub(super) fn secrets_of(component: &ResolvedComponent) -> Vec<&str> {
        let texts = component
            .environment
            .values()
            .chain(component.files.values().map(|file| &file.content));
        texts.flat_map(crate::deployment::Bound::secrets).collect()
    }

    /// Lists the units to start, in order: databases, components, proxy.
    pub(super) fn stale_units(&self) -> Vec<String> {
        let mut stale: Vec<String> = self
            .databases_here()
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| self.stale(name, &[]))
            .collect();
        let components = self.part.components.iter();
        stale.extend(
            components
                .filter(|component| self.stale(&component.name, &Self::secrets_of(component)))
                .map(|component| component.name.clone()),
        );
        if has_routes(self.part) && self.stale(PROXY, &[]) {
            stale.push(PROXY.to_owned());
        }
        stale
    }

    pub(super) fn stops(&mut self) {
        let mut before: Vec<String> = Vec::new();
        let running: Vec<String> = self
            .stale_units()
            .into_iter()
            .rev()
            .filter(|subject| self.running(subject) || self.restless(subject))
            .collect();
        for subject in running {
            let unit = self.layout.unit(&subject);
            let needs: Vec<(&str, &str)> = before.iter().map(|other| (other.as_str(), "stop")).collect();
            let undo = Undo::Revert(format!("start {unit} again"));
            let title = format!("stop {unit}, which changes");
            self.push((&subject, "stop"), title, Action::StopUnit { unit }, undo, &needs);
            before.push(subject);
        }
    }

    pub(super) fn start(&mut self, subject: &str, needs: &[(&str, &str)]) {
        let unit = self.layout.unit(subject);
        let stamp = stamp(&self.layout, self.part, self.artifacts, subject);
        let mut needs = needs.to_vec();
        needs.extend([("units", "install"), ("supervisor", "start"), (subject, "stop")]);
        let undo = Undo::Revert(format!("stop {unit}"));
        self.push(
            (subject, "start"),
            format!("start {unit}"),
            Action::StartUnit { unit, stamp },
            undo,
            &needs,
        );
    }

    pub(super) fn switch(&mut self) {
        if self.observed.current.as_deref() == Some(self.deployment.version.as_str()) {
            return;
        }
        let action = Action::SwitchRelease {
            link: self.layout.current(),
            to: self.layout.release(),
        };
        let undo = Undo::Revert("lead back to the release before".to_owned());
        let title = format!("make {} the current release", self.deployment.version);
        let names: Vec<String> = self
            .part
            .components
            .iter()
            .map(|component| component.name.clone())
            .collect();
        let mut needs = vec![
            ("config", "write"),
            ("handed", "copy"),
            ("database", "migrate"),
            ("host", "prepare"),
        ];
        needs.extend(names.iter().map(|name| (name.as_str(), "unpack")));
        self.push(("release", "switch"), title, action, undo, &needs);
        self.also_after_stops();
    }

    pub(super) fn starts(&mut self) {
        let part = self.part;
        for component in &part.components {
            if !self.stale(&component.name, &Self::secrets_of(component)) {
                continue;
            }
            let databases = self.databases_here();
            let mut needs = vec![
                ("release", "switch"),
                ("config", "write"),
                ("secrets", "write"),
                ("database", "migrate"),
                (component.name.as_str(), "unpack"),
            ];
            needs.extend(component.after.iter().map(|other| (other.as_str(), "health")));
            needs.extend(
                databases
                    .iter()
                    .flat_map(|(name, _)| [(name.as_str(), "create"), (name.as_str(), "wait")]),
            );
            self.start(&component.name, &needs);
            self.health(component);
        }
    }

    /// Lets users in whom something has left out.
    pub(super) fn let_in(&mut self) {
        if !self.observed.closed {
            return;
        }
        let action = Action::OpenTraffic {
            file: self.layout.closed(),
        };
        let undo = Undo::Revert("keep users out again".to_owned());
        let title = "let users in, who were kept out";
        self.push(("traffic", "open"), title, action, undo, &[(PROXY, "start")]);
        if let Some((open, earlier)) = self.steps.split_last_mut() {
            open.needs.extend(earlier.iter().map(|step| step.id.clone()));
        }
    }

    pub(super) fn start_proxy(&mut self) {
        if !has_routes(self.part) || !self.stale(PROXY, &[]) {
            return;
        }
        let part = self.part;
        let healths: Vec<(&str, &str)> = part
            .components
            .iter()
            .map(|component| (component.name.as_str(), "health"))
            .collect();
        let mut needs = vec![
            ("release", "switch"),
            ("config", "write"),
            ("tool", "install"),
            ("release", "verify"),
        ];
        needs.extend(healths);
        self.start(PROXY, &needs);
    }

    pub(super) fn health(&mut self, component: &ResolvedComponent) {
        let (urls, every, within) = health_urls(component);
        if urls.is_empty() {
            return;
        }
        let action = Action::WaitHealthy {
            component: component.name.clone(),
            urls,
            every,
            within,
        };
        let undo = Undo::Nothing("waiting changes nothing".to_owned());
        let title = format!("wait until {} is healthy", component.title);
        self.push(
            (&component.name, "health"),
            title,
            action,
            undo,
            &[(&component.name, "start")],
        );
    }

    /// Looks at everything that runs; `url` is where users would look.
    pub(super) fn verify(&mut self, url: Option<String>) {
        if self.steps.is_empty() {
            return;
        }
        let checks = checks(&self.layout, self.part);
        let undo = Undo::Nothing("looking changes nothing".to_owned());
        let title = format!("verify that what runs is {} as planned", self.deployment.version);
        self.push(
            ("release", "verify"),
            title,
            Action::Verify { checks, url },
            undo,
            &[],
        );
        let all: BTreeSet<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();
        if let Some(step) = self.steps.last_mut() {
            step.needs.extend(all);
            step.needs.remove(&step.id);
        }
    }

    /// Builds the URL under which users reach the part on this machine.
    pub(super) fn public_url(&self) -> Option<String> {
        has_routes(self.part).then(|| {
            let options = &self.layout.options;
            let scheme = if options.tls_certificate.is_some() {
                "https"
            } else {
                "http"
            };
            format!("{scheme}://{}:{}/", options.address, options.port)
        })
    }
}

/// Says what must be true of every component of a part when it runs.
pub(super) fn checks(layout: &Layout, part: &Part) -> Vec<Check> {
    let check = |component: &ResolvedComponent| Check {
        component: component.name.clone(),
        image: layout.image(&component.name),
        digest: component.image.digest,
        version_url: component
            .version
            .as_ref()
            .and_then(|probe| probe_url(component, probe)),
        version: layout.version.clone(),
        unit: Some(layout.unit(&component.name)),
    };
    part.components.iter().map(check).collect()
}

/// Lists the URLs that answer 2xx when a component works, with the seconds between two tries and until it has failed.
pub(super) fn health_urls(component: &ResolvedComponent) -> (Vec<String>, u32, u32) {
    let health = &component.health;
    let ready = health.readiness.as_ref().or(health.liveness.as_ref());
    let probes: Vec<&Probe> = health.startup.iter().chain(ready).collect();
    let urls = probes
        .iter()
        .filter_map(|probe| probe_url(component, probe))
        .collect();
    let every = probes.iter().map(|probe| probe.every).min().unwrap_or(5);
    let within = probes.iter().map(|probe| probe.within).max().unwrap_or(60);
    (urls, every, within)
}
