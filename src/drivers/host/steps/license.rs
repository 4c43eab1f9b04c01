//! Licenses that are handed to what runs, instead of restarting it. Pure.

use super::super::layout::Layout;
use super::super::observe::Observed;
use super::Up;
use super::places::{handed, stamp};
use crate::deployment::{Deployment, Part};
use crate::drivers::license::reloads;
use crate::drivers::{DriverError, Likeness};
use crate::plan::{Action, LicenseReload, Step, StepId};
use crate::render::Artifacts;

/// Plans putting new licenses in force, and nothing else.
///
/// # Errors
/// [`DriverError::NotRunning`] when what takes a new license does not run; [`DriverError::Render`] when an option is not
/// usable.
pub fn rotate(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Vec<Step>, DriverError> {
    let seen = only_licenses((deployment, part), artifacts, observed)?;
    let mut steps = Up {
        hands_licenses: true,
        ..Up::new((deployment, part), artifacts, &seen)?
    };
    steps.stops();
    steps.hold_licenses();
    steps.secrets();
    steps.files();
    steps.reload_licenses();
    steps.starts();
    Ok(steps.steps.into_vec())
}

/// Sees everything as it should be but for licenses and what reads them: the rest that differs is for `up`.
fn only_licenses(
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Observed, DriverError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let tokens: Vec<&str> = deployment.licenses().map(|(.., token)| token).collect();
    let mut seen = observed.clone();
    for (name, likeness) in &mut seen.secrets {
        if !tokens.contains(&name.as_str()) {
            *likeness = Likeness::Same;
        }
    }
    let differs = |token: &str| seen.secrets.get(token).is_some_and(|it| *it != Likeness::Same);
    let taken: Vec<LicenseReload> = reloads(deployment, part)
        .into_iter()
        .filter(|reload| differs(&reload.secret))
        .collect();
    let same = |path: String| (path, Likeness::Same);
    seen.files = artifacts.iter().map(|(path, _)| same(path.to_string())).collect();
    seen.handed = handed(part)
        .into_iter()
        .map(|file| same(file.to.into_string()))
        .collect();
    seen.supervisor = true;
    for (subject, unit) in &mut seen.units {
        let takes = taken.iter().any(|reload| reload.component == *subject);
        // One that ends and is started again and again may do so for want of a license.
        if takes && !unit.running && !unit.restless {
            return Err(DriverError::NotRunning {
                component: subject.clone(),
            });
        }
        unit.running = true;
        unit.stamp = Some(stamp(&layout, part, artifacts, subject));
    }
    Ok(seen)
}

impl Up<'_> {
    /// Says whether a component is handed a secret while it runs, so that it need not be restarted for it.
    pub(super) fn is_handed(&self, subject: &str, secret: &str) -> bool {
        self.hands_licenses
            && reloads(self.deployment, self.part)
                .iter()
                .any(|reload| reload.component == subject && reload.secret == secret)
    }

    /// Lists the licenses that change under a component that goes on running.
    fn handed_licenses(&self) -> Vec<LicenseReload> {
        let goes_on = |reload: &LicenseReload| {
            let mut components = self.part.components.iter();
            let component = components.find(|component| component.name == reload.component);
            component.is_some_and(|it| !self.stale(&it.name, &Self::secrets_of(it)))
        };
        reloads(self.deployment, self.part)
            .into_iter()
            .filter(|reload| self.hands_licenses && goes_on(reload))
            .filter(|reload| {
                let seen = self.observed.secrets.get(&reload.secret);
                seen.is_some_and(|likeness| *likeness != Likeness::Same)
            })
            .collect()
    }

    /// Comes before the store changes, to hand the old license back once it is there again.
    pub(super) fn hold_licenses(&mut self) {
        for reload in self.handed_licenses() {
            self.steps.hold_license(reload, "");
        }
    }

    pub(super) fn reload_licenses(&mut self) {
        for reload in self.handed_licenses() {
            let needs = [("secrets", "write"), ("config", "write")];
            self.steps.reload_license(reload, ("", "goes"), &needs);
        }
    }

    /// Names the steps that must come before the store changes.
    pub(super) fn holds(&self) -> Vec<StepId> {
        let holds = |step: &&Step| matches!(step.action, Action::HoldLicense { .. });
        self.steps
            .iter()
            .filter(holds)
            .map(|step| step.id.clone())
            .collect()
    }
}
