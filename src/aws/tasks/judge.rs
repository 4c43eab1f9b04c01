//! What the end of a task means.

use std::fmt;

use aws_sdk_ecs::types::{Container, Task, TaskStopCode};
use thiserror::Error;

/// Says why a task did not do its part.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TaskFailure {
    /// Its container never ran.
    #[error("it never started, for {problem}: {reason}")]
    NeverStarted {
        /// What was missing.
        problem: StartProblem,
        /// What ECS said.
        reason: String,
    },
    /// A container that comes before did not do its part.
    #[error("container `{container}`, which comes first, ended with exit code {code}")]
    Before {
        /// That container.
        container: String,
        /// Its exit code.
        code: i32,
    },
    /// Its program ended with an error.
    #[error("its program ended with exit code {code}")]
    Exited {
        /// The exit code.
        code: i32,
    },
    /// Its program was killed for its memory.
    #[error("its program was killed, because it needed more memory than the task has: {reason}")]
    Memory {
        /// What ECS said.
        reason: String,
    },
    /// It was stopped before its end.
    #[error("{by} stopped it: {reason}")]
    Stopped {
        /// Who.
        by: &'static str,
        /// What was said.
        reason: String,
    },
    /// ECS does not know it any more.
    #[error("ECS does not know it any more, nor how it ended")]
    Forgotten,
}

/// Says what was missing for a task's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartProblem {
    /// An image.
    Image,
    /// A secret.
    Secret,
    /// The log it was to write to.
    Log,
    /// A machine.
    Capacity,
    /// An address in the network, or the way to what is needed.
    Network,
    /// Something else.
    Other,
}

impl fmt::Display for StartProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Image => "want of an image",
            Self::Secret => "want of a secret",
            Self::Log => "want of a log",
            Self::Capacity => "want of capacity",
            Self::Network => "want of a network",
            Self::Other => "another reason",
        })
    }
}

impl TaskFailure {
    /// Says what to do next, where that is known.
    pub(in crate::aws) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NeverStarted { problem, .. } => problem.advice(),
            Self::Memory { .. } => Some("give the task more memory"),
            Self::Forgotten => Some("its log group has what it wrote; look there whether it did its part"),
            _ => None,
        }
    }
}

impl StartProblem {
    fn advice(self) -> Option<&'static str> {
        match self {
            Self::Image => Some(
                "look whether the image is in the registry, and whether the execution role and the subnets reach it",
            ),
            Self::Secret => Some(
                "look whether the secret has a value, and whether the execution role and the subnets reach it",
            ),
            Self::Log => {
                Some("look whether the log group is there, and whether the execution role may write to it")
            }
            Self::Capacity => Some("AWS has no room in these zones just now: try again later"),
            Self::Network => Some("look at the subnets: free addresses, routes, endpoints, security groups"),
            Self::Other => None,
        }
    }

    /// Reads it out of ECS's reason. The words before the colon are a fixed list; behind it is what another service said.
    fn of(reason: &str) -> Self {
        let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        if has(&["Capacity is unavailable", "RESOURCE:"]) {
            Self::Capacity
        } else if has(&["network interface"]) {
            Self::Network
        } else if has(&[
            "CannotPull",
            "registry auth from",
            "ecr registry auth",
            "retrieve ecr",
            "InvalidImage",
        ]) {
            Self::Image
        } else if has(&["secret"]) {
            Self::Secret
        } else if has(&["logger", "log group", "log stream", "log driver"]) {
            Self::Log
        } else {
            Self::Other
        }
    }
}

/// Judges a task that has stopped, by the container whose exit code is the task's.
pub(super) fn judge(task: &Task, container: &str) -> Result<(), TaskFailure> {
    if let Some(by) = stopped_by(task) {
        let reason = why_stopped(task);
        return Err(TaskFailure::Stopped { by, reason });
    }
    let ours = task.containers().iter().find(|one| one.name() == Some(container));
    match ours.and_then(Container::exit_code) {
        Some(0) => Ok(()),
        Some(code) => Err(ours
            .and_then(out_of_memory)
            .unwrap_or(TaskFailure::Exited { code })),
        None => Err(failed_before(task, container).unwrap_or_else(|| {
            let reason = why_stopped(task);
            let problem = StartProblem::of(&reason);
            TaskFailure::NeverStarted { problem, reason }
        })),
    }
}

/// Names who stopped it, when it did not end by itself. An exit code then says nothing: ECS asks first, and a program may
/// answer with 0.
fn stopped_by(task: &Task) -> Option<&'static str> {
    match task.stop_code()? {
        TaskStopCode::UserInitiated => Some("somebody"),
        TaskStopCode::ServiceSchedulerInitiated => Some("its service"),
        TaskStopCode::SpotInterruption
        | TaskStopCode::TerminationNotice
        | TaskStopCode::InfrastructureHealth => Some("AWS"),
        _ => None,
    }
}

fn out_of_memory(container: &Container) -> Option<TaskFailure> {
    let reason = container
        .reason()
        .filter(|reason| reason.contains("OutOfMemory"))?;
    Some(TaskFailure::Memory {
        reason: reason.to_owned(),
    })
}

/// Finds a container that ended badly while ours waited for it.
fn failed_before(task: &Task, container: &str) -> Option<TaskFailure> {
    let others = task
        .containers()
        .iter()
        .filter(|one| one.name() != Some(container));
    let mut failed = others.filter_map(|one| Some((one.name()?, one.exit_code().filter(|code| *code != 0)?)));
    failed.next().map(|(container, code)| TaskFailure::Before {
        container: container.to_owned(),
        code,
    })
}

/// Says why a task stopped: ECS's reason, and those of its containers that say more.
pub(in crate::aws) fn why_stopped(task: &Task) -> String {
    let of_task = task.stopped_reason().filter(|reason| !reason.is_empty());
    let mut said: Vec<String> = of_task.map(str::to_owned).into_iter().collect();
    for container in task.containers() {
        let name = container.name().unwrap_or("a container");
        if let Some(reason) = container
            .reason()
            .filter(|reason| !said.iter().any(|one| one.contains(reason)))
        {
            said.push(format!("{name}: {reason}"));
        }
        if let Some(code) = container.exit_code().filter(|code| *code != 0) {
            said.push(format!("{name} ended with exit code {code}"));
        }
    }
    if said.is_empty() {
        return "no reason was given".to_owned();
    }
    said.join("; ")
}
