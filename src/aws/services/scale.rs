//! How many tasks a service has: none while it is stopped.

use std::time::Duration;

use aws_sdk_ecs::types::{Service, Task};

use super::follow::Watch;
use super::rollout;
use super::{ServiceName, seen::has_ended};
use crate::aws::access::Aws;
use crate::aws::error::AwsError;
use crate::aws::refusal::order;
use crate::aws::told::{Listener, OUT_OF_REACH, Waiting};
use crate::aws::wait::Wait;
use crate::tools::{CancelLevel, CancelToken};

impl Aws {
    /// Sets how many tasks a service has, and waits until it has as many; for none, until the last has ended.
    ///
    /// Tells ECS's events and why tasks stopped. To stop waiting changes nothing in ECS.
    ///
    /// # Errors
    /// [`AwsError::Rollout`] when they did not come in time, [`AwsError::NoService`], [`AwsError::Interrupted`].
    pub async fn scale_service(
        &self,
        name: &ServiceName,
        count: u16,
        limit: Duration,
        tell: &mut Listener<'_>,
        cancel: &CancelToken,
    ) -> Result<(), AwsError> {
        let doing = format!("scale service `{}` to {count}", name.service);
        let (service, tasks) = self.look(name, cancel).await?;
        if cancel.level() == CancelLevel::Force {
            return Err(AwsError::Interrupted { doing });
        }
        if service.desired_count() != i32::from(count) {
            let update = self
                .ecs
                .update_service()
                .cluster(&name.cluster)
                .service(&name.service);
            order(&doing, update.desired_count(count.into()).send()).await?;
        }
        let deployment = rollout::primary(&service)
            .and_then(|one| one.id())
            .unwrap_or_default();
        let mut watch = Watch::begin(deployment);
        watch.skip(&service, &tasks);
        let mut waiting = Waiting::default();
        let mut wait = Wait::begin(&doing, (self.pace, limit), cancel);
        loop {
            match wait.outlast(self.look(name, cancel).await)? {
                Some((service, tasks)) if has_reached(&service, &tasks, count) => return Ok(()),
                Some((service, tasks)) => {
                    watch.tell_news(&service, &tasks, tell);
                    watch.tell_waiting(counted(&service, &tasks, count), &tasks, tell);
                }
                None => waiting.tell(OUT_OF_REACH, tell),
            }
            if wait.is_over() {
                return Err(AwsError::Rollout {
                    service: name.service.clone(),
                    definition: service.task_definition().unwrap_or_default().to_owned(),
                    failure: watch.timed_out(limit).into(),
                });
            }
            wait.pause().await?;
        }
    }
}

/// Says whether a service has as many tasks as it should. It may have more, where autoscaling wants them; but not when it
/// should have none.
fn has_reached(service: &Service, tasks: &[Task], count: u16) -> bool {
    let (desired, there) = (service.desired_count(), running(tasks));
    let is_enough = if count == 0 {
        desired == 0
    } else {
        desired >= count.into()
    };
    is_enough
        && i32::try_from(there) == Ok(desired)
        && tasks
            .iter()
            .all(|task| has_ended(task) || task.last_status() == Some("RUNNING"))
}

fn running(tasks: &[Task]) -> usize {
    tasks.iter().filter(|task| !has_ended(task)).count()
}

fn counted(service: &Service, tasks: &[Task], count: u16) -> String {
    let (desired, there) = (service.desired_count(), running(tasks));
    if desired == i32::from(count) {
        return format!("{count} tasks, and there are {there}");
    }
    format!("{count} tasks, and autoscaling or somebody else wants {desired}")
}
