//! Staying with a task to its end.

use std::time::Duration;

use aws_sdk_ecs::types::Task;
use tokio::time::sleep;

use super::TaskOrder;
use super::judge::{TaskFailure, judge};
use super::log::TaskLog;
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::{ask, order};
use crate::aws::told::{Listener, OUT_OF_REACH, Waiting};
use crate::aws::wait::Wait;
use crate::tools::CancelToken;

/// How many looks may miss a task: one that has just been started is not known everywhere at once.
const MISSES: usize = 15;
/// How long a task may take to stop: the longest time that ECS leaves a container, and some for ECS itself.
const STOPPING: Duration = Duration::from_secs(180);
/// How many looks in a row must find no new line before a log counts as read: its last lines come after the task's end.
const QUIET: usize = 3;

impl Aws {
    /// Stays with a task until it has stopped, tells its lines, and judges it.
    pub(super) async fn watch_task(
        &self,
        wanted: &TaskOrder,
        task: &str,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<(), AwsError> {
        let mut log = TaskLog::new(&wanted.definition, task);
        let doing = format!("waiting for task {task}");
        let wait = Wait::begin(doing, (self.pace, wanted.limit), cancel);
        let ended = match self
            .follow_task((&wanted.cluster, task), wait, &mut log, tell)
            .await
        {
            Ok(ended) => ended,
            Err(error @ (AwsError::Interrupted { .. } | AwsError::TimedOut { .. })) => {
                self.stop_task((&wanted.cluster, task), tell).await?;
                self.read_out(&mut log, tell).await;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        self.read_out(&mut log, tell).await;
        let judged = ended.ok_or(TaskFailure::Forgotten);
        let judged = judged.and_then(|ended| judge(&ended, &wanted.container));
        judged.map_err(|failure| AwsError::Task {
            task: task.to_owned(),
            failure,
        })
    }

    /// Waits until a task has stopped, and tells its lines until then. None when ECS does not know it.
    async fn follow_task(
        &self,
        (cluster, task): (&str, &str),
        mut wait: Wait<'_>,
        log: &mut TaskLog,
        tell: &mut Listener<'_>,
    ) -> Result<Option<Task>, AwsError> {
        let mut waiting = Waiting::default();
        let mut misses = 0;
        loop {
            let seen = self.describe_task(cluster, task, wait.cancel).await;
            let seen = wait.outlast(seen)?;
            log.tell(self, tell, wait.cancel).await;
            match seen {
                Some(Some(seen)) if has_stopped(&seen) => return Ok(Some(seen)),
                Some(Some(seen)) => waiting.tell(state(&seen, task), tell),
                Some(None) if misses == MISSES => return Ok(None),
                Some(None) => misses += 1,
                None => waiting.tell(OUT_OF_REACH, tell),
            }
            if wait.is_over() {
                return Err(wait.timed_out(format!("task {task} has not ended")));
            }
            wait.pause().await?;
        }
    }

    /// Stops a task and waits until it has stopped, whatever else is to stop.
    async fn stop_task(
        &self,
        (cluster, task): (&str, &str),
        tell: &mut Listener<'_>,
    ) -> Result<(), AwsError> {
        let doing = format!("stop task {task}");
        let stop = self.ecs.stop_task().cluster(cluster).task(task);
        order(&doing, stop.reason("it was cancelled").send()).await?;
        let cancel = CancelToken::new();
        let mut wait = Wait::begin(doing, (self.pace, STOPPING), &cancel);
        let mut waiting = Waiting::default();
        loop {
            let seen = self.describe_task(cluster, task, &cancel).await;
            match wait.outlast(seen)? {
                Some(Some(seen)) if !has_stopped(&seen) => waiting.tell(state(&seen, task), tell),
                Some(_) => return Ok(()),
                None => waiting.tell(OUT_OF_REACH, tell),
            }
            if wait.is_over() {
                return Err(wait.timed_out(format!("task {task} has not stopped")));
            }
            wait.pause().await?;
        }
    }

    /// Tells the last lines.
    async fn read_out(&self, log: &mut TaskLog, tell: &mut Listener<'_>) {
        let mut quiet = 0;
        while quiet < QUIET {
            let is_any = log.tell(self, tell, &CancelToken::new()).await;
            quiet = if is_any { 0 } else { quiet + 1 };
            sleep(self.pace / 2).await;
        }
    }

    async fn describe_task(
        &self,
        cluster: &str,
        task: &str,
        cancel: &CancelToken,
    ) -> Result<Option<Task>, AwsError> {
        let describe = self.ecs.describe_tasks().cluster(cluster).tasks(task);
        let answer = ask(format!("look at task {task}"), cancel, describe.send()).await?;
        Ok(answer.tasks.unwrap_or_default().into_iter().next())
    }
}

fn has_stopped(seen: &Task) -> bool {
    seen.last_status() == Some("STOPPED")
}

/// Says what a task is at.
fn state(seen: &Task, task: &str) -> String {
    let id = task.rsplit('/').next().unwrap_or(task);
    let status = seen.last_status().unwrap_or("unknown").to_lowercase();
    let is_pulling = seen.pull_started_at().is_some() && seen.pull_stopped_at().is_none();
    let what = if is_pulling { "pulling its image" } else { &status };
    format!("task {id}: {what}")
}
