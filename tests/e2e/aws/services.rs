//! Services: rollouts, their ways to fail, stopping and starting.

use std::collections::BTreeSet;
use std::time::Duration;

use landfall::aws::{AwsError, RolloutFailure, ServiceName, Told, Wanted};

use super::ground::{Ground, PATIENCE, soon};

/// The sample's page, as a service of one task at its first release.
struct Page {
    ground: Ground,
    name: ServiceName,
    first: String,
}

impl Page {
    async fn new() -> Option<Self> {
        let ground = Ground::new().await?;
        let image = ground.emulator.image("landfall/sample-web", "1.0.0").await;
        let first = ground.define("page", &image, &[]).await;
        let name = ground.service("page", &first).await;
        Some(Self { ground, name, first })
    }

    /// Registers another revision, from the image of a release.
    async fn revision(&self, release: &str, command: &[&str]) -> Wanted {
        let image = self.ground.emulator.image("landfall/sample-web", release).await;
        self.revision_of(&image, command).await
    }

    async fn revision_of(&self, image: &str, command: &[&str]) -> Wanted {
        let digest = image.split('@').nth(1).unwrap().to_owned();
        Wanted {
            definition: self.ground.define("page", image, command).await,
            container: "page".to_owned(),
            digests: BTreeSet::from([digest]),
        }
    }

    async fn update(&self, wanted: &Wanted) -> String {
        let Ground { aws, cancel, .. } = &self.ground;
        aws.update_service(&self.name, &wanted.definition, cancel)
            .await
            .unwrap()
    }

    /// Stays with a deployment to its end, and tells how it went.
    async fn follow(&self, id: &str, wanted: &Wanted) -> (Result<(), AwsError>, Vec<Told>) {
        let mut told = Vec::new();
        let mut listen = |news| told.push(news);
        let Ground { aws, cancel, .. } = &self.ground;
        let follow = aws.follow_rollout(&self.name, (id, wanted), PATIENCE, &mut listen, cancel);
        (follow.await, told)
    }

    /// Rolls a revision out to its end, and tells how it went.
    async fn roll(&self, wanted: &Wanted) -> (Result<(), AwsError>, Vec<Told>) {
        let id = self.update(wanted).await;
        self.follow(&id, wanted).await
    }

    async fn seen(&self) -> landfall::aws::ServiceSeen {
        let Ground { aws, cancel, .. } = &self.ground;
        let seen = aws.observe_service(&self.name, 5, cancel).await;
        seen.unwrap().expect("the service is there")
    }

    /// Makes sure that the first revision serves, and nothing else.
    async fn is_back(&self) {
        soon("the first revision", async || {
            let seen = self.seen().await;
            let state = seen.rollout.map(|rollout| rollout.state);
            seen.definition == self.first
                && state.as_deref() == Some("COMPLETED")
                && seen.tasks.len() == 1
                && seen.tasks[0].definition == self.first
        })
        .await;
    }
}

fn failure(ended: Result<(), AwsError>) -> RolloutFailure {
    match ended {
        Err(AwsError::Rollout { failure, .. }) => *failure,
        other => panic!("the rollout should have failed: {other:?}"),
    }
}

#[tokio::test]
async fn a_service_is_rolled_to_a_revision_and_its_digest() {
    let Some(page) = Page::new().await else { return };
    let wanted = page.revision("1.1.0", &[]).await;
    let (rolled, told) = page.roll(&wanted).await;
    rolled.unwrap();
    assert!(told.iter().any(|news| matches!(news, Told::Event(_))), "{told:?}");
    let seen = page.seen().await;
    assert_eq!(
        (seen.definition.as_str(), seen.desired, seen.running),
        (&*wanted.definition, 1, 1)
    );
    let digest = wanted.digests.first().cloned();
    assert_eq!(seen.tasks[0].images, [("page".to_owned(), digest)]);
    assert_eq!(seen.tasks[0].definition, wanted.definition);
    // Once more there is nothing to do, and it is the same deployment.
    assert_eq!(
        Some(page.update(&wanted).await),
        seen.rollout.map(|rollout| rollout.id)
    );
}

