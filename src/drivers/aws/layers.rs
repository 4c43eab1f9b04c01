//! Planning a layer by Terraform, and applying exactly what was planned.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::{Map, Value, json};

use super::account::{Account, Held};
use super::adoption::Adoption;
use super::changes::Planned;
use super::error::AccountError;
use super::folder::{self, PLAN, RECORD};
use super::place::{APPLICATION, DATA};
use super::secrets::Revisions;
use super::work::Work;
use crate::aws::Tagged;
use crate::plan::LayerSettings;
use crate::secret::Secret;
use crate::tools::{PlanMode, StateLock, TerraformEvent};

/// What Terraform calls a state that it could not write where it belongs.
const LEFT_STATE: &str = "errored.tfstate";

/// How an apply ended.
#[derive(Debug)]
pub(super) enum Applied {
    /// Everything is as planned.
    Done,
    /// Nothing was wrong but that some of what was to be made is there.
    Stumbled {
        /// Its addresses.
        in_the_way: Vec<String>,
        /// What was said.
        error: AccountError,
    },
}

/// With what a layer is planned.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    /// Whether everything is to go.
    pub(super) removes: bool,
    /// With what it is applied beside what was answered.
    pub(super) settings: LayerSettings,
    /// How often each secret was changed.
    pub(super) revisions: Revisions,
    /// The resources that count, by address; all when empty.
    pub(super) only: Vec<String>,
    /// The secrets whose values come in; when it is planned, only their names count.
    pub(super) values: BTreeMap<String, Secret>,
}

impl Account {
    /// Plans a layer whose folder is prepared. The plan lies in the folder.
    pub(super) async fn plan(&self, layer: &str, terms: &Terms) -> Result<Planned, AccountError> {
        let mut variables = variables(layer, terms);
        if let Some(file) = self.database_ca.as_ref().filter(|_| layer == APPLICATION) {
            variables.insert("database_ca_file".to_owned(), file.as_str().into());
        }
        self.folder.settings(layer, &variables)?;
        self.roots.forget(&self.folder.layer(layer));
        let mode = match terms.removes {
            true => PlanMode::Destroy,
            false => PlanMode::Apply,
        };
        let terraform = self.given(layer, terms).targets(terms.only.iter().cloned());
        let plan = Utf8Path::new(PLAN);
        let work = Work::begin(&self.folder.layer(layer))?;
        let mut lock = None;
        let note = |event| lock = lock.take().or_else(|| holder(&event));
        let mut planned = terraform.plan(mode, plan, note, &self.cancel).await;
        if planned.is_err()
            && let Some(lock) = lock.as_ref().filter(|lock| work.has_left(lock))
        {
            let released = terraform.unlock(lock, &self.cancel).await;
            released.map_err(AccountError::tool(format!(
                "release the lock that a killed run left on the {layer} layer"
            )))?;
            planned = terraform.plan(mode, plan, |_| (), &self.cancel).await;
        }
        work.end(&planned)?;
        planned.map_err(AccountError::tool(format!("plan the {layer} layer")))?;
        let shown = terraform.show(plan, &self.cancel).await;
        let shown = shown.map_err(AccountError::tool(format!("read the plan of the {layer} layer")))?;
        Ok(Planned::of(&shown, &self.stand_ins))
    }

