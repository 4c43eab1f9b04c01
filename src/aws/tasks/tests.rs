//! What answers of ECS mean for a task.

use aws_sdk_ecs::types::{Container, Task, TaskStopCode};
use serde_json::{Value, json};

use super::judge::judge;
use super::*;
use crate::aws::testing::Stand;

const TASK: &str = "arn:aws:ecs:eu-central-1:1:task/notes/0123";

fn ended(code: TaskStopCode, reason: &str, containers: &[(&str, Option<i32>, &str)]) -> Task {
    let container = |(name, code, reason): &(&str, Option<i32>, &str)| {
        let reason = Some((*reason).to_owned()).filter(|reason| !reason.is_empty());
        Container::builder()
            .name(*name)
            .set_exit_code(*code)
            .set_reason(reason)
            .build()
    };
    Task::builder()
        .last_status("STOPPED")
        .stop_code(code)
        .stopped_reason(reason)
        .set_containers(Some(containers.iter().map(container).collect()))
        .build()
}

fn exited(containers: &[(&str, Option<i32>, &str)]) -> Task {
    ended(
        TaskStopCode::EssentialContainerExited,
        "Essential container in task exited",
        containers,
    )
}

#[test]
fn an_exit_code_is_the_main_containers() {
    assert_eq!(
        judge(
            &exited(&[("prepare", Some(0), ""), ("migrate", Some(0), "")]),
            "migrate"
        ),
        Ok(())
    );
    assert_eq!(
        judge(
            &exited(&[("proxy", Some(9), ""), ("migrate", Some(0), "")]),
            "migrate"
        ),
        Ok(())
    );
    let failed = judge(
        &exited(&[("prepare", Some(0), ""), ("migrate", Some(3), "")]),
        "migrate",
    );
    assert_eq!(failed, Err(TaskFailure::Exited { code: 3 }));
}

#[test]
fn a_container_that_comes_first_and_fails_is_named() {
    let task = exited(&[("prepare", Some(1), ""), ("migrate", None, "")]);
    let container = "prepare".to_owned();
    assert_eq!(
        judge(&task, "migrate"),
        Err(TaskFailure::Before { container, code: 1 })
    );
}

#[test]
fn a_program_that_was_killed_for_its_memory_is_told_apart() {
    let reason = "OutOfMemoryError: Container killed due to memory usage";
    let failure = judge(&exited(&[("migrate", Some(137), reason)]), "migrate").unwrap_err();
    assert!(matches!(failure, TaskFailure::Memory { .. }), "{failure:?}");
}

#[test]
fn a_task_that_was_stopped_has_not_done_its_part_whatever_its_exit_code() {
    for (code, by) in [
        (TaskStopCode::UserInitiated, "somebody"),
        (TaskStopCode::SpotInterruption, "AWS"),
        (TaskStopCode::TerminationNotice, "AWS"),
    ] {
        let task = ended(code, "Task stopped by user", &[("migrate", Some(0), "")]);
        let reason = "Task stopped by user".to_owned();
        assert_eq!(judge(&task, "migrate"), Err(TaskFailure::Stopped { by, reason }));
    }
}

#[test]
fn what_a_task_lacked_for_its_start_is_read_from_the_reason() {
    let cases = [
        (
            StartProblem::Image,
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref x: not found",
        ),
        (
            StartProblem::Image,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: AccessDeniedException",
        ),
        (
            StartProblem::Image,
            "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue",
        ),
        (
            StartProblem::Secret,
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: ResourceNotFoundException",
        ),
        (
            StartProblem::Log,
            "ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException",
        ),
        (
            StartProblem::Capacity,
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
        ),
        (
            StartProblem::Network,
            "Timeout waiting for network interface provisioning to complete.",
        ),
        (
            StartProblem::Other,
            "CannotStartContainerError: exec: no such file: DENIED",
        ),
    ];
    for (expected, reason) in cases {
        let task = ended(TaskStopCode::TaskFailedToStart, reason, &[("migrate", None, "")]);
        let Err(TaskFailure::NeverStarted { problem, .. }) = judge(&task, "migrate") else {
            panic!("it never started: {reason}");
        };
        assert_eq!(problem, expected, "{reason}");
    }
}

fn order() -> TaskOrder {
    TaskOrder {
        name: "run-7/migrate".to_owned(),
        cluster: "notes".to_owned(),
        definition: "arn:aws:ecs:eu-central-1:1:task-definition/notes-migrate:7".to_owned(),
        container: "migrate".to_owned(),
        command: None,
        environment: BTreeMap::new(),
        network: TaskNetwork {
            subnets: vec!["subnet-1".to_owned()],
            security_groups: vec!["sg-1".to_owned()],
        },
        known: None,
        limit: Duration::from_secs(20),
    }
}

