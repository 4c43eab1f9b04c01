//! Finding tasks.

use aws_sdk_ecs::types::{DesiredStatus, Task};

use super::TaskOrder;
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::ask;
use crate::tools::CancelToken;

/// How many tasks ECS describes in one answer.
const AT_ONCE: usize = 100;

impl Aws {
    /// Finds the task of an order that an earlier try has started, running or ended.
    pub(super) async fn find_task(
        &self,
        wanted: &TaskOrder,
        cancel: &CancelToken,
    ) -> Result<Option<String>, AwsError> {
        let list = self.ecs.list_tasks().family(family(&wanted.definition));
        let tasks = self.tasks_of(&wanted.cluster, list, cancel).await?;
        let ours = |task: &Task| task.started_by() == Some(&wanted.name);
        let found = tasks.into_iter().find(ours);
        Ok(found.and_then(|task| task.task_arn))
    }

    /// Describes the tasks that a filter finds, whether they are to run or to stop.
    pub(in crate::aws) async fn tasks_of(
        &self,
        cluster: &str,
        filter: aws_sdk_ecs::operation::list_tasks::builders::ListTasksFluentBuilder,
        cancel: &CancelToken,
    ) -> Result<Vec<Task>, AwsError> {
        let mut arns = Vec::new();
        for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
            let list = filter.clone().cluster(cluster).desired_status(status);
            let pages = list.into_paginator().items().send();
            arns.extend(ask("list tasks", cancel, pages.try_collect()).await?);
        }
        let mut tasks = Vec::new();
        for some in arns.chunks(AT_ONCE) {
            let describe = self.ecs.describe_tasks().cluster(cluster);
            let describe = describe.set_tasks(Some(some.to_vec()));
            let answer = ask("describe tasks", cancel, describe.send()).await?;
            tasks.extend(answer.tasks.unwrap_or_default());
        }
        Ok(tasks)
    }
}

/// Takes the family out of a revision's ARN, `arn:aws:ecs:eu-central-1:1:task-definition/notes-migrate:7`.
fn family(definition: &str) -> &str {
    let name = definition.rsplit('/').next().unwrap_or(definition);
    name.split(':').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_read_from_an_arn_and_from_a_name() {
        let arn = "arn:aws:ecs:eu-central-1:000000000042:task-definition/notes-migrate:7";
        assert_eq!(family(arn), "notes-migrate");
        assert_eq!(family("notes-migrate:7"), "notes-migrate");
    }
}
