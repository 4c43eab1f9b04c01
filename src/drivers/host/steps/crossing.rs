//! From one release to another: users are kept out, data is saved, and traffic is let in last.
//!
//! Several releases on the way are several stages of one plan. Each is brought up and verified; users see the last
//! alone. What can be brought here beforehand is brought before users are kept out.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::super::layout::Layout;
use super::super::lifecycle::units;
use super::super::observe::Observed;
use super::super::render::{PROXY, has_routes};
use super::Up;
use super::running::{checks, health_urls};
use crate::deployment::{Deployment, Part};
use crate::drivers::{Crossing, DataMove, Saved};
use crate::plan::{Action, Step, StepId, Undo};
use crate::product::ServiceKind;
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
    steps.baseline()?;
    if let Some(baseline) = before.first() {
        steps.steps.gate = Some(baseline.id.clone());
    }
    steps.foundation();
    // Of the first stage, all waits until users are kept out; of a later one, until the one before is verified.
    match before.last() {
        None => steps.close(),
        Some(last) => {
            steps.steps.gate = Some(last.id.clone());
            let early: Vec<StepId> = steps.steps.iter().map(|step| step.id.clone()).collect();
            let closes = |step: &&mut Step| matches!(step.action, Action::CloseTraffic { .. });
            if let Some(close) = before.iter_mut().find(closes) {
                close.needs.extend(early);
            }
        }
    }
    steps.stops();
    steps.retire();
    steps.secrets();
    steps.files();
    steps.databases();
    steps.data();
    steps.switch();
    steps.starts();
    steps.verify(None);
    steps.open();
    before.append(&mut steps.steps);
    Ok(())
}

