//! Licenses that are handed to what runs, instead of restarting it. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::super::observe::Observed;
use super::super::render::secret_key;
use super::super::secrets::Files;
use super::{Up, within};
use crate::deployment::{Deployment, Part, SecretForm};
use crate::drivers::license::reloads;
use crate::drivers::{DriverError, Likeness};
use crate::plan::{LicenseReload, Step};
use crate::render::Artifacts;

/// Plans putting new licenses in force, and nothing else.
///
/// # Errors
/// [`DriverError::NotRunning`] when what takes a new license is not asked to run; [`DriverError::Render`] when an option
/// is not usable.
pub fn rotate(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Vec<Step>, DriverError> {
    let seen = only_licenses(deployment, observed);
    let mut steps = Up::new((deployment, part), artifacts, &seen)?;
    steps.hands_licenses = true;
    let changed: BTreeMap<_, _> = deployment
        .licenses()
        .filter(|(.., token)| steps.differs_in_store(token))
        .filter_map(|(.., token)| Some((token.to_owned(), deployment.secrets.get(token)?.clone())))
        .collect();
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    for reload in reloads(deployment, part)
        .iter()
        .filter(|it| changed.contains_key(&it.secret))
    {
        if !steps.is_wanted(&reload.component) {
            return Err(DriverError::NotRunning {
                component: reload.component.clone(),
            });
        }
    }
    steps.hold_licenses();
    steps.hold_restarted();
    steps.write_secrets(changed, true);
    let files = Files {
        rendered: steps.files_with_a_new_secret(),
        ..Files::default()
    };
    if !files.is_empty() {
        steps.write_files(files, true);
    }
    steps.reload_licenses();
    if steps.restart() {
        steps.wait_for_components();
    }
    Ok(steps.steps.into_vec())
}

/// Sees everything as it should be but for licenses: the rest that differs is for `up`.
fn only_licenses(deployment: &Deployment, observed: &Observed) -> Observed {
    let keys: BTreeSet<String> = deployment
        .licenses()
        .flat_map(|(.., token)| [SecretForm::Value, SecretForm::Url].map(|form| secret_key(form, token)))
        .collect();
    let mut seen = observed.clone();
    for (_, likeness) in seen.secrets.iter_mut().filter(|(key, _)| !keys.contains(*key)) {
        *likeness = Likeness::Same;
    }
    for likeness in seen.files.values_mut() {
        *likeness = Likeness::Same;
    }
    seen
}

impl Up<'_> {
    /// Says whether a secret is not there, or differs from where it comes from.
    fn differs_in_store(&self, secret: &str) -> bool {
        [SecretForm::Value, SecretForm::Url]
            .into_iter()
            .filter_map(|form| self.observed.secrets.get(&secret_key(form, secret)))
            .any(|likeness| *likeness != Likeness::Same)
    }

    fn is_wanted(&self, component: &str) -> bool {
        let seen = self.observed.workloads.get(component);
        seen.is_some_and(|seen| seen.installed && seen.wanted)
    }

    /// Lists the licenses that change under components that go on running.
    fn handed_licenses(&self) -> Vec<LicenseReload> {
        if !self.hands_licenses {
            return Vec::new();
        }
        reloads(self.deployment, self.part)
            .into_iter()
            .filter(|reload| self.differs_in_store(&reload.secret) && self.is_wanted(&reload.component))
            .map(|reload| {
                let mut components = self.part.components.iter();
                let component = components.find(|component| component.name == reload.component);
                let within = component.map_or(reload.within, within) + super::ARRIVAL;
                LicenseReload { within, ..reload }
            })
            .collect()
    }

    /// Says whether a component is handed what an entry of the Secret holds, so that it need not be restarted for it.
    pub(super) fn is_handed(&self, component: &str, key: &str) -> bool {
        self.handed_licenses()
            .iter()
            .filter(|reload| reload.component == component)
            .any(|reload| {
                [SecretForm::Value, SecretForm::Url]
                    .into_iter()
                    .any(|form| secret_key(form, &reload.secret) == key)
            })
    }

    /// Comes before the Secret changes, to hand the old license back once it is there again.
    pub(super) fn hold_licenses(&mut self) {
        for reload in self.handed_licenses() {
            self.steps.hold_license(reload, "every pod of ");
        }
    }

    pub(super) fn reload_licenses(&mut self) {
        for reload in self.handed_licenses() {
            let needs = [("secrets", "write"), ("files", "write")];
            self.steps.reload_license(reload, ("every pod of ", "go"), &needs);
        }
    }
}
