//! What a look at a service means for a rollout.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service, Task};

use super::{RolloutFailure, Wanted};

/// How a rollout stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rollout {
    /// It goes on; this is what ECS waits for.
    Going(String),
    /// ECS is done with it.
    Completed,
    /// It came to nothing.
    Over(RolloutFailure),
}

/// Finds the deployment that a service runs by, if it is of a revision and was not given up.
pub(super) fn to(service: &Service, definition: &str) -> Option<String> {
    let first = primary(service)?;
    let is_ours = first.task_definition() == Some(definition)
        && first.rollout_state() != Some(&DeploymentRolloutState::Failed);
    is_ours.then(|| first.id().map(str::to_owned)).flatten()
}

/// Says whether a service has the deployment with an id.
pub(super) fn is_known(service: &Service, id: &str) -> bool {
    service.deployments().iter().any(|one| one.id() == Some(id))
}

/// Judges the deployment with an id.
pub(super) fn judge(service: &Service, id: &str) -> Rollout {
    let ours = service.deployments().iter().find(|one| one.id() == Some(id));
    let first = primary(service);
    let is_first = first.is_some_and(|first| first.id() == Some(id));
    let state = ours.and_then(Deployment::rollout_state);
    match (is_first, state) {
        (true, Some(DeploymentRolloutState::Completed)) => Rollout::Completed,
        (true, Some(DeploymentRolloutState::Failed)) => {
            Rollout::Over(RolloutFailure::Failed { reason: reason(ours) })
        }
        (true, _) => Rollout::Going(progress(ours)),
        (false, _) => Rollout::Over(replaced(service, id, ours)),
    }
}

/// Tells a way back of ECS's own from what somebody else ordered: by our deployment while ECS keeps it, then by its events,
/// and by what it says of the deployment that it went back to.
fn replaced(service: &Service, id: &str, ours: Option<&Deployment>) -> RolloutFailure {
    let first = primary(service);
    let to = first
        .and_then(Deployment::task_definition)
        .unwrap_or("nothing")
        .to_owned();
    let has_failed = ours.and_then(Deployment::rollout_state) == Some(&DeploymentRolloutState::Failed);
    let mut said = service.events().iter().filter_map(|event| event.message());
    let event = said.find(|message| message.contains(id) && message.contains("deployment failed"));
    let back = first.and_then(Deployment::rollout_state_reason);
    let back = back.filter(|reason| reason.contains("rolling back") || reason.contains("rollback"));
    let reason = if has_failed {
        Some(reason(ours))
    } else {
        event.or(back).map(str::to_owned)
    };
    match reason {
        Some(reason) => RolloutFailure::RolledBack { to, reason },
        None => RolloutFailure::Replaced {
            by: first.and_then(Deployment::id).unwrap_or("unknown").to_owned(),
            to,
        },
    }
}

pub(super) fn primary(service: &Service) -> Option<&Deployment> {
    service
        .deployments()
        .iter()
        .find(|one| one.status() == Some("PRIMARY"))
}

fn reason(deployment: Option<&Deployment>) -> String {
    let reason = deployment.and_then(Deployment::rollout_state_reason);
    reason
        .filter(|reason| !reason.is_empty())
        .unwrap_or("no reason was given")
        .to_owned()
}

fn progress(deployment: Option<&Deployment>) -> String {
    let Some(one) = deployment else {
        return "ECS, which has not begun".to_owned();
    };
    let failed = match one.failed_tasks() {
        0 => String::new(),
        failed => format!(", {failed} failed"),
    };
    format!(
        "{} of {} new tasks{failed}",
        one.running_count(),
        one.desired_count()
    )
}

/// Finds what keeps a service's tasks from being what is wanted; none when all are.
///
/// A task that is to stop does not count. What may still come right is told apart from what cannot.
pub(super) fn compare(tasks: &[Task], desired: usize, wanted: &Wanted) -> Option<Mismatch> {
    let running: Vec<&Task> = tasks.iter().filter(|task| is_to_run(task)).collect();
    let different = running.iter().find_map(|task| differs(task, wanted));
    if different.is_some() {
        return different;
    }
    let (running, too_few) = (running.len(), running.len() < desired);
    too_few.then_some(Mismatch::Passing(RolloutFailure::TooFew { running, desired }))
}

/// Something that is not as it was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// It may come right.
    Passing(RolloutFailure),
    /// It will not.
    Lasting(RolloutFailure),
}

fn is_to_run(task: &Task) -> bool {
    task.desired_status() == Some("RUNNING") && task.last_status() == Some("RUNNING")
}

fn differs(task: &Task, wanted: &Wanted) -> Option<Mismatch> {
    let id = super::seen::id_of(task);
    let definition = task.task_definition_arn().unwrap_or("an unknown revision");
    if definition != wanted.definition {
        let definition = definition.to_owned();
        return Some(Mismatch::Passing(RolloutFailure::OtherRevision {
            task: id,
            definition,
        }));
    }
    let container = task
        .containers()
        .iter()
        .find(|one| one.name() == Some(&wanted.container));
    let found = container.and_then(|one| one.image_digest());
    if wanted.digests.is_empty() || found.is_some_and(|digest| wanted.digests.contains(digest)) {
        return None;
    }
    let failure = RolloutFailure::OtherImage {
        task: id,
        found: found.unwrap_or("that is not known yet").to_owned(),
        wanted: one_of(&wanted.digests),
    };
    // ECS may tell the digest a moment after the task runs.
    Some(match found {
        None => Mismatch::Passing(failure),
        Some(_) => Mismatch::Lasting(failure),
    })
}

fn one_of(digests: &BTreeSet<String>) -> String {
    let all: Vec<&str> = digests.iter().map(String::as_str).collect();
    all.join(" or ")
}
