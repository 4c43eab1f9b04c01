//! Removing a layer.

use serde_json::Value;

use super::super::changes::is_approved;
use super::super::error::AccountError;
use super::super::folder::{self, PREPARED, RECORD};
use super::super::layers::{Applied, Terms};
use super::super::place::{BOOTSTRAP, DATA, LAYERS};
use super::super::work::left_alone;
use super::apply::output;
use super::{Output, Performer, Tell};
use crate::plan::LayerSettings;

impl Performer<'_> {
    /// Lifts what protects a layer, by an apply of its own, and then destroys it.
    ///
    /// Says what stays behind, where the layer knows that.
    pub(super) async fn remove_layer(&self, layer: &str, tell: Tell<'_>) -> Result<Output, AccountError> {
        let account = &self.account;
        left_alone(&account.folder.layer(layer), &account.cancel, tell).await?;
        let mut adoption = account.stranded(layer).await?;
        self.lay_out(layer, self.artifacts).await?;
        if layer == BOOTSTRAP {
            account.bring_bootstrap_home().await?;
        }
        let settings = LayerSettings {
            unprotected: true,
            ..LayerSettings::default()
        };
        let mut terms = self.terms(layer, &settings).await?;
        let planned = account.plan_with(layer, &terms, &mut adoption, tell).await?;
        if planned.resources == 0 && planned.imported.is_empty() {
            folder::remove(&account.folder.layer(layer).join(RECORD))?;
            return Ok(Output::new());
        }
        // What was never made needs no lifting, nor what somebody removed.
        let lifted = planned
            .change
            .resources
            .iter()
            .filter(|(address, action)| *action == "update" || planned.imported.contains_key(*address));
        terms.only = lifted.map(|(address, _)| address.clone()).collect();
        if !terms.only.is_empty() {
            let planned = account.plan(layer, &terms).await?;
            let mut more = planned.change.clone();
            more.resources.retain(|_, action| action != "import");
            is_approved(layer, &more, None, true)?;
            self.applied(layer, &terms, tell).await?;
            terms.only.clear();
        }
        let left = match layer {
            DATA => account.outputs(layer).await?.remove("left"),
            _ => None,
        };
        let terms = Terms {
            removes: true,
            ..terms
        };
        let planned = account.plan(layer, &terms).await?;
        if !planned.change.is_nothing() {
            self.applied(layer, &terms, tell).await?;
        }
        if layer == BOOTSTRAP {
            account.forget_home()?;
            // The other layers' states went with the bucket.
            for other in LAYERS {
                folder::remove(&account.folder.layer(other).join(PREPARED))?;
            }
        }
        let Some(left) = left else {
            return Ok(Output::new());
        };
        snapshots(&left)
            .into_iter()
            .for_each(|name| tell(&format!("snapshot {name} stays")));
        Ok(output("left", left))
    }

    /// Applies a plan that makes nothing, so that nothing can be in its way.
    async fn applied(&self, layer: &str, terms: &Terms, tell: Tell<'_>) -> Result<(), AccountError> {
        match self.account.apply(layer, terms, tell).await? {
            Applied::Done => Ok(()),
            Applied::Stumbled { error, .. } => Err(error),
        }
    }
}

/// Lists the names of the snapshots that a layer leaves: of the database by generation, and of the cache.
fn snapshots(left: &Value) -> Vec<&str> {
    match left {
        Value::Object(inner) => inner.values().flat_map(snapshots).collect(),
        name => name.as_str().into_iter().collect(),
    }
}
