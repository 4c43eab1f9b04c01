//! What answers of ECS mean for a rollout.

use std::time::Duration;

use aws_sdk_ecs::types::{Container, Deployment, DeploymentRolloutState, ServiceEvent, Task};
use serde_json::{Value, json};

use super::rollout::{Mismatch, Rollout, compare, judge, to};
use super::*;
use crate::aws::Told;
use crate::aws::testing::Stand;

const OLD: &str = "arn:aws:ecs:eu-central-1:1:task-definition/notes-api:1";
const NEW: &str = "arn:aws:ecs:eu-central-1:1:task-definition/notes-api:2";

fn wanted() -> Wanted {
    Wanted {
        definition: NEW.to_owned(),
        container: "api".to_owned(),
        digests: ["sha256:aa".to_owned(), "sha256:bb".to_owned()].into(),
    }
}

fn deployment(id: &str, status: &str, of: &str, state: DeploymentRolloutState, reason: &str) -> Deployment {
    let deployment = Deployment::builder().id(id).status(status).task_definition(of);
    let deployment = deployment.rollout_state(state).rollout_state_reason(reason);
    deployment
        .desired_count(2)
        .running_count(1)
        .failed_tasks(1)
        .build()
}

fn service(deployments: impl IntoIterator<Item = Deployment>) -> Service {
    let deployments = deployments.into_iter().collect();
    Service::builder().set_deployments(Some(deployments)).build()
}

#[test]
fn a_rollout_is_done_when_our_deployment_is_first_and_completed() {
    use DeploymentRolloutState::{Completed, InProgress};
    let going = service([
        deployment("ours", "PRIMARY", NEW, InProgress, ""),
        deployment("old", "ACTIVE", OLD, Completed, ""),
    ]);
    assert_eq!(
        judge(&going, "ours"),
        Rollout::Going("1 of 2 new tasks, 1 failed".to_owned())
    );
    let done = service([deployment("ours", "PRIMARY", NEW, Completed, "")]);
    assert_eq!(judge(&done, "ours"), Rollout::Completed);
}

#[test]
fn a_silent_way_back_is_a_failure_while_ecs_still_knows_of_ours_and_later() {
    use DeploymentRolloutState::{Completed, Failed, InProgress};
    let gave_up = "ECS deployment circuit breaker: tasks failed to start.";
    let went_back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
    let known = service([
        deployment("back", "PRIMARY", OLD, InProgress, went_back),
        deployment("ours", "ACTIVE", NEW, Failed, gave_up),
    ]);
    let forgotten = service([deployment("back", "PRIMARY", OLD, Completed, went_back)]);
    let told = "(service api) (deployment ours) deployment failed: tasks failed to start.";
    let mut silent = service([deployment(
        "back",
        "PRIMARY",
        OLD,
        Completed,
        "ECS deployment completed.",
    )]);
    silent.events = Some(vec![ServiceEvent::builder().message(told).build()]);
    for (seen, reason) in [(known, gave_up), (forgotten, went_back), (silent, told)] {
        let failure = RolloutFailure::RolledBack {
            to: OLD.to_owned(),
            reason: reason.to_owned(),
        };
        assert_eq!(judge(&seen, "ours"), Rollout::Over(failure));
    }
}

#[test]
fn a_rollout_that_ecs_gives_up_without_a_way_back_has_failed() {
    let given_up = deployment(
        "ours",
        "PRIMARY",
        NEW,
        DeploymentRolloutState::Failed,
        "tasks failed to start",
    );
    let failure = RolloutFailure::Failed {
        reason: "tasks failed to start".to_owned(),
    };
    assert_eq!(judge(&service([given_up]), "ours"), Rollout::Over(failure));
}

#[test]
fn somebody_elses_rollout_of_the_same_revision_is_not_ours() {
    let theirs = deployment(
        "theirs",
        "PRIMARY",
        NEW,
        DeploymentRolloutState::Completed,
        "ECS deployment completed.",
    );
    let failure = RolloutFailure::Replaced {
        by: "theirs".to_owned(),
        to: NEW.to_owned(),
    };
    assert_eq!(judge(&service([theirs]), "ours"), Rollout::Over(failure));
}

#[test]
fn a_deployment_of_a_revision_is_gone_on_with_unless_ecs_gave_it_up() {
    use DeploymentRolloutState::{Failed, InProgress};
    let going = service([deployment("ours", "PRIMARY", NEW, InProgress, "")]);
    assert_eq!(to(&going, NEW), Some("ours".to_owned()));
    assert_eq!(to(&going, OLD), None);
    assert_eq!(
        to(&service([deployment("ours", "PRIMARY", NEW, Failed, "")]), NEW),
        None
    );
}