#[tokio::test]
async fn a_revision_that_crashes_is_rolled_back_and_that_is_a_failure() {
    let Some(page) = Page::new().await else { return };
    let wanted = page.revision("1.1.0", &["no-such-command"]).await;
    let (rolled, told) = page.roll(&wanted).await;
    let error = rolled.unwrap_err();
    assert!(error.advice().is_some());
    let RolloutFailure::RolledBack { to, reason } = failure(Err(error)) else {
        panic!("it was rolled back");
    };
    assert_eq!(to, page.first);
    assert!(
        reason.contains("circuit breaker") && reason.contains("exit code"),
        "{reason}"
    );
    let stopped = |news: &&Told| matches!(news, Told::Event(text) if text.contains("stopped:"));
    assert!(told.iter().filter(stopped).count() >= 3, "{told:?}");
    page.is_back().await;
}

#[tokio::test]
async fn a_revision_whose_image_is_not_there_is_rolled_back() {
    let Some(page) = Page::new().await else { return };
    let image = format!(
        "{}/landfall/sample-web@sha256:{}",
        page.ground.emulator.registry,
        "0".repeat(64)
    );
    let wanted = page.revision_of(&image, &[]).await;
    let RolloutFailure::RolledBack { reason, .. } = failure(page.roll(&wanted).await.0) else {
        panic!("it was rolled back");
    };
    assert!(reason.contains("CannotPullContainerError"), "{reason}");
    page.is_back().await;
}

#[tokio::test]
async fn a_service_that_runs_another_image_than_was_planned_has_failed() {
    let Some(page) = Page::new().await else { return };
    let mut wanted = page.revision("1.1.0", &[]).await;
    let planned = format!("sha256:{}", "1".repeat(64));
    let runs = std::mem::replace(&mut wanted.digests, [planned.clone()].into());
    let RolloutFailure::OtherImage { found, wanted, .. } = failure(page.roll(&wanted).await.0) else {
        panic!("another image runs");
    };
    assert_eq!((Some(&found), wanted), (runs.first(), planned));
}

#[tokio::test]
async fn a_rollout_that_somebody_else_replaces_has_failed() {
    let Some(page) = Page::new().await else { return };
    let (ours, theirs) = (
        page.revision("1.1.0", &[]).await,
        page.revision("1.2.0", &[]).await,
    );
    let id = page.update(&ours).await;
    let other = page.update(&theirs).await;
    let replaced = RolloutFailure::Replaced {
        by: other,
        to: theirs.definition,
    };
    assert_eq!(failure(page.follow(&id, &ours).await.0), replaced);
}

#[tokio::test]
async fn a_service_is_stopped_and_started() {
    let Some(page) = Page::new().await else { return };
    for (count, tasks) in [(0, 0), (0, 0), (1, 1)] {
        page.ground.scale(&page.name, count, PATIENCE).await.unwrap();
        let seen = page.seen().await;
        assert_eq!((seen.desired, seen.tasks.len()), (count.into(), tasks));
    }
}

#[tokio::test]
async fn a_service_that_does_not_come_up_says_why_its_tasks_stop() {
    let Some(page) = Page::new().await else { return };
    page.ground.scale(&page.name, 0, PATIENCE).await.unwrap();
    // With no task at all, any revision is rolled out at once.
    let wanted = page.revision("1.1.0", &["no-such-command"]).await;
    page.update(&wanted).await;
    let limit = Duration::from_secs(5);
    let scaled = page.ground.scale(&page.name, 1, limit).await;
    let RolloutFailure::TimedOut { reason, .. } = failure(scaled) else {
        panic!("it does not come up");
    };
    assert!(reason.contains("exit code"), "{reason}");
}

#[tokio::test]
async fn a_service_that_is_not_there_is_seen_as_none() {
    let Some(ground) = Ground::new().await else { return };
    let name = ServiceName {
        cluster: ground.cluster.clone(),
        service: "nobody".to_owned(),
    };
    assert_eq!(
        ground
            .aws
            .observe_service(&name, 5, &ground.cancel)
            .await
            .unwrap(),
        None
    );
    let error = ground
        .aws
        .update_service(&name, "x:1", &ground.cancel)
        .await
        .unwrap_err();
    assert!(matches!(error, AwsError::NoService { .. }), "{error:?}");
}