/// An ECS with no task yet, which starts one and writes no log.
fn stand() -> Stand {
    let started = json!({ "tasks": [{ "taskArn": TASK }], "failures": [] });
    Stand::default()
        .answer("ListTasks", 200, json!({ "taskArns": [] }))
        .answer("RunTask", 200, started)
        .answer(
            "DescribeTaskDefinition",
            200,
            json!({ "taskDefinition": { "containerDefinitions": [] } }),
        )
}

fn state(status: &str, code: Option<i32>) -> Value {
    let container = json!({ "name": "migrate", "exitCode": code });
    json!({ "tasks": [{ "taskArn": TASK, "lastStatus": status, "containers": [container] }] })
}

fn missing() -> Value {
    json!({ "tasks": [], "failures": [{ "arn": TASK, "reason": "MISSING" }] })
}

async fn run(stand: &Stand, order: &TaskOrder) -> (Result<TaskEnd, AwsError>, Vec<Told>) {
    let aws = stand.start().await;
    let mut told = Vec::new();
    let mut listen = |news| told.push(news);
    let ended = aws.run_task(order, &mut listen, &CancelToken::new()).await;
    (ended, told)
}

#[tokio::test]
async fn a_task_is_waited_for_though_it_is_not_known_at_once_and_ecs_stumbles() {
    let stand = stand()
        .answer("DescribeTasks", 200, missing())
        .answer("DescribeTasks", 500, "{}")
        .answer("DescribeTasks", 200, state("PENDING", None))
        .answer("DescribeTasks", 200, state("STOPPED", Some(0)));
    let (ended, told) = run(&stand, &order()).await;
    let end = ended.unwrap();
    assert_eq!((end.task.as_str(), end.is_found), (TASK, false));
    assert_eq!(
        told,
        [
            Told::Task(TASK.to_owned()),
            Told::WaitingFor("AWS, which does not answer".to_owned()),
            Told::WaitingFor("task 0123: pending".to_owned()),
        ]
    );
    let asked: Value = serde_json::from_str(&stand.calls("RunTask")[0]).unwrap();
    assert_eq!(asked["startedBy"], "run-7/migrate");
    assert_eq!(asked["clientToken"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_task_that_stays_unknown_is_forgotten() {
    let stand = stand().answer("DescribeTasks", 200, missing());
    let (ended, _) = run(&stand, &order()).await;
    let Err(AwsError::Task { failure, .. }) = ended else {
        panic!("it is forgotten: {ended:?}");
    };
    assert_eq!(failure, TaskFailure::Forgotten);
}

#[tokio::test]
async fn a_task_that_ecs_would_not_start_says_why() {
    let failure = json!({ "reason": "Capacity is unavailable at this time", "detail": "eu-central-1a" });
    let stand = Stand::default()
        .answer("ListTasks", 200, json!({ "taskArns": [] }))
        .answer("RunTask", 200, json!({ "tasks": [], "failures": [failure] }));
    let (ended, told) = run(&stand, &order()).await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.ends_with(": Capacity is unavailable at this time: eu-central-1a"),
        "{error}"
    );
    assert_eq!(told, []);
}

#[tokio::test]
async fn a_right_that_is_missing_is_told_as_aws_tells_it() {
    let denied =
        json!({ "__type": "AccessDeniedException", "message": "not authorized to perform: iam:PassRole" });
    let stand = Stand::default()
        .answer("ListTasks", 200, json!({ "taskArns": [] }))
        .answer("RunTask", 400, denied);
    let error = run(&stand, &order()).await.0.unwrap_err();
    let said = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        said.contains("AccessDeniedException: not authorized to perform: iam:PassRole (request r-1)"),
        "{said}"
    );
    assert!(error.advice().unwrap().contains("lacks a right"));
}

#[tokio::test]
async fn a_log_that_may_not_be_read_is_told_once_and_leaves_the_task_alone() {
    let options = json!({ "awslogs-group": "g", "awslogs-stream-prefix": "migrate" });
    let container =
        json!({ "name": "migrate", "logConfiguration": { "logDriver": "awslogs", "options": options } });
    let stand = Stand::default()
        .answer("ListTasks", 200, json!({ "taskArns": [] }))
        .answer("RunTask", 200, json!({ "tasks": [{ "taskArn": TASK }] }))
        .answer(
            "DescribeTaskDefinition",
            200,
            json!({ "taskDefinition": { "containerDefinitions": [container] } }),
        )
        .answer(
            "GetLogEvents",
            400,
            json!({ "__type": "AccessDeniedException", "message": "no" }),
        )
        .answer("DescribeTasks", 200, state("RUNNING", None))
        .answer("DescribeTasks", 200, state("STOPPED", Some(0)));
    let (ended, told) = run(&stand, &order()).await;
    ended.unwrap();
    let events: Vec<&Told> = told
        .iter()
        .filter(|news| matches!(news, Told::Event(_)))
        .collect();
    assert_eq!(events.len(), 1, "{told:?}");
    assert_eq!(stand.calls("GetLogEvents").len(), 1);
}
