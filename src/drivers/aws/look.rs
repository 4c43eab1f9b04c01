//! Looking at the account: the one place of this driver that reads it before a run.

use std::collections::BTreeMap;

use super::account::Account;
use super::changes::Planned;
use super::error::AccountError;
use super::folder::{RECORD, layers};
use super::hold::PATIENCE;
use super::layers::Terms;
use super::observe::{Observed, ObservedLayer, ObservedService};
use super::perform::Application;
use super::place::{APPLICATION, BOOTSTRAP, DATA, FOUNDATION, State, dashed};
use super::secrets::origins;
use crate::aws::ServiceName;
use crate::deployment::{Deployment, Part};
use crate::drivers::World;
use crate::render::Artifacts;
use crate::secret::Secret;

/// Looks at everything that a plan for this part depends on: lets Terraform plan each layer, and asks ECS what runs.
///
/// # Errors
/// [`AccountError`] when Terraform cannot plan, or AWS cannot be asked; what is not there is data.
pub async fn look(
    world: &World,
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    installed: Option<&str>,
) -> Result<Observed, AccountError> {
    let account = Account::connect(world, deployment, part).await?;
    account.occupy(Some(PATIENCE), &mut |_| ()).await?;
    account.folder.lay_out(artifacts)?;
    let terraform = account.terraform(FOUNDATION);
    let version = terraform.version(&account.cancel).await;
    let version = version.map_err(AccountError::tool("ask terraform for its version"))?;
    let looker = Looker {
        world,
        deployment,
        part,
        account,
        of: artifacts.digest().to_string(),
    };
    let (layers, cluster) = looker.layers(artifacts).await?;
    let services = match cluster {
        Some(cluster) => looker.services(&cluster).await?,
        None => BTreeMap::new(),
    };
    Ok(Observed {
        installed: installed.map(str::to_owned),
        tools: BTreeMap::from([("terraform".to_owned(), version.to_string())]),
        layers,
        services,
    })
}

struct Looker<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    part: &'a Part,
    account: Account,
    /// The digest of what is rendered.
    of: String,
}

impl Looker<'_> {
    /// Plans every layer, from the bottom to the top.
    async fn layers(
        &self,
        artifacts: &Artifacts,
    ) -> Result<(BTreeMap<String, ObservedLayer>, Option<Application>), AccountError> {
        let mut seen = BTreeMap::new();
        let mut stands_on = Vec::new();
        let mut cluster = None;
        let prepared = layers(artifacts)
            .into_iter()
            .filter(|layer| self.is_looked_at(layer));
        let prepared: Vec<&str> = prepared.collect();
        let has_state = prepared.iter().map(|layer| self.account.prepare(layer));
        // Each only fetches its own providers.
        let has_state = futures_util::future::try_join_all(has_state).await?;
        for (layer, has_state) in prepared.into_iter().zip(has_state) {
            let is_preview = !has_state || stands_on.contains(&layer);
            let planned = self.layer(layer, is_preview).await?;
            self.account.hand_on(layer, &planned.outputs)?;
            let handed = super::folder::HANDED.iter();
            let unknown = handed
                .filter(|(from, output, _)| *from == layer && planned.unknown.iter().any(|it| it == output));
            stands_on.extend(unknown.map(|(.., to)| *to));
            if layer == APPLICATION && planned.resources > 0 {
                cluster = Application::of(&planned.outputs);
            }
            let observed = ObservedLayer {
                resources: planned.resources,
                is_unfinished: self.account.folder.layer(layer).join(RECORD).is_file(),
                change: planned.change,
            };
            seen.insert(layer.to_owned(), observed);
        }
        Ok((seen, cluster))
    }

    /// Says whether a layer is this installation's to look at here: a bucket of states that somebody else made is.
    fn is_looked_at(&self, layer: &str) -> bool {
        layer != BOOTSTRAP || self.account.place.options.state == State::S3
    }

    async fn layer(&self, layer: &str, is_preview: bool) -> Result<Planned, AccountError> {
        let folder = self.account.folder.layer(layer);
        if let Some(held) = self.account.roots.get(&folder)
            && held.of == self.of
        {
            // Terraform refuses the plan that lies there when the state has gone on since.
            return Ok(held.planned);
        }
        let terms = self.terms(layer, is_preview).await?;
        // What a run wanted to take over may be gone or renamed by now; the next one looks for itself.
        self.account.folder.adopt(layer, &BTreeMap::new())?;
        let mut planned = self.account.plan(layer, &terms).await?;
        if is_preview {
            planned.change = planned.change.into_preview();
        }
        self.account.hold(layer, self.of.clone(), planned.clone());
        Ok(planned)
    }

    /// With what a layer is planned; its secrets have names alone.
    async fn terms(&self, layer: &str, is_preview: bool) -> Result<Terms, AccountError> {
        let mut terms = Terms::default();
        if ![DATA, APPLICATION].contains(&layer) {
            return Ok(terms);
        }
        let origins = origins(self.deployment, self.part)?;
        if !is_preview {
            let stored = self.account.stored().await?;
            terms.revisions = self.account.revisions(self.world, &stored, &origins).await?;
        }
        terms.values = origins.into_keys().map(|name| (name, Secret::new("-"))).collect();
        Ok(terms)
    }

    async fn services(
        &self,
        cluster: &Application,
    ) -> Result<BTreeMap<String, ObservedService>, AccountError> {
        let mut seen = BTreeMap::new();
        for component in &self.part.components {
            let service = dashed(&component.name);
            let name = ServiceName {
                cluster: cluster.cluster.clone(),
                service: service.clone(),
            };
            let aws = &self.account.aws;
            let observed = match aws.observe_service(&name, 0, &self.account.cancel).await? {
                None => ObservedService::default(),
                Some(found) => {
                    let wanted = cluster.services.get(&service);
                    let in_line = match wanted {
                        None => false,
                        Some(wanted) => {
                            let both = (found.definition.as_str(), wanted.as_str());
                            aws.is_same_definition(both, &self.account.cancel).await?
                        }
                    };
                    ObservedService {
                        in_line,
                        stopped: found.desired == 0,
                        settled: found.rollout.is_some_and(|rollout| rollout.state == "COMPLETED"),
                        definition: Some(found.definition),
                    }
                }
            };
            seen.insert(component.name.clone(), observed);
        }
        Ok(seen)
    }
}

/// Turns what is seen now into what will be seen after the stage before: what Terraform said of a later stage counts by
/// its addresses alone.
pub fn after(mut seen: Observed, earlier: &Deployment) -> Observed {
    seen.installed = Some(earlier.version.to_string());
    let changed = seen
        .layers
        .values_mut()
        .filter(|layer| !layer.change.is_nothing());
    for layer in changed {
        layer.change = std::mem::take(&mut layer.change).into_preview();
    }
    for service in seen.services.values_mut() {
        service.in_line = false;
        service.stopped = false;
        service.settled = true;
    }
    seen
}