    /// Applies a plan that lies in a layer's folder, and tells each resource.
    ///
    /// What Terraform tells is written down: a run that is killed finds there what did not get into the state.
    pub(super) async fn apply(
        &self,
        layer: &str,
        terms: &Terms,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Applied, AccountError> {
        let folder = self.folder.layer(layer);
        let record = folder.join(RECORD);
        let mut in_the_way = Vec::new();
        let mut is_other = false;
        let on_event = |event: TerraformEvent| {
            if let TerraformEvent::Diagnostic(diagnostic) = &event
                && diagnostic.is_error()
            {
                match diagnostic.in_the_way() {
                    Some(address) => in_the_way.push(address.to_owned()),
                    None => is_other = true,
                }
            }
            if let Some(line) = told(&event) {
                tell(&line);
            }
        };
        self.roots.forget(&folder);
        let work = Work::begin(&folder)?;
        let terraform = self.given(layer, terms);
        let applied = terraform
            .apply(Utf8Path::new(PLAN), &record, on_event, &self.cancel)
            .await;
        work.end(&applied)?;
        if let Err(error) = applied {
            let error = AccountError::tool(format!("apply the {layer} layer"))(error);
            return match is_other || in_the_way.is_empty() {
                true => Err(error),
                false => Ok(Applied::Stumbled { in_the_way, error }),
            };
        }
        folder::remove(&record)?;
        folder::remove(&folder.join(PLAN))?;
        self.folder.adopt(layer, &BTreeMap::new())?;
        Ok(Applied::Done)
    }

    /// Finds what an earlier run made that did not get into the state, where Terraform told its id.
    pub(super) async fn stranded(&self, layer: &str) -> Result<Adoption, AccountError> {
        let path = self.folder.layer(layer).join(RECORD);
        let Ok(text) = fs_err::read_to_string(&path) else {
            return Adoption::new(BTreeMap::new(), Vec::new());
        };
        self.prepare(layer).await?;
        self.rescue(layer).await?;
        let known = self.terraform(layer).resources(&self.cancel).await;
        let known = known.map_err(AccountError::tool(format!("read the state of the {layer} layer")))?;
        let made = text.lines().filter_map(|line| match TerraformEvent::read(line)? {
            TerraformEvent::Finished {
                change,
                id: Some((_, id)),
                ..
            } if change.action == "create" => Some((change.address, id)),
            _ => None,
        });
        let made = made.filter(|(address, _)| !known.contains(address)).collect();
        Adoption::new(made, self.tagged(layer).await?)
    }

    /// Puts a state in place that could not be written when an apply ended: Terraform leaves it in the folder then.
    async fn rescue(&self, layer: &str) -> Result<(), AccountError> {
        let path = self.folder.layer(layer).join(LEFT_STATE);
        if !path.is_file() {
            return Ok(());
        }
        let pushed = self.terraform(layer).push(LEFT_STATE.into(), &self.cancel).await;
        pushed.map_err(AccountError::tool(format!(
            "put the state of the {layer} layer in place, which lies in {path}"
        )))?;
        folder::remove(&path)
    }

    /// Lists what has the tags of this installation and layer.
    pub(super) async fn tagged(&self, layer: &str) -> Result<Vec<Tagged>, AccountError> {
        let tags = [("installation", self.place.name.as_str()), ("layer", layer)];
        Ok(self.aws.tagged(&tags, &self.cancel).await?)
    }

    /// Plans a layer with what lies in the account already, made by a run that was cut short.
    pub(super) async fn plan_with(
        &self,
        layer: &str,
        terms: &Terms,
        adoption: &mut Adoption,
        tell: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Planned, AccountError> {
        loop {
            self.folder.adopt(layer, &adoption.taken)?;
            let planned = match self.plan(layer, terms).await {
                Err(error) if adoption.give_up(&error) => continue,
                planned => planned?,
            };
            let found = adoption.find(&planned)?;
            if found.is_empty() {
                adoption.are_ours(&planned)?;
                return Ok(planned);
            }
            for (address, id) in found {
                tell(&format!("{address}: {id} is there already and is taken over"));
            }
        }
    }

    /// Reads what a layer gives.
    pub(super) async fn outputs(&self, layer: &str) -> Result<BTreeMap<String, Value>, AccountError> {
        let outputs = self.terraform(layer).outputs(&self.cancel).await;
        outputs.map_err(AccountError::tool(format!("read what the {layer} layer gives")))
    }

    /// Hands on what a layer gives.
    pub(super) fn hand_on(&self, layer: &str, outputs: &BTreeMap<String, Value>) -> Result<(), AccountError> {
        for (from, output, to) in folder::HANDED {
            if from == layer
                && let Some(value) = outputs.get(output)
                && self.folder.layer(to).is_dir()
            {
                self.folder.hand(from, to, value)?;
            }
        }
        Ok(())
    }

    /// Keeps a plan for the run that it was made for.
    pub(super) fn hold(&self, layer: &str, of: String, planned: Planned) {
        self.roots.keep(self.folder.layer(layer), Held { of, planned });
    }

    fn given(&self, layer: &str, terms: &Terms) -> crate::tools::Terraform {
        let terraform = self.terraform(layer);
        if ![DATA, APPLICATION].contains(&layer) {
            return terraform;
        }
        let values: Map<String, Value> = terms
            .values
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().into()))
            .collect();
        let values = Secret::new(Value::from(values).to_string());
        terraform.secret_variable("secret_values", values)
    }
}

/// Writes the variables that a layer has beside what was answered, but for what is usual.
fn variables(layer: &str, terms: &Terms) -> Map<String, Value> {
    let mut all = Map::new();
    let settings = &terms.settings;
    if settings.unprotected {
        all.insert("protected".to_owned(), false.into());
    }
    if layer == APPLICATION && settings.suspended {
        all.insert("scaling_suspended".to_owned(), true.into());
    }
    if [DATA, APPLICATION].contains(&layer) && !terms.revisions.is_empty() {
        all.insert("secret_revisions".to_owned(), json!(terms.revisions));
    }
    all
}

/// Says what happened, as people read it.
fn told(event: &TerraformEvent) -> Option<String> {
    match event {
        TerraformEvent::Started(change) => Some(format!("{}: {} begins", change.address, change.action)),
        TerraformEvent::Working { address, seconds } => {
            Some(format!("{address}: still at it after {seconds} s"))
        }
        TerraformEvent::Finished { change, seconds, .. } => Some(format!(
            "{}: {} done in {seconds} s",
            change.address, change.action
        )),
        TerraformEvent::Failed { change, seconds } => Some(format!(
            "{}: {} FAILED after {seconds} s",
            change.address, change.action
        )),
        TerraformEvent::Diagnostic(diagnostic) => Some(format!("{}: {diagnostic}", diagnostic.severity)),
        TerraformEvent::Planned(_) | TerraformEvent::Summary(_) => None,
    }
}

/// Finds who holds the lock of a state in what Terraform says.
fn holder(event: &TerraformEvent) -> Option<StateLock> {
    match event {
        TerraformEvent::Diagnostic(diagnostic) => diagnostic.lock(),
        _ => None,
    }
}
