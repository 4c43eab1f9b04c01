//! A rehearsal: a release brought up beside what runs, on a copy of its data.

use super::super::layout::Layout;
use super::super::observe::Observed;
use super::Up;
use crate::deployment::{Deployment, Part, SecretOrigin};
use crate::plan::{Action, Step, Undo};
use crate::render::{Artifacts, RenderError};

/// Plans bringing up the first release of a rehearsal on a copy of what an installation's databases hold.
///
/// The installation is only read. `on_the_way` says whether further releases follow.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn rehearse(
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    observed: &Observed,
    live: &Deployment,
    on_the_way: bool,
) -> Result<Vec<Step>, RenderError> {
    let mut steps = Up::new((deployment, part), artifacts, observed)?;
    steps.steps.on_the_way = on_the_way;
    steps.foundation();
    steps.take_secrets(live)?;
    steps.secrets();
    steps.files();
    steps.databases();
    steps.copies(live);
    steps.migration();
    steps.switch();
    steps.starts();
    steps.start_proxy();
    steps.verify(steps.public_url());
    Ok(steps.steps.into_vec())
}

impl Up<'_> {
    /// Takes over what the live installation has made: without its keys, its data may not be readable.
    fn take_secrets(&mut self, live: &Deployment) -> Result<(), RenderError> {
        let Some(part) = live.parts.get(&self.part.name) else {
            return Ok(());
        };
        let layout = Layout::of(part, &live.name, live.version.as_str())?;
        let made = |origin: &SecretOrigin| matches!(origin, SecretOrigin::Generated(_));
        let names: Vec<String> = self
            .deployment
            .secrets
            .iter()
            .filter(|(name, origin)| made(origin) && live.secrets.get(*name).is_some_and(made))
            .map(|(name, _)| name.clone())
            .collect();
        let action = Action::TakeSecrets {
            from: layout.secrets(),
            names,
        };
        let undo = Undo::Nothing("the copy is removed".to_owned());
        let title = "take over the secrets that the live installation has made";
        self.push(("secrets", "take"), title, action, undo, &[("host", "prepare")]);
        Ok(())
    }

    /// Copies every database that Landfall knows how to copy.
    fn copies(&mut self, live: &Deployment) {
        let here: Vec<String> = self.databases_here().into_iter().map(|(name, _)| name).collect();
        for name in here {
            let Some(service) = live.services.get(&name).filter(|service| service.is_postgresql()) else {
                continue;
            };
            let file = self.layout.snapshot("rehearsal", &name);
            let bytes = self.observed.sizes.get(&name).copied().unwrap_or_default();
            let action = Action::SaveDatabase {
                service: name.clone(),
                to: file.clone(),
                bytes,
            };
            let title = format!("copy the live {}, which stays in use", service.title);
            let nothing = || Undo::Nothing("the copy is removed".to_owned());
            self.push((&name, "save"), title, action, nothing(), &[("host", "prepare")]);
            if let Some(step) = self.steps.last_mut() {
                step.stage = Some(live.version.clone());
            }
            let action = Action::RestoreDatabase {
                service: name.clone(),
                from: file,
                before: None,
                bytes,
            };
            let needs = [
                (name.as_str(), "save"),
                (name.as_str(), "create"),
                (name.as_str(), "wait"),
            ];
            let title = format!("load the copy of the {}", service.title);
            self.push((&name, "restore"), title, action, nothing(), &needs);
        }
    }
}