impl Up<'_> {
    /// Notes first what serves now, so that it is looked at last when everything was taken back.
    fn baseline(&mut self) -> Result<(), RenderError> {
        let Some(crossing) = self.crossing.filter(|crossing| crossing.first) else {
            return Ok(());
        };
        let Some(part) = crossing.from.parts.get(&self.part.name) else {
            return Ok(());
        };
        let version = crossing.from.version.clone();
        let layout = Layout::of(part, &crossing.from.name, version.as_str())?;
        let probes = part.components.iter().map(health_urls);
        let within = probes.clone().map(|(_, _, within)| within).max().unwrap_or(60);
        let action = Action::Baseline {
            version: version.clone(),
            checks: checks(&layout, part),
            urls: probes.flat_map(|(urls, _, _)| urls).collect(),
            within,
        };
        let undo = Undo::Revert(format!("wait until {version} serves again"));
        let title = format!("note how {version} runs");
        self.push(("release", "baseline"), title, action, undo, &[]);
        self.steps.gate = self.steps.last().map(|step| step.id.clone());
        Ok(())
    }

    fn close(&mut self) {
        if !has_routes(self.part) {
            return;
        }
        let ready: BTreeSet<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();
        let action = Action::CloseTraffic {
            file: self.layout.closed(),
            reason: format!("{} is being upgraded", self.deployment.title),
        };
        let undo = Undo::Revert("let users in again".to_owned());
        self.push(("traffic", "close"), "keep users out", action, undo, &[]);
        if let Some(close) = self.steps.last_mut() {
            close.needs.extend(ready);
            self.steps.gate = Some(close.id.clone());
        }
    }

    /// Stops and removes the units of what the release no longer has.
    fn retire(&mut self) {
        let Some((crossing, part)) = self
            .crossing
            .and_then(|crossing| Some((crossing, crossing.from.parts.get(&self.part.name)?)))
        else {
            return;
        };
        let stay = units(self.deployment, self.part);
        let gone: Vec<String> = units(crossing.from, part)
            .into_iter()
            .filter(|subject| !stay.contains(subject) && subject != PROXY)
            .collect();
        for subject in gone {
            let unit = self.layout.unit(&subject);
            let undo = Undo::Revert(format!("start {unit} again"));
            let title = format!("stop {unit}, which this release has no longer");
            let action = Action::StopUnit { unit: unit.clone() };
            self.push((&subject, "stop"), title, action, undo, &[]);
            let undo = Undo::Revert(format!("install {unit} again"));
            let action = Action::RemoveUnits {
                units: vec![unit.clone()],
            };
            let needs = [(subject.as_str(), "stop")];
            self.push(
                (&subject, "remove"),
                format!("remove {unit}"),
                action,
                undo,
                &needs,
            );
        }
    }

    fn data(&mut self) {
        let Some(crossing) = self.crossing else {
            return;
        };
        match crossing.data {
            DataMove::Keep => {}
            DataMove::Migrate { or_keep } => {
                // Without a migration of its own, the new version changes the schema when it starts.
                let restores = self.part.migration.is_none();
                let (saved, whole) = self.save(crossing.from, restores.then_some(or_keep));
                if !restores {
                    self.migrate_saved(saved, whole, or_keep.clone());
                }
            }
            DataMove::PutBack(saved) => self.put_back(saved),
        }
    }

    /// Saves every database that the migration can reach, where Landfall knows how.
    ///
    /// Says also whether these are all. With `restore`, taking the step back puts the database back.
    fn save(
        &mut self,
        from: &Deployment,
        restore: Option<&Option<String>>,
    ) -> (BTreeMap<String, Utf8PathBuf>, bool) {
        let (mut saved, mut whole) = (BTreeMap::new(), true);
        let migrates = self.part.migration.as_ref().map(|migration| &migration.component);
        let needs: BTreeSet<&String> = self
            .part
            .components
            .iter()
            .filter(|component| migrates.is_none_or(|name| component.name == *name))
            .flat_map(|component| &component.needs)
            .collect();
        let folder = format!("{}-to-{}", from.version, self.deployment.version);
        for name in needs {
            let service = self.deployment.services.get(name);
            let Some(service) = service.filter(|service| service.kind == ServiceKind::Sql) else {
                continue;
            };
            if !service.is_postgresql() {
                whole = false;
                continue;
            }
            let to = self.layout.snapshot(&folder, name);
            let action = Action::SaveDatabase {
                service: name.clone(),
                to: to.clone(),
                bytes: self.observed.sizes.get(name).copied().unwrap_or_default(),
            };
            let undo = match restore {
                Some(or_keep) => Undo::Restore {
                    how: "restore the database as it was saved here".to_owned(),
                    or_keep: or_keep.clone(),
                },
                None => Undo::Nothing("what was saved stays until `landfall prune`".to_owned()),
            };
            let title = format!("save the {} to {to}", service.title);
            let needs = [
                (name.as_str(), "wait"),
                (name.as_str(), "create"),
                ("secrets", "write"),
            ];
            self.push((name, "save"), title, action, undo, &needs);
            self.also_after_stops();
            saved.insert(name.clone(), to);
        }
        (saved, whole)
    }

    fn put_back(&mut self, all: &BTreeMap<String, Saved>) {
        // The part that migrates is the one that puts back; of several, the others only use the data.
        if self.part.migration.is_none() && self.deployment.parts.len() > 1 {
            return;
        }
        for (name, saved) in all {
            let Saved::File(from) = saved else { continue };
            let before = self.layout.snapshot("before-rollback", name);
            let action = Action::RestoreDatabase {
                service: name.clone(),
                from: from.clone(),
                before: Some(before),
                bytes: self.observed.sizes.get(name).copied().unwrap_or_default(),
            };
            let undo = Undo::Restore {
                how: "put back what was there just before".to_owned(),
                or_keep: None,
            };
            let title =
                format!("put `{name}` back as it was saved in {from}; WHAT WAS WRITTEN SINCE IS LOST");
            self.push((name, "restore"), title, action, undo, &[(name, "wait")]);
            self.also_after_stops();
        }
    }

    /// Lets users in, last of all.
    fn open(&mut self) {
        let Some(crossing) = self.crossing else {
            return;
        };
        let Some(url) = self.public_url() else {
            // Nothing of ours stands between users and the components: each takes traffic as soon as it runs.
            let components: Vec<String> = self
                .part
                .components
                .iter()
                .map(|component| self.layout.unit(&component.name))
                .collect();
            let starts = |step: &&mut Step| match &step.action {
                Action::StartUnit { unit, .. } => components.contains(unit),
                _ => false,
            };
            for step in self.steps.iter_mut().filter(starts) {
                step.opens = true;
            }
            return;
        };
        if !crossing.last {
            return;
        }
        self.start_proxy();
        let options = &self.layout.options;
        let action = Action::WaitListening {
            unit: self.layout.unit(PROXY),
            address: format!("{}:{}", options.address, options.port),
            within: 10,
        };
        let nothing = || Undo::Nothing("waiting changes nothing".to_owned());
        let needs = [(PROXY, "start"), ("release", "verify")];
        self.push(
            (PROXY, "wait"),
            "wait until the proxy listens",
            action,
            nothing(),
            &needs,
        );
        let action = Action::OpenTraffic {
            file: self.layout.closed(),
        };
        let undo = Undo::Revert("keep users out again".to_owned());
        self.push(
            ("traffic", "open"),
            "let users in",
            action,
            undo,
            &[(PROXY, "wait")],
        );
        if let Some(step) = self.steps.last_mut() {
            step.opens = true;
        }
        let action = Action::WaitHealthy {
            component: PROXY.to_owned(),
            urls: vec![url],
            every: 1,
            within: 10,
        };
        let needs = [("traffic", "open")];
        self.push(
            ("traffic", "verify"),
            "verify that users are answered",
            action,
            nothing(),
            &needs,
        );
    }
}
