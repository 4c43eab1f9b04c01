//! Tasks that run once.

use std::time::Duration;

use aws_sdk_ecs::types::{ContainerDefinition, Secret};
use landfall::aws::{AwsError, StartProblem, TaskFailure, Told};
use landfall::tools::CancelToken;

use super::ground::{Ground, lines};

#[tokio::test]
async fn a_task_that_ends_well_is_done_and_its_lines_are_told() {
    let Some(ground) = Ground::new().await else { return };
    let script = ["sh", "-c", "echo one; sleep 1; echo $WORD"];
    let definition = ground.define("talks", &ground.shell().await, &script).await;
    let mut order = ground.order("talks", &definition);
    order.environment.insert("WORD".to_owned(), "two".to_owned());
    let (ended, told) = ground.run(&order).await;
    let end = ended.unwrap();
    assert!(!end.is_found);
    assert_eq!(told[0], Told::Task(end.task));
    assert_eq!(lines(&told), ["one", "two"]);
}

#[tokio::test]
async fn a_task_that_ends_with_an_error_has_failed() {
    let Some(ground) = Ground::new().await else { return };
    let script = ["sh", "-c", "echo no such table >&2; exit 3"];
    let definition = ground.define("fails", &ground.shell().await, &script).await;
    let order = ground.order("fails", &definition);
    let (ended, told) = ground.run(&order).await;
    assert_eq!(failure(ended.map(drop)), TaskFailure::Exited { code: 3 });
    assert_eq!(lines(&told), ["no such table"]);
}

#[tokio::test]
async fn a_task_whose_image_is_not_there_never_started() {
    let Some(ground) = Ground::new().await else { return };
    let image = format!(
        "{}/landfall/sample-web@sha256:{}",
        ground.emulator.registry,
        "0".repeat(64)
    );
    let definition = ground.define("absent", &image, &[]).await;
    let order = ground.order("absent", &definition);
    let (ended, _) = ground.run(&order).await;
    let error = ended.unwrap_err();
    assert!(error.advice().unwrap().contains("registry"));
    let TaskFailure::NeverStarted { problem, reason } = failure(Err(error)) else {
        panic!("it never started");
    };
    assert_eq!(problem, StartProblem::Image, "{reason}");
    assert!(reason.starts_with("CannotPullContainerError"), "{reason}");
}

#[tokio::test]
async fn a_task_whose_secret_is_not_there_never_started() {
    let Some(ground) = Ground::new().await else { return };
    let arn = "arn:aws:secretsmanager:eu-central-1:000000000042:secret:no-such-secret";
    let secret = Secret::builder().name("WORD").value_from(arn).build().unwrap();
    let container = ContainerDefinition::builder().command("true").secrets(secret);
    let definition = ground.register("secret", &ground.shell().await, container).await;
    let order = ground.order("secret", &definition);
    let (ended, _) = ground.run(&order).await;
    let TaskFailure::NeverStarted { problem, reason } = failure(ended.map(drop)) else {
        panic!("it never started");
    };
    assert_eq!(problem, StartProblem::Secret, "{reason}");
}

#[tokio::test]
async fn a_task_is_stopped_when_everything_is_to_stop() {
    let Some(ground) = Ground::new().await else { return };
    let definition = waiting(&ground).await;
    let order = ground.order("waits", &definition);
    let (cancel, mut task) = (CancelToken::new(), None);
    let mut listen = |news| match news {
        Told::Task(arn) => task = Some(arn),
        Told::Line(line) if line == "ready" => cancel.force(),
        _ => {}
    };
    let error = ground
        .aws
        .run_task(&order, &mut listen, &cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, AwsError::Interrupted { .. }), "{error:?}");
    let task = ground.task(&task.unwrap()).await;
    assert_eq!(
        (task.last_status(), task.stopped_reason()),
        (Some("STOPPED"), Some("it was cancelled"))
    );
}

#[tokio::test]
async fn a_task_that_takes_too_long_is_stopped() {
    let Some(ground) = Ground::new().await else { return };
    let definition = waiting(&ground).await;
    let mut order = ground.order("waits", &definition);
    order.limit = Duration::from_secs(3);
    let (ended, told) = ground.run(&order).await;
    let error = ended.unwrap_err();
    assert!(matches!(error, AwsError::TimedOut { .. }), "{error:?}");
    let Told::Task(task) = &told[0] else {
        panic!("the task is told first");
    };
    assert_eq!(ground.task(task).await.last_status(), Some("STOPPED"));
}

