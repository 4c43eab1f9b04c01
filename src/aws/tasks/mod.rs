//! Tasks that run once, to their end.
//!
//! A task is found by its name (`startedBy`) before one is started, and ECS itself makes one of several calls with the same
//! token; so a run that was killed finds its task again. ECS forgets a task an hour after its end, and its token with it.
//! Whoever may come back later than that remembers [`Told::Task`](super::Told::Task) and gives it as [`TaskOrder::known`]: a task that is
//! known and gone is then an error, and no second one is started.

mod find;
mod judge;
mod log;
mod watch;

pub(super) use judge::why_stopped;
pub use judge::{StartProblem, TaskFailure};

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::{
    AssignPublicIp, AwsVpcConfiguration, ContainerOverride, KeyValuePair, LaunchType, NetworkConfiguration,
    PropagateTags, TaskOverride,
};
use sha2::{Digest as _, Sha256};

use super::access::Aws;
use super::error::{AwsError, strange};
use super::refusal::order;
use super::told::{Listener, Told};
use crate::tools::{CancelLevel, CancelToken};

/// A task that is to run once.
#[derive(Debug, Clone)]
pub struct TaskOrder {
    /// Names this one task among all there ever were: up to 128 letters, digits, dashes, underscores and slashes. A task
    /// that has failed is found by it too, so another try has another name.
    pub name: String,
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The revision's ARN.
    pub definition: String,
    /// The container whose exit code is the task's.
    pub container: String,
    /// What it runs, when it is not the definition's.
    pub command: Option<Vec<String>>,
    /// Variables beside the definition's. Everybody who may look at tasks reads them, so none is secret.
    pub environment: BTreeMap<String, String>,
    /// Where it runs.
    pub network: TaskNetwork,
    /// The task that an earlier try is known to have started.
    pub known: Option<String>,
    /// How long it may take. One that takes longer is stopped.
    pub limit: Duration,
}

/// Where a task runs in the account's network.
#[derive(Debug, Clone, Default)]
pub struct TaskNetwork {
    /// Subnets, by id.
    pub subnets: Vec<String>,
    /// Security groups, by id.
    pub security_groups: Vec<String>,
}

/// A task that has done its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEnd {
    /// Its ARN.
    pub task: String,
    /// Whether an earlier try had started it.
    pub is_found: bool,
}

impl Aws {
    /// Runs a task to its end, and tells the lines of all its containers; done is only what ends with exit code 0.
    ///
    /// When it is to stop at once, or takes too long, the task is stopped and its end waited for. Dropping the future leaves
    /// it running, to be found again.
    ///
    /// # Errors
    /// [`AwsError::Task`] with what became of it, [`AwsError::TaskRefused`], [`AwsError::Interrupted`],
    /// [`AwsError::TimedOut`].
    pub async fn run_task(
        &self,
        wanted: &TaskOrder,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<TaskEnd, AwsError> {
        let found = match &wanted.known {
            Some(task) => Some(task.clone()),
            None => self.find_task(wanted, cancel).await?,
        };
        let is_found = found.is_some();
        let task = match found {
            Some(task) => task,
            None => self.start_task(wanted, cancel).await?,
        };
        tell(Told::Task(task.clone()));
        self.watch_task(wanted, &task, tell, cancel).await?;
        Ok(TaskEnd { task, is_found })
    }

    /// Starts a task; a call with the same order is the same task.
    async fn start_task(&self, wanted: &TaskOrder, cancel: &CancelToken) -> Result<String, AwsError> {
        let doing = format!("start a task of {}", wanted.definition);
        if cancel.level() == CancelLevel::Force {
            return Err(AwsError::Interrupted { doing });
        }
        let call = self
            .ecs
            .run_task()
            .cluster(&wanted.cluster)
            .task_definition(&wanted.definition)
            .launch_type(LaunchType::Fargate)
            .network_configuration(network(&wanted.network, &doing)?)
            .overrides(overrides(wanted))
            .started_by(&wanted.name)
            .client_token(token(&wanted.name))
            .propagate_tags(PropagateTags::TaskDefinition)
            .enable_ecs_managed_tags(true);
        // Its answer is waited for in any case: a task that nobody knows of would go on.
        let answer = order(&doing, call.send()).await?;
        if let Some(failure) = answer.failures().first() {
            let said = [failure.reason(), failure.detail()];
            return Err(AwsError::TaskRefused {
                definition: wanted.definition.clone(),
                reason: said.into_iter().flatten().collect::<Vec<_>>().join(": "),
            });
        }
        let task = answer.tasks().first().and_then(|task| task.task_arn());
        task.map(str::to_owned).ok_or_else(strange(&doing, "task"))
    }
}

/// Makes a token of as many characters as ECS takes.
fn token(name: &str) -> String {
    hex::encode(Sha256::digest(name))
}

fn network(wanted: &TaskNetwork, doing: &str) -> Result<NetworkConfiguration, AwsError> {
    let place = AwsVpcConfiguration::builder()
        .set_subnets(Some(wanted.subnets.clone()))
        .set_security_groups(Some(wanted.security_groups.clone()))
        .assign_public_ip(AssignPublicIp::Disabled)
        .build()
        .map_err(|_| strange(doing, "subnet")())?;
    Ok(NetworkConfiguration::builder()
        .awsvpc_configuration(place)
        .build())
}

fn overrides(wanted: &TaskOrder) -> TaskOverride {
    let pair = |(name, value): (&String, &String)| KeyValuePair::builder().name(name).value(value).build();
    let container = ContainerOverride::builder()
        .name(&wanted.container)
        .set_command(wanted.command.clone())
        .set_environment(Some(wanted.environment.iter().map(pair).collect()))
        .build();
    TaskOverride::builder().container_overrides(container).build()
}

#[cfg(test)]
mod tests;
