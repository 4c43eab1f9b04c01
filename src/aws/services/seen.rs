//! What is seen of a service, as data.

use aws_sdk_ecs::primitives::DateTime;
use aws_sdk_ecs::types::{Container, HealthStatus, Service, ServiceEvent, Task};

use super::rollout::primary;

/// A service as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceSeen {
    /// The revision that it is set to.
    pub definition: String,
    /// How many tasks there should be.
    pub desired: i32,
    /// How many run.
    pub running: i32,
    /// How many are about to.
    pub pending: i32,
    /// The deployment that it runs by.
    pub rollout: Option<RolloutSeen>,
    /// The tasks that are there, those that have ended left out.
    pub tasks: Vec<TaskSeen>,
    /// What ECS has told last, the newest first.
    pub events: Vec<EventSeen>,
}

/// A deployment as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutSeen {
    /// Its id.
    pub id: String,
    /// `COMPLETED`, `IN_PROGRESS` or `FAILED`.
    pub state: String,
    /// What ECS says about it.
    pub reason: String,
}

/// A task as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskSeen {
    /// Its id, without the rest of its ARN.
    pub id: String,
    /// The revision that it runs.
    pub definition: String,
    /// Where it is in its life, such as `RUNNING`.
    pub status: String,
    /// What its health checks say; none when it has none.
    pub is_healthy: Option<bool>,
    /// Its containers, each with the digest of its image where that is known.
    pub images: Vec<(String, Option<String>)>,
    /// When it began to run, in seconds since 1970.
    pub started_at: Option<i64>,
    /// What it waits for; nothing once it runs.
    pub waits_for: Option<String>,
}

/// Something that ECS has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSeen {
    /// When, in seconds since 1970.
    pub at: Option<i64>,
    /// What.
    pub text: String,
}

impl ServiceSeen {
    pub(super) fn of(service: &Service, tasks: &[Task], events: usize) -> Self {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let rollout = primary(service).map(|one| RolloutSeen {
            id: text(one.id()),
            state: text(one.rollout_state().map(|state| state.as_str())),
            reason: text(one.rollout_state_reason()),
        });
        Self {
            definition: text(service.task_definition()),
            desired: service.desired_count(),
            running: service.running_count(),
            pending: service.pending_count(),
            rollout,
            tasks: tasks
                .iter()
                .filter(|task| !has_ended(task))
                .map(TaskSeen::of)
                .collect(),
            events: service.events().iter().take(events).map(EventSeen::of).collect(),
        }
    }
}

impl TaskSeen {
    fn of(task: &Task) -> Self {
        let image = |one: &Container| {
            let name = one.name().unwrap_or_default().to_owned();
            (name, one.image_digest().map(str::to_owned))
        };
        Self {
            id: id_of(task),
            definition: task.task_definition_arn().unwrap_or_default().to_owned(),
            status: task.last_status().unwrap_or_default().to_owned(),
            is_healthy: match task.health_status() {
                Some(HealthStatus::Healthy) => Some(true),
                Some(HealthStatus::Unhealthy) => Some(false),
                _ => None,
            },
            images: task.containers().iter().map(image).collect(),
            started_at: task.started_at().map(DateTime::secs),
            waits_for: waits_for(task),
        }
    }
}

impl EventSeen {
    fn of(event: &ServiceEvent) -> Self {
        Self {
            at: event.created_at().map(DateTime::secs),
            text: event.message().unwrap_or_default().to_owned(),
        }
    }
}

/// Takes a task's id out of its ARN.
pub(super) fn id_of(task: &Task) -> String {
    let arn = task.task_arn().unwrap_or_default();
    arn.rsplit('/').next().unwrap_or(arn).to_owned()
}

/// Says whether none of a task's containers runs any more. What ECS takes away afterwards is no matter of ours.
pub(super) fn has_ended(task: &Task) -> bool {
    matches!(task.last_status(), Some("STOPPED" | "DEPROVISIONING" | "DELETED"))
}

/// Says what a task waits for; nothing when it runs and is not sick, or has ended.
pub(super) fn waits_for(task: &Task) -> Option<String> {
    if has_ended(task) {
        return None;
    }
    let is_pulling = task.pull_started_at().is_some() && task.pull_stopped_at().is_none();
    let what = match (task.last_status().unwrap_or_default(), task.health_status()) {
        _ if task.desired_status() == Some("STOPPED") => "its containers to stop",
        ("RUNNING", Some(HealthStatus::Unhealthy)) => "its health checks, which fail",
        ("RUNNING", _) => return None,
        ("PROVISIONING", _) => "an address in the network",
        ("PENDING", _) if is_pulling => "its image, which is being pulled",
        ("PENDING", _) => "its containers to start",
        ("ACTIVATING", _) => "the load balancer, or its containers to be healthy",
        _ => "ECS",
    };
    Some(format!("task {} waits for {what}", id_of(task)))
}
