//! Hands each step to the driver of its part's target.

use std::sync::Arc;

use async_trait::async_trait;

use super::host::{Host, World};
use crate::deployment::Deployment;
use crate::journal::StepOutput;
use crate::plan::Step;
use crate::product::Target;
use crate::render::Artifacts;
use crate::run::{self, Level, StepContext, StepError, StepOutcome, UndoError};

/// Carries out the steps of a run.
#[derive(Clone)]
pub struct Performer {
    world: World,
    deployment: Arc<Deployment>,
    artifacts: Arc<Artifacts>,
    run: String,
}

impl Performer {
    /// Takes what the run was approved with.
    pub fn new(world: World, deployment: Deployment, artifacts: Artifacts, run: &str) -> Self {
        Self {
            world,
            deployment: Arc::new(deployment),
            artifacts: Arc::new(artifacts),
            run: run.to_owned(),
        }
    }

    /// Stops programs as soon as the run is stopped with force.
    fn world(&self, cx: &StepContext) -> World {
        let world = World {
            cancel: crate::tools::CancelToken::new(),
            ..self.world.clone()
        };
        let (cancel, token) = (cx.cancel().clone(), world.cancel.clone());
        tokio::spawn(async move {
            cancel.reached(Level::Forced).await;
            token.force();
        });
        world
    }
}

#[async_trait]
impl run::Performer for Performer {
    async fn perform(&self, step: &Step, cx: &StepContext) -> Result<StepOutcome, StepError> {
        let Some(part) = self
            .deployment
            .parts
            .get(&step.part)
            .filter(|part| part.target == Some(Target::Host))
        else {
            return Err(StepError::new(format!(
                "no driver carries out steps of part `{}`",
                step.part
            )));
        };
        let world = self.world(cx);
        let artifacts = self.artifacts.below(&part.name);
        let fail = |error| StepError::new(format!("could not {}", step.title)).because(error);
        let host = Host::new(&world, &self.deployment, part, &artifacts, &self.run).map_err(fail)?;
        let mut tell = |text: &str| cx.line(text);
        host.perform(step, &mut tell)
            .await
            .map(StepOutcome::Done)
            .map_err(fail)
    }

    async fn revert(
        &self,
        step: &Step,
        output: Option<&StepOutput>,
        cx: &StepContext,
    ) -> Result<(), UndoError> {
        let Some(part) = self.deployment.parts.get(&step.part) else {
            return Ok(());
        };
        let world = self.world(cx);
        let artifacts = self.artifacts.below(&part.name);
        let fail = |error| UndoError::new(format!("could not {}", step.undo.phrase())).because(error);
        let host = Host::new(&world, &self.deployment, part, &artifacts, &self.run).map_err(fail)?;
        host.revert(step, output).await.map_err(fail)
    }
}
