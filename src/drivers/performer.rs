//! Hands each step to the driver of its part's target.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use super::World;
use super::aws;
use super::host::Host;
use super::kubernetes;
use crate::deployment::{Deployment, Part};
use crate::journal::StepOutput;
use crate::plan::Step;
use crate::product::Target;
use crate::render::Artifacts;
use crate::run::{self, Level, StepContext, StepError, StepOutcome, UndoError};

/// What steps are done for: a release with what was rendered of it.
#[derive(Debug, Clone)]
pub struct Work {
    /// Everything decided.
    pub deployment: Deployment,
    /// What was rendered.
    pub artifacts: Artifacts,
}

/// Carries out the steps of a run.
#[derive(Clone)]
pub struct Performer {
    world: World,
    end: Arc<Work>,
    stages: Arc<BTreeMap<String, Work>>,
    run: String,
}

impl Performer {
    /// Takes what the run was approved with: what it ends with, and the releases on the way by version.
    pub fn new(world: World, end: Work, stages: BTreeMap<String, Work>, run: &str) -> Self {
        Self {
            world,
            end: Arc::new(end),
            stages: Arc::new(stages),
            run: run.to_owned(),
        }
    }

    /// Finds what a step is done for.
    fn work(&self, step: &Step) -> Option<(&Work, &Part)> {
        let work = match &step.stage {
            Some(version) => self.stages.get(version.as_str())?,
            None => &*self.end,
        };
        Some((work, work.deployment.parts.get(&step.part)?))
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
        let nobody = || StepError::new(format!("no driver carries out steps of part `{}`", step.part));
        let (work, part) = self.work(step).ok_or_else(nobody)?;
        let world = self.world(cx);
        let artifacts = work.artifacts.below(&part.name);
        let mut tell = |text: &str| cx.line(text);
        let failed = StepError::new(format!("could not {}", step.title));
        let output = match part.target {
            Some(Target::Host) => {
                let host = Host::new(&world, &work.deployment, part, &artifacts, &self.run);
                match host {
                    Ok(host) => host.perform(step, &mut tell).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            Some(Target::Kubernetes) => {
                let cluster =
                    kubernetes::Performer::new(&world, &work.deployment, part, &artifacts, &self.run);
                match cluster {
                    Ok(cluster) => cluster.perform(step, &mut tell).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            Some(Target::Aws) => {
                let account = aws::Performer::new(&world, &work.deployment, part, &artifacts, &self.run);
                match account.await {
                    Ok(account) => account.perform(step, &mut tell).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            _ => return Err(nobody()),
        };
        match output {
            Ok(output) => Ok(StepOutcome::Done(output)),
            Err(error) => Err(failed.because(error)),
        }
    }

    async fn revert(
        &self,
        step: &Step,
        output: Option<&StepOutput>,
        cx: &StepContext,
    ) -> Result<(), UndoError> {
        let Some((work, part)) = self.work(step) else {
            return Ok(());
        };
        let world = self.world(cx);
        let artifacts = work.artifacts.below(&part.name);
        let reverted = match part.target {
            Some(Target::Host) => {
                let host = Host::new(&world, &work.deployment, part, &artifacts, &self.run);
                match host {
                    Ok(host) => host.revert(step, output).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            Some(Target::Kubernetes) => {
                let cluster =
                    kubernetes::Performer::new(&world, &work.deployment, part, &artifacts, &self.run);
                match cluster {
                    Ok(cluster) => cluster.revert(step).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            Some(Target::Aws) => {
                let account = aws::Performer::new(&world, &work.deployment, part, &artifacts, &self.run);
                let mut tell = |text: &str| cx.line(text);
                match account.await {
                    Ok(account) => account.revert(step, &mut tell).await.map_err(boxed),
                    Err(error) => Err(boxed(error)),
                }
            }
            _ => Ok(()),
        };
        let failed = || UndoError::new(format!("could not {}", step.undo.phrase()));
        reverted.map_err(|error| failed().because(error))
    }
}

/// An error of a driver, whichever.
fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> Box<dyn std::error::Error + Send + Sync> {
    Box::new(error)
}