fn task(definition: &str, digest: Option<&str>) -> Task {
    let container = Container::builder()
        .name("api")
        .set_image_digest(digest.map(str::to_owned));
    Task::builder()
        .task_arn("arn:aws:ecs:eu-central-1:1:task/notes/0123")
        .task_definition_arn(definition)
        .desired_status("RUNNING")
        .last_status("RUNNING")
        .containers(container.build())
        .build()
}

#[test]
fn what_runs_is_compared_by_revision_digest_and_number() {
    let (one, other) = (task(NEW, Some("sha256:aa")), task(NEW, Some("sha256:bb")));
    assert_eq!(compare(&[one.clone(), other], 2, &wanted()), None);
    let too_few = RolloutFailure::TooFew {
        running: 1,
        desired: 2,
    };
    assert_eq!(
        compare(std::slice::from_ref(&one), 2, &wanted()),
        Some(Mismatch::Passing(too_few))
    );
    let old = compare(&[task(OLD, Some("sha256:aa"))], 1, &wanted());
    assert!(
        matches!(old, Some(Mismatch::Passing(RolloutFailure::OtherRevision { .. }))),
        "{old:?}"
    );
    let unknown = compare(&[task(NEW, None)], 1, &wanted());
    assert!(
        matches!(
            unknown,
            Some(Mismatch::Passing(RolloutFailure::OtherImage { .. }))
        ),
        "{unknown:?}"
    );
    let stranger = compare(&[task(NEW, Some("sha256:cc"))], 1, &wanted());
    assert!(
        matches!(
            stranger,
            Some(Mismatch::Lasting(RolloutFailure::OtherImage { .. }))
        ),
        "{stranger:?}"
    );
    let mut draining = task(OLD, Some("sha256:cc"));
    draining.desired_status = Some("STOPPED".to_owned());
    assert_eq!(compare(&[one, draining], 1, &wanted()), None);
}

fn name() -> ServiceName {
    ServiceName {
        cluster: "notes".to_owned(),
        service: "api".to_owned(),
    }
}

fn described(id: &str, definition: &str, state: &str, reason: &str) -> Value {
    let deployment = json!({
        "id": id, "status": "PRIMARY", "taskDefinition": definition, "createdAt": 100.0,
        "rolloutState": state, "rolloutStateReason": reason, "desiredCount": 1,
    });
    let event = |id: &str, at: f64, message: &str| json!({ "id": id, "createdAt": at, "message": message });
    json!({ "services": [{
        "serviceName": "api", "status": "ACTIVE", "desiredCount": 1, "taskDefinition": definition,
        "deployments": [deployment],
        "events": [event("2", 101.0, "(service api) has started 1 tasks"), event("1", 99.0, "of an earlier day")],
    }] })
}

fn tasks(list: Value) -> Value {
    json!({ "tasks": list, "failures": [] })
}

async fn follow(stand: &Stand, limit: Duration) -> (Result<(), AwsError>, Vec<Told>) {
    let aws = stand.start().await;
    let mut told = Vec::new();
    let mut listen = |news| told.push(news);
    let (name, wanted, cancel) = (name(), wanted(), CancelToken::new());
    let followed = aws
        .follow_rollout(&name, ("ours", &wanted), limit, &mut listen, &cancel)
        .await;
    (followed, told)
}

