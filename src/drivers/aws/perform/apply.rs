//! Bringing a layer in line with its root module.

use serde_json::json;

use super::super::adoption::Adoption;
use super::super::changes::{Planned, is_approved, keeps_data};
use super::super::error::AccountError;
use super::super::folder::HANDED;
use super::super::layers::{Applied, Terms};
use super::super::place::{APPLICATION, BOOTSTRAP, DATA, MODULES};
use super::super::secrets::origins;
use super::super::work::left_alone;
use super::{Performer, Tell};
use crate::drivers::BEFORE;
use crate::plan::{LayerChange, LayerSettings};
use crate::render::Artifacts;
use crate::secret::Secret;

impl Performer<'_> {
    /// Applies a layer: the plan that was looked at and approved, or one that does nothing but what was.
    pub(super) async fn apply_layer(
        &self,
        layer: &str,
        change: Option<&LayerChange>,
        settings: &LayerSettings,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let account = &self.account;
        left_alone(&account.folder.layer(layer), &account.cancel, tell).await?;
        let adoption = account.stranded(layer).await?;
        let is_usual = *settings == LayerSettings::default();
        let held = account.roots.get(&account.folder.layer(layer)).filter(|held| {
            let approved = change.is_some_and(|change| held.planned.change == *change && !change.preview);
            let is_same = held.of == self.artifacts.digest().to_string();
            is_usual && approved && is_same && adoption.is_empty()
        });
        let more_is_approved = !is_usual || change.is_none();
        let approved = |planned: &Planned| {
            keeps_data(layer, &planned.change)?;
            is_approved(layer, &planned.change, change, more_is_approved)
        };
        if held.is_none() {
            self.lay_out(layer, self.artifacts).await?;
        }
        let planned = held.map(|held| held.planned);
        let terms = self.terms(layer, settings).await?;
        self.bring_in_line(layer, terms, (adoption, planned), &approved, tell)
            .await?;
        if layer == BOOTSTRAP {
            // Its state moves into the bucket that it has made.
            account.prepare(layer).await?;
        }
        self.hand_on(layer).await
    }

    /// Plans and applies a layer that is laid out, and takes over what is there of it already.
    ///
    /// Where there is a plan already, it lies in the layer's folder.
    async fn bring_in_line(
        &self,
        layer: &str,
        mut terms: Terms,
        (mut adoption, mut planned): (Adoption, Option<Planned>),
        approved: &(dyn Fn(&Planned) -> Result<(), AccountError> + Sync),
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let account = &self.account;
        let names = terms.values.clone();
        loop {
            let plan = match planned.take() {
                Some(planned) => planned,
                None => {
                    terms.values.clone_from(&names);
                    let planned = account.plan_with(layer, &terms, &mut adoption, tell).await?;
                    approved(&planned)?;
                    planned
                }
            };
            if plan.change.is_nothing() {
                return Ok(());
            }
            terms.values = self.values(layer, &terms).await?;
            match account.apply(layer, &terms, tell).await? {
                Applied::Done => return Ok(()),
                Applied::Stumbled { in_the_way, error } => {
                    if !adoption.stumbled(in_the_way, account.tagged(layer).await?) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Applies the application layer as it was: that of the release before, or this one without settings.
    pub(super) async fn apply_again(
        &self,
        layer: &str,
        before: bool,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let mut artifacts = self.artifacts.clone();
        if before {
            artifacts = artifacts.without(|path| path.starts_with(APPLICATION) || path.starts_with(MODULES));
            artifacts.extend(self.artifacts.below(BEFORE));
        }
        left_alone(&self.account.folder.layer(layer), &self.account.cancel, tell).await?;
        let adoption = self.account.stranded(layer).await?;
        self.lay_out(layer, &artifacts).await?;
        let terms = self.terms(layer, &LayerSettings::default()).await?;
        self.bring_in_line(layer, terms, (adoption, None), &|_| Ok(()), tell)
            .await
    }

    /// Puts the root module in place, with what the layers below give.
    pub(super) async fn lay_out(&self, layer: &str, artifacts: &Artifacts) -> Result<(), AccountError> {
        let account = &self.account;
        account.folder.lay_out(artifacts)?;
        if !account.prepare(layer).await? {
            return Err(AccountError::strange(format!(
                "the bucket of the states is not there, and the {layer} layer cannot be applied without it"
            )));
        }
        for (from, output, to) in HANDED {
            if to == layer && account.folder.layer(from).is_dir() && account.prepare(from).await? {
                let outputs = account.outputs(from).await?;
                let value = outputs.get(output).ok_or_else(|| {
                    AccountError::strange(format!(
                        "the {from} layer does not give `{output}`: it was not applied"
                    ))
                })?;
                account.folder.hand(from, to, value)?;
            }
        }
        Ok(())
    }

    /// With what a layer is planned: of secrets, their names.
    pub(super) async fn terms(&self, layer: &str, settings: &LayerSettings) -> Result<Terms, AccountError> {
        let mut terms = Terms {
            settings: settings.clone(),
            ..Terms::default()
        };
        if [DATA, APPLICATION].contains(&layer) {
            let origins = origins(self.deployment, self.part)?;
            let stored = self.account.stored().await?;
            let revisions = match layer {
                DATA => self.account.revisions(self.world, &stored, &origins).await?,
                // What the data layer has written by now.
                _ => stored.written(),
            };
            terms.revisions = revisions;
            terms.values = origins.into_keys().map(|name| (name, Secret::new("-"))).collect();
        }
        Ok(terms)
    }

    /// Returns the secrets that a layer writes.
    async fn values(
        &self,
        layer: &str,
        terms: &Terms,
    ) -> Result<std::collections::BTreeMap<String, Secret>, AccountError> {
        let account = &self.account;
        if ![DATA, APPLICATION].contains(&layer) {
            return Ok(Default::default());
        }
        let stored = account.stored().await?;
        if layer == DATA {
            let origins = origins(self.deployment, self.part)?;
            return account.new_values(self.world, (&stored, &terms.revisions), &origins);
        }
        match self.artifacts.get("application/composed.tf".into()) {
            Some(_) => account.stored_values(&stored).await,
            None => Ok(Default::default()),
        }
    }

    /// Gives the layers above what a layer gives.
    async fn hand_on(&self, layer: &str) -> Result<(), AccountError> {
        if HANDED.iter().all(|(from, ..)| *from != layer) {
            return Ok(());
        }
        let outputs = self.account.outputs(layer).await?;
        self.account.hand_on(layer, &outputs)
    }
}

/// Lists what is needed to apply the application layer of the release before again.
pub(in super::super) fn to_go_back(earlier: &Artifacts) -> Artifacts {
    let kept = |path: &camino::Utf8Path| path.starts_with(APPLICATION) || path.starts_with(MODULES);
    earlier.without(|path| !kept(path)).under(BEFORE)
}

/// Makes the output of a step.
pub(super) fn output(name: &str, value: impl serde::Serialize) -> super::Output {
    super::Output::from([(name.to_owned(), json!(value))])
}
