//! Staying with a rollout until it is done, or has come to nothing.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{Service, Task};

use super::rollout::{self, Mismatch, Rollout};
use super::seen::{id_of, waits_for};
use super::{RolloutFailure, ServiceName, Wanted};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::tasks::why_stopped;
use crate::aws::told::{Listener, OUT_OF_REACH, Told, Waiting};
use crate::aws::wait::Wait;
use crate::tools::CancelToken;

/// How long what runs may be something else after ECS says that it is done: old tasks drain, digests come late.
const SETTLING: Duration = Duration::from_secs(180);
/// How many looks ECS has to know of a deployment that was ordered.
const MISSES: usize = 5;
/// How many looks ECS has to go back after it gave up.
const GOING_BACK: usize = 5;
/// How many reasons of tasks that stopped an error names.
const REASONS: usize = 3;

/// What was seen of a rollout until now.
pub(super) struct Watch {
    deployment: String,
    since: Option<i128>,
    events: BTreeSet<String>,
    stopped: BTreeSet<String>,
    reasons: VecDeque<String>,
    waiting: Waiting,
    last: String,
}

impl Aws {
    /// Stays with the deployment of an id until the service runs what is wanted and nothing else.
    ///
    /// Tells ECS's events, which task waits for what, and why tasks stopped. To stop looking changes nothing in ECS.
    ///
    /// # Errors
    /// [`AwsError::Rollout`] with what became of it, [`AwsError::NoService`], [`AwsError::Interrupted`].
    pub async fn follow_rollout(
        &self,
        name: &ServiceName,
        (deployment, wanted): (&str, &Wanted),
        limit: Duration,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<(), AwsError> {
        let doing = format!("rolling out service `{}`", name.service);
        let mut watch = Watch::begin(deployment);
        let mut wait = Wait::begin(&doing, (self.pace, limit), cancel);
        let failed = |failure| failed(name, &wanted.definition, failure);
        let (mut given_up, mut missed, mut is_known) = (0, 0, false);
        loop {
            if let Some((service, tasks)) = wait.outlast(self.look(name, cancel).await)? {
                let judged = rollout::judge(&service, deployment);
                is_known |= rollout::is_known(&service, deployment);
                if judged == Rollout::Completed && watch.last.is_empty() {
                    watch.skip(&service, &tasks);
                }
                watch.tell_news(&service, &tasks, tell);
                match judged {
                    Rollout::Completed => break,
                    Rollout::Over(RolloutFailure::Failed { .. }) if given_up < GOING_BACK => {
                        given_up += 1;
                        watch.tell_waiting("ECS, which gave up and may go back", &tasks, tell);
                    }
                    // One that was just ordered is not known everywhere at once.
                    Rollout::Over(RolloutFailure::Replaced { .. }) if !is_known && missed < MISSES => {
                        missed += 1;
                        watch.tell_waiting("ECS, which has not begun", &tasks, tell);
                    }
                    Rollout::Over(failure) => return Err(failed(watch.explained(failure))),
                    Rollout::Going(what) => watch.tell_waiting(what, &tasks, tell),
                }
            } else {
                watch.waiting.tell(OUT_OF_REACH, tell);
            }
            if wait.is_over() {
                return Err(failed(watch.timed_out(limit)));
            }
            wait.pause().await?;
        }
        self.settle(name, (deployment, wanted), watch, tell, cancel).await
    }

    /// Compares what runs with what is wanted, and gives it time to come right.
    async fn settle(
        &self,
        name: &ServiceName,
        (deployment, wanted): (&str, &Wanted),
        mut watch: Watch,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<(), AwsError> {
        let doing = format!("looking at what service `{}` runs", name.service);
        let mut wait = Wait::begin(doing, (self.pace, SETTLING), cancel);
        let failed = |failure| failed(name, &wanted.definition, failure);
        loop {
            let mut left = None;
            if let Some((service, tasks)) = wait.outlast(self.look(name, cancel).await)? {
                watch.tell_news(&service, &tasks, tell);
                if let Rollout::Over(failure) = rollout::judge(&service, deployment) {
                    return Err(failed(watch.explained(failure)));
                }
                let desired = usize::try_from(service.desired_count()).unwrap_or_default();
                match rollout::compare(&tasks, desired, wanted) {
                    None => return Ok(()),
                    Some(Mismatch::Lasting(failure)) => return Err(failed(failure)),
                    Some(Mismatch::Passing(failure)) => left = Some(failure),
                }
            }
            let what = left.as_ref().map_or(OUT_OF_REACH.to_owned(), ToString::to_string);
            watch.waiting.tell(what.as_str(), tell);
            if wait.is_over() {
                return Err(left.map_or_else(|| wait.timed_out(what), failed));
            }
            wait.pause().await?;
        }
    }

    /// Looks at a service and at its tasks.
    pub(super) async fn look(
        &self,
        name: &ServiceName,
        cancel: &CancelToken,
    ) -> Result<(Service, Vec<Task>), AwsError> {
        let service = self.existing_service(name, cancel).await?;
        let list = self.ecs.list_tasks().service_name(&name.service);
        let tasks = self.tasks_of(&name.cluster, list, cancel).await?;
        Ok((service, tasks))
    }
}

fn failed(name: &ServiceName, definition: &str, failure: RolloutFailure) -> AwsError {
    AwsError::Rollout {
        service: name.service.clone(),
        definition: definition.to_owned(),
        failure: failure.into(),
    }
}

impl Watch {
    pub(super) fn begin(deployment: &str) -> Self {
        Self {
            deployment: deployment.to_owned(),
            since: None,
            events: BTreeSet::new(),
            stopped: BTreeSet::new(),
            reasons: VecDeque::new(),
            waiting: Waiting::default(),
            last: String::new(),
        }
    }

    /// Takes all that has happened for told: it belongs to an earlier day.
    pub(super) fn skip(&mut self, service: &Service, tasks: &[Task]) {
        self.tell_news(service, tasks, &mut |_| ());
        self.reasons.clear();
    }

    /// Tells what has happened since the deployment was made and was not told yet, the oldest first.
    pub(super) fn tell_news(&mut self, service: &Service, tasks: &[Task], tell: &mut Listener<'_>) {
        let mut deployments = service.deployments().iter();
        let ours = deployments.find(|one| one.id() == Some(&self.deployment));
        let made = ours.and_then(|one| one.created_at()).map(DateTime::as_nanos);
        self.since = self.since.or(made);
        for event in service.events().iter().rev() {
            let at = event.created_at().map(DateTime::as_nanos);
            let is_new = self.since.is_some() && at >= self.since;
            let (Some(id), Some(message)) = (event.id(), event.message()) else {
                continue;
            };
            if is_new && self.events.insert(id.to_owned()) {
                tell(Told::Event(message.to_owned()));
            }
        }
        for task in tasks {
            if self.has_failed(task) && self.stopped.insert(id_of(task)) {
                let why = why_stopped(task);
                tell(Told::Event(format!("task {} stopped: {why}", id_of(task))));
                self.remember(why);
            }
        }
    }

    /// Says whether a task of our deployment has stopped; one that ECS takes away for another reason is no failure.
    fn has_failed(&self, task: &Task) -> bool {
        use aws_sdk_ecs::types::TaskStopCode::{ServiceSchedulerInitiated, UserInitiated};
        task.started_by() == Some(&self.deployment)
            && task.last_status() == Some("STOPPED")
            && !matches!(task.stop_code(), Some(ServiceSchedulerInitiated | UserInitiated))
    }

    fn remember(&mut self, why: String) {
        if !self.reasons.contains(&why) {
            self.reasons.push_back(why);
        }
        if self.reasons.len() > REASONS {
            self.reasons.pop_front();
        }
    }

    pub(super) fn tell_waiting(&mut self, what: impl Into<String>, tasks: &[Task], tell: &mut Listener<'_>) {
        let ours = tasks
            .iter()
            .filter(|task| task.started_by() == Some(&self.deployment));
        let details: Vec<String> = ours.filter_map(waits_for).collect();
        self.last = std::iter::once(what.into())
            .chain(details)
            .collect::<Vec<_>>()
            .join("; ");
        self.waiting.tell(self.last.as_str(), tell);
    }

    /// Adds to what ECS says why tasks stopped, which is what people need to know.
    fn explained(&self, failure: RolloutFailure) -> RolloutFailure {
        match failure {
            RolloutFailure::RolledBack { to, reason } => RolloutFailure::RolledBack {
                to,
                reason: self.with_reasons(reason),
            },
            RolloutFailure::Failed { reason } => RolloutFailure::Failed {
                reason: self.with_reasons(reason),
            },
            other => other,
        }
    }

    pub(super) fn timed_out(&self, after: Duration) -> RolloutFailure {
        RolloutFailure::TimedOut {
            seconds: after.as_secs(),
            reason: self.with_reasons(self.last.clone()),
        }
    }

    fn with_reasons(&self, said: String) -> String {
        let reasons = self.reasons.iter().map(|why| format!("a task stopped: {why}"));
        std::iter::once(said)
            .chain(reasons)
            .collect::<Vec<_>>()
            .join("; ")
    }
}