#[tokio::test]
async fn a_rollout_is_told_with_what_happens_and_what_is_waited_for() {
    let running = |digest: Option<&str>| {
        json!({
            "taskArn": "arn:aws:ecs:eu-central-1:1:task/notes/new", "taskDefinitionArn": NEW, "startedBy": "ours",
            "desiredStatus": "RUNNING", "lastStatus": "RUNNING",
            "containers": [{ "name": "api", "imageDigest": digest }],
        })
    };
    let stopped = json!({
        "taskArn": "arn:aws:ecs:eu-central-1:1:task/notes/bad", "startedBy": "ours",
        "desiredStatus": "STOPPED", "lastStatus": "STOPPED", "stopCode": "EssentialContainerExited",
        "stoppedReason": "Essential container in task exited", "containers": [{ "name": "api", "exitCode": 1 }],
    });
    let pending = json!({
        "taskArn": "arn:aws:ecs:eu-central-1:1:task/notes/new", "startedBy": "ours",
        "desiredStatus": "RUNNING", "lastStatus": "PROVISIONING",
    });
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "IN_PROGRESS", ""))
        .answer("DescribeServices", 200, described("ours", NEW, "COMPLETED", ""))
        .answer("ListTasks", 200, json!({ "taskArns": ["a"] }))
        .answer("DescribeTasks", 200, tasks(json!([stopped, pending])))
        .answer("DescribeTasks", 200, tasks(json!([running(None)])))
        .answer("DescribeTasks", 200, tasks(json!([running(None)])))
        .answer("DescribeTasks", 200, tasks(json!([running(Some("sha256:aa"))])));
    let (followed, told) = follow(&stand, Duration::from_secs(20)).await;
    followed.unwrap();
    let event = |text: &str| Told::Event(text.to_owned());
    let waiting = |text: &str| Told::WaitingFor(text.to_owned());
    assert_eq!(
        told,
        [
            event("(service api) has started 1 tasks"),
            event("task bad stopped: Essential container in task exited; api ended with exit code 1"),
            waiting("0 of 1 new tasks; task new waits for an address in the network"),
            waiting(
                "task new runs the image that is not known yet, and what is wanted is sha256:aa or sha256:bb"
            ),
        ]
    );
}

#[tokio::test]
async fn ecs_has_a_moment_to_go_back_after_it_gave_up() {
    let gave_up = "ECS deployment circuit breaker: tasks failed to start.";
    let back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "FAILED", gave_up))
        .answer(
            "DescribeServices",
            200,
            described("back", OLD, "IN_PROGRESS", back),
        )
        .answer("ListTasks", 200, json!({ "taskArns": [] }));
    let (followed, _) = follow(&stand, Duration::from_secs(20)).await;
    let Err(AwsError::Rollout { failure, .. }) = followed else {
        panic!("it was rolled back: {followed:?}");
    };
    assert!(
        matches!(*failure, RolloutFailure::RolledBack { .. }),
        "{failure:?}"
    );
}

#[tokio::test]
async fn what_was_done_on_an_earlier_day_is_not_told_again() {
    let running = json!({
        "taskArn": "arn:aws:ecs:eu-central-1:1:task/notes/old", "taskDefinitionArn": NEW,
        "desiredStatus": "RUNNING", "lastStatus": "RUNNING",
        "containers": [{ "name": "api", "imageDigest": "sha256:aa" }],
    });
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "COMPLETED", ""))
        .answer("ListTasks", 200, json!({ "taskArns": ["a"] }))
        .answer("DescribeTasks", 200, tasks(json!([running])));
    let (followed, told) = follow(&stand, Duration::from_secs(20)).await;
    followed.unwrap();
    assert_eq!(told, []);
}

#[tokio::test]
async fn a_way_back_after_completion_is_seen_too() {
    let back = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.";
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "COMPLETED", ""))
        .answer("DescribeServices", 200, described("back", OLD, "COMPLETED", back))
        .answer("ListTasks", 200, json!({ "taskArns": [] }));
    let error = follow(&stand, Duration::from_secs(20)).await.0.unwrap_err();
    let said = std::error::Error::source(&error).unwrap();
    insta::assert_snapshot!(format!("{error}: {said}"), @"service `api` does not run arn:aws:ecs:eu-central-1:1:task-definition/notes-api:2: ECS gave up and went back to arn:aws:ecs:eu-central-1:1:task-definition/notes-api:1: ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.");
}

#[tokio::test]
async fn a_rollout_that_takes_too_long_says_what_it_waited_for() {
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "IN_PROGRESS", ""))
        .answer("ListTasks", 200, json!({ "taskArns": [] }));
    let error = follow(&stand, Duration::ZERO).await.0.unwrap_err();
    let said = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(said, "it was not done after 0 s: 0 of 1 new tasks");
}

#[tokio::test]
async fn a_service_that_somebody_wants_to_run_is_not_stopped() {
    let stand = Stand::default()
        .answer("DescribeServices", 200, described("ours", NEW, "COMPLETED", ""))
        .answer("UpdateService", 200, json!({ "service": {} }))
        .answer("ListTasks", 200, json!({ "taskArns": [] }));
    let aws = stand.start().await;
    let mut listen = |_| ();
    let cancel = CancelToken::new();
    let stopped = aws
        .scale_service(&name(), 0, Duration::ZERO, &mut listen, &cancel)
        .await;
    let said = std::error::Error::source(&stopped.unwrap_err())
        .unwrap()
        .to_string();
    assert!(
        said.ends_with("0 tasks, and autoscaling or somebody else wants 1"),
        "{said}"
    );
}
