//! The steps of one part, named and put in order alike on every target.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use crate::deployment::{Deployment, Part, ResolvedComponent};
use crate::plan::{Action, LicenseReload, Step, StepId, Undo};

/// The steps of one part, in the order in which they were added.
pub(super) struct Steps<'a> {
    deployment: &'a Deployment,
    part: &'a Part,
    /// Whether the plan goes on to another release.
    pub(super) on_the_way: bool,
    /// The step that everything waits for that is added from now on.
    pub(super) gate: Option<StepId>,
    list: Vec<Step>,
}

impl<'a> Steps<'a> {
    /// Begins with none.
    pub(super) fn of(deployment: &'a Deployment, part: &'a Part) -> Self {
        Self {
            deployment,
            part,
            on_the_way: false,
            gate: None,
            list: Vec::new(),
        }
    }

    /// Names a step by what it is about and what it does.
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

    /// Adds a step, which waits for those of its needs that are planned: the others are fulfilled.
    pub(super) fn add(
        &mut self,
        (subject, verb): (&str, &str),
        title: impl Into<String>,
        action: impl Into<Action>,
        undo: Undo,
        needs: &[(&str, &str)],
    ) {
        let planned: BTreeSet<&StepId> = self.list.iter().map(|step| &step.id).collect();
        let needs = needs
            .iter()
            .map(|(subject, verb)| self.id(subject, verb))
            .filter(|id| planned.contains(id))
            .chain(self.gate.clone())
            .collect();
        self.list.push(Step {
            id: self.id(subject, verb),
            title: title.into(),
            part: self.part.name.clone(),
            stage: self.on_the_way.then(|| self.deployment.version.clone()),
            opens: false,
            action: action.into(),
            undo,
            needs,
        });
    }

    /// Makes the last step need all before it.
    pub(super) fn after_all(&mut self) {
        if let Some((last, earlier)) = self.list.split_last_mut() {
            last.needs.extend(earlier.iter().map(|step| step.id.clone()));
        }
    }

    /// Adds what hands the old license back to a component, `each` instance of it, when the store has it again.
    pub(super) fn hold_license(&mut self, reload: LicenseReload, each: &str) {
        let (service, component) = (reload.service.clone(), &reload.component);
        let title = format!("hold the license of {component} until the new one is taken");
        let undo = Undo::Revert(format!("hand the license of before to {each}{component} again"));
        let action = Action::HoldLicense { reload };
        self.add((&service, "hold"), title, action, undo, &[]);
    }

    /// Adds what hands the new license to a component, `each` instance of it, which `goes` on running.
    pub(super) fn reload_license(
        &mut self,
        reload: LicenseReload,
        (each, goes): (&str, &str),
        needs: &[(&str, &str)],
    ) {
        let (service, component) = (reload.service.clone(), &reload.component);
        let title = format!("hand the new license to {each}{component}, which {goes} on running");
        let undo = Undo::Nothing("the license that is put back is handed over again".to_owned());
        let action = Action::ReloadLicense { reload };
        self.add((&service, "reload"), title, action, undo, needs);
    }

    /// Hands the steps over.
    pub(super) fn into_vec(self) -> Vec<Step> {
        self.list
    }
}

impl Deref for Steps<'_> {
    type Target = Vec<Step>;

    fn deref(&self) -> &Self::Target {
        &self.list
    }
}

impl DerefMut for Steps<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.list
    }
}

/// Says how long a component may take to become healthy, in seconds.
pub(super) fn within(component: &ResolvedComponent) -> u32 {
    let probes = component.health.startup.iter().chain(&component.health.readiness);
    probes.map(|probe| probe.within).sum::<u32>().max(10)
}
