//! Carrying steps out in an account, and taking them back.
//!
//! Every action is idempotent: done twice it is the same as done once, and `revert` bears a step that is half-done.

mod apply;
mod database;
mod remove;
mod services;
mod task;

pub(super) use apply::to_go_back;

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::Account;
use super::error::AccountError;
use super::place::APPLICATION;
use crate::deployment::{Deployment, Part};
use crate::drivers::World;
use crate::plan::{Action, AwsAction, Step};
use crate::render::Artifacts;

/// What a step gives to the record of the run.
pub type Output = BTreeMap<String, Value>;

/// Tells what a step is waiting for, or a line that a program wrote.
pub type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Carries out the steps of one part in its account.
pub struct Performer<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    part: &'a Part,
    artifacts: &'a Artifacts,
    account: Account,
    run: &'a str,
}

impl<'a> Performer<'a> {
    /// Prepares for the steps of a part in a run.
    ///
    /// # Errors
    /// [`AccountError`] when the part's options are not usable, a program is not there, or it is another account.
    pub async fn new(
        world: &'a World,
        deployment: &'a Deployment,
        part: &'a Part,
        artifacts: &'a Artifacts,
        run: &'a str,
    ) -> Result<Self, AccountError> {
        Ok(Self {
            account: Account::connect(world, deployment, part).await?,
            world,
            deployment,
            part,
            artifacts,
            run,
        })
    }

    /// Carries a step out.
    ///
    /// # Errors
    /// [`AccountError`] with what failed and why.
    pub async fn perform(&self, step: &Step, tell: Tell<'_>) -> Result<Output, AccountError> {
        let Action::Aws(action) = &step.action else {
            return Ok(Output::new());
        };
        self.enter(&mut *tell).await?;
        match action {
            AwsAction::ApplyLayer {
                layer,
                change,
                settings,
                ..
            } => self.apply_layer(layer, change.as_ref(), settings, tell).await?,
            AwsAction::RemoveLayer { layer, .. } => return self.remove_layer(layer, tell).await,
            AwsAction::RunTask { task, within } => return self.run_task(task, *within, tell).await,
            AwsAction::SaveDatabase { within, .. } => return self.save(*within, tell).await,
            AwsAction::RollOut { services, within } => self.roll_out(services, *within, tell).await?,
            AwsAction::StopServices { services, within } => self.stop(services, *within, tell).await?,
            AwsAction::Baseline { .. } => {}
            AwsAction::Verify { services } => self.verify(services).await?,
        }
        Ok(Output::new())
    }

    /// Takes a step back; it may be done, half-done or not done at all.
    ///
    /// # Errors
    /// [`AccountError`] with what failed and why.
    pub async fn revert(&self, step: &Step, tell: Tell<'_>) -> Result<(), AccountError> {
        let Action::Aws(action) = &step.action else {
            return Ok(());
        };
        self.enter(&mut *tell).await?;
        match action {
            AwsAction::ApplyLayer { layer, before, .. } => {
                self.apply_again(layer, before.is_some(), tell).await
            }
            AwsAction::RollOut { services, within } => self.roll_back(services, *within, tell).await,
            AwsAction::StopServices { services, within } => self.scale(services, *within, tell).await,
            AwsAction::Baseline { services, within, .. } => self.serves_again(services, *within, tell).await,
            AwsAction::RemoveLayer { .. }
            | AwsAction::RunTask { .. }
            | AwsAction::SaveDatabase { .. }
            | AwsAction::Verify { .. } => Ok(()),
        }
    }

    /// Keeps others out of the folder, and lays it out where an operator takes up what was begun at another machine.
    async fn enter(&self, tell: Tell<'_>) -> Result<(), AccountError> {
        self.account.occupy(None, tell).await?;
        match self.account.folder.is_laid_out() {
            true => Ok(()),
            false => self.account.folder.lay_out(self.artifacts),
        }
    }

    /// Reads what the application layer gives.
    async fn application(&self) -> Result<Application, AccountError> {
        self.account.prepare(APPLICATION).await?;
        let outputs = self.account.outputs(APPLICATION).await?;
        Application::of(&outputs).ok_or_else(|| {
            AccountError::strange("the application layer does not say what runs where: it was not applied")
        })
    }
}

/// What the application layer gives.
#[derive(Debug, Clone)]
pub(super) struct Application {
    /// The ECS cluster.
    pub(super) cluster: String,
    /// Each service's newest revision, where it is registered: a plan has a stand-in before.
    pub(super) services: BTreeMap<String, String>,
    /// How tasks are run that are started by themselves.
    tasks: Value,
}

impl Application {
    pub(super) fn of(outputs: &BTreeMap<String, Value>) -> Option<Self> {
        let application = outputs.get(APPLICATION)?;
        let services = application.get("services")?.as_object()?;
        Some(Self {
            cluster: application.get("cluster")?.as_str()?.to_owned(),
            services: services
                .iter()
                .filter_map(|(name, arn)| Some((name, arn.as_str()?)))
                .filter(|(_, arn)| arn.starts_with("arn:"))
                .map(|(name, arn)| (name.clone(), arn.to_owned()))
                .collect(),
            tasks: outputs.get("tasks").cloned().unwrap_or_default(),
        })
    }
}