#[tokio::test]
async fn a_task_that_somebody_stops_has_failed_whatever_its_exit_code() {
    let Some(ground) = Ground::new().await else { return };
    let definition = waiting(&ground).await;
    let order = ground.order("waits", &definition);
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut listen = |news| drop(sender.send(news));
    let cancel = CancelToken::new();
    let run = ground.aws.run_task(&order, &mut listen, &cancel);
    let stop = async {
        let Some(Told::Task(task)) = receiver.recv().await else {
            panic!("the task is told first");
        };
        while receiver.recv().await != Some(Told::Line("ready".to_owned())) {}
        let stop = ground
            .ecs
            .stop_task()
            .cluster(&ground.cluster)
            .task(task)
            .reason("enough");
        stop.send().await.unwrap();
    };
    let (ended, ()) = tokio::join!(run, stop);
    let expected = TaskFailure::Stopped {
        by: "somebody",
        reason: "enough".to_owned(),
    };
    assert_eq!(failure(ended.map(drop)), expected);
}

#[tokio::test]
async fn a_run_that_was_killed_finds_its_task_again() {
    let Some(ground) = Ground::new().await else { return };
    let script = ["sh", "-c", "echo begun; sleep 4; echo done"];
    let definition = ground.define("slow", &ground.shell().await, &script).await;
    let order = ground.order("slow", &definition);
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let (aws, killed) = (ground.aws.clone(), order.clone());
    let first = tokio::spawn(async move {
        let mut listen = |news| drop(sender.send(news));
        aws.run_task(&killed, &mut listen, &CancelToken::new())
            .await
            .map(drop)
    });
    let Some(Told::Task(task)) = receiver.recv().await else {
        panic!("the task is told first");
    };
    while receiver.recv().await != Some(Told::Line("begun".to_owned())) {}
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());

    let (ended, told) = ground.run(&order).await;
    let end = ended.unwrap();
    assert!(end.is_found);
    assert_eq!(end.task, task);
    assert_eq!(lines(&told), ["begun", "done"]);
    // It has ended by now, and is found all the same.
    let (ended, _) = ground.run(&order).await;
    assert_eq!(ended.unwrap(), end);
    assert_eq!(count(&ground).await, 1);
}

#[tokio::test]
async fn two_runs_at_once_start_one_task() {
    let Some(ground) = Ground::new().await else { return };
    let definition = ground
        .define("once", &ground.shell().await, &["sleep", "2"])
        .await;
    let order = ground.order("once", &definition);
    let cancel = CancelToken::new();
    let (mut one, mut other) = (|_| (), |_| ());
    let both = (
        ground.aws.run_task(&order, &mut one, &cancel),
        ground.aws.run_task(&order, &mut other, &cancel),
    );
    let (one, other) = tokio::join!(both.0, both.1);
    assert_eq!(one.unwrap().task, other.unwrap().task);
    assert_eq!(count(&ground).await, 1);
}

#[tokio::test]
async fn a_task_that_is_known_and_gone_is_not_started_again() {
    let Some(ground) = Ground::new().await else { return };
    let definition = ground.define("gone", &ground.shell().await, &["true"]).await;
    let mut order = ground.order("gone", &definition);
    order.known = Some(format!(
        "arn:aws:ecs:eu-central-1:000000000042:task/{}/0123",
        ground.cluster
    ));
    let (ended, _) = ground.run(&order).await;
    assert_eq!(failure(ended.map(drop)), TaskFailure::Forgotten);
    assert_eq!(count(&ground).await, 0);
}

/// Defines a task that waits until it is stopped.
async fn waiting(ground: &Ground) -> String {
    let script = ["sh", "-c", "echo ready; sleep 600"];
    ground.define("waits", &ground.shell().await, &script).await
}

/// Counts the tasks that there ever were in the cluster.
async fn count(ground: &Ground) -> usize {
    let mut all = 0;
    for status in ["RUNNING", "STOPPED"] {
        let list = ground.ecs.list_tasks().cluster(&ground.cluster);
        let list = list.desired_status(status.into()).send().await.unwrap();
        all += list.task_arns().len();
    }
    all
}

fn failure(ended: Result<(), AwsError>) -> TaskFailure {
    match ended {
        Err(AwsError::Task { failure, .. }) => failure,
        other => panic!("a task should have failed: {other:?}"),
    }
}
