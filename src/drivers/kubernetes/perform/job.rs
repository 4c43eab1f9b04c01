//! Jobs that Landfall makes, waits for and streams.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::super::error::ClusterError;
use super::super::workload::{kind, name, text, waits_for};
use super::{Files, Performer, Tell};
use crate::plan::ChartRef;
use crate::secret::Secret;
use crate::tools::{Charted, Stream};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(250);
/// Seconds that scheduling and pulling may take beside the work itself.
const ARRIVAL: u32 = 120;

/// How a Job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Absent,
    Active,
    Complete,
    Failed,
}

impl Performer<'_> {
    /// Names this run as objects can be named after it.
    pub(super) fn suffix(&self) -> String {
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        };
        self.run.to_ascii_lowercase().chars().map(plain).collect()
    }

    /// Brings the schema up to date.
    pub(super) async fn migrate(
        &self,
        chart: &ChartRef,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        let manifest = self.migration(chart).await?;
        let job = self.migration_job();
        self.run_job(&job, &manifest, within, tell).await
    }

    /// Names the Job of the migration in this run.
    pub(super) fn migration_job(&self) -> String {
        self.cluster
            .place
            .object(&format!("migration-{}", self.migration_id()))
    }

    /// Two releases on the way of one run have a migration each.
    fn migration_id(&self) -> String {
        let version = self.deployment.version.as_str().replace(['.', '+', '_'], "-");
        format!("{}-{}", self.suffix(), version.to_ascii_lowercase())
    }

    async fn migration(&self, chart: &ChartRef) -> Result<String, ClusterError> {
        let files = Files::write(self.artifacts)?;
        let values: Vec<_> = chart.values.iter().map(|path| files.path(path)).collect();
        let charted = Charted {
            release: &chart.release,
            chart: &files.path(&chart.chart),
            values: &values,
        };
        let id = self.migration_id();
        let set = [("migration.render", "true"), ("migration.runId", id.as_str())];
        let only = "templates/migration.yaml";
        let rendered = self
            .cluster
            .helm
            .template(charted, only, &set, &self.cluster.cancel)
            .await;
        rendered.map_err(ClusterError::tool("render the migration"))
    }

    /// Makes a Job unless this run has done so, and waits for its end.
    ///
    /// One that an earlier try made and that failed, then or since, is made anew: what cut that try short may have taken
    /// its pod too.
    pub(super) async fn run_job(
        &self,
        job: &str,
        manifest: &str,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), ClusterError> {
        let (state, _) = self.state(job).await?;
        let is_made = matches!(state, State::Active | State::Complete);
        if is_made {
            let followed = self.follow(job, within, tell).await;
            if followed.is_ok() || self.state(job).await?.0 != State::Failed {
                return followed;
            }
        }
        if state != State::Absent {
            self.end_job(job).await?;
        }
        let (api, title) = (&self.cluster.api, format!("the Job {job}"));
        let made = api
            .apply(Secret::new(manifest), &title, &self.cluster.cancel)
            .await;
        made.map_err(ClusterError::tool(format!("make {title}")))?;
        self.follow(job, within, tell).await
    }

    /// Removes Jobs, and the network policies for them, that were made for a release but do not belong to it.
    pub(super) async fn remove_beside(&self, release: &str) -> Result<(), ClusterError> {
        let (kubectl, cancel) = (&self.cluster.kubectl, &self.cluster.cancel);
        let failed = || ClusterError::tool(format!("remove the Jobs of {release}"));
        let listed = self.cluster.api.list("jobs,networkpolicies", "", cancel).await;
        let is_of = |object: &&Value| {
            let labels = ["/metadata/labels", "/spec/template/metadata/labels"];
            let instance = |labels| text(object, &format!("{labels}/app.kubernetes.io~1instance")) == release;
            labels.into_iter().any(instance)
        };
        for object in listed.map_err(failed())?.iter().filter(is_of) {
            let removed = kubectl.delete_whole(kind(object), name(object), cancel).await;
            removed.map_err(failed())?;
        }
        Ok(())
    }

    /// Stays with a Job to its end, for as many seconds as its work and its way there may take.
    async fn follow(&self, job: &str, within: u32, tell: Tell<'_>) -> Result<(), ClusterError> {
        let deadline = Instant::now() + Duration::from_secs(u64::from(within + ARRIVAL));
        let mut told = String::new();
        let mut followed = false;
        loop {
            let (state, because) = self.state(job).await?;
            let pod = self.pod_of(job).await?;
            let started = pod
                .as_ref()
                .is_some_and(|pod| matches!(text(pod, "/status/phase"), "Running" | "Succeeded" | "Failed"));
            if started && !followed {
                followed = true;
                self.stream(pod.as_ref().map_or("", |pod| name(pod)), tell).await;
                continue;
            }
            match state {
                State::Complete => return Ok(()),
                State::Failed => return Err(self.failed(job, &because, pod.as_ref()).await),
                State::Absent | State::Active => {}
            }
            let line = match pod.as_ref().and_then(waits_for) {
                Some(why) => format!("{job}: {why}"),
                None => format!("{job} has no pod yet{because}"),
            };
            if Instant::now() > deadline {
                return Err(ClusterError::Job {
                    job: job.to_owned(),
                    because: format!("it did not end in time: {line}"),
                });
            }
            if line != told && !followed {
                tell(&line);
                told = line;
            }
            sleep(PAUSE).await;
        }
    }

    /// Hands on every line that a pod writes, until it ends.
    async fn stream(&self, pod: &str, tell: Tell<'_>) {
        let line = |stream: Stream, line: &str| {
            if stream == Stream::Out {
                tell(line);
            }
        };
        let options = ["--follow".to_owned()];
        // Whether the Job worked is seen by its own state; its log is for people.
        let kubectl = &self.cluster.kubectl;
        let _ = kubectl.logs(pod, &options, line, &self.cluster.cancel).await;
    }

    async fn failed(&self, job: &str, because: &str, pod: Option<&Value>) -> ClusterError {
        let said = match pod {
            Some(pod) => self.last_lines(name(pod)).await,
            None => String::new(),
        };
        ClusterError::Job {
            job: job.to_owned(),
            because: format!("{}{said}", because.trim_start_matches([':', ' '])),
        }
    }

    /// Reads how a Job stands, and why.
    async fn state(&self, job: &str) -> Result<(State, String), ClusterError> {
        let found = self.cluster.api.get("job", job, &self.cluster.cancel).await;
        let Some(found) = found.map_err(ClusterError::tool(format!("look at the Job {job}")))? else {
            return Ok((State::Absent, String::new()));
        };
        let conditions = found.pointer("/status/conditions").and_then(Value::as_array);
        let condition = |kind: &str| {
            conditions
                .into_iter()
                .flatten()
                .find(|condition| text(condition, "/type") == kind && text(condition, "/status") == "True")
        };
        if condition("Complete").is_some() {
            return Ok((State::Complete, String::new()));
        }
        Ok(match condition("Failed") {
            Some(failed) => {
                let because = format!("{}: {}", text(failed, "/reason"), text(failed, "/message"));
                (State::Failed, because)
            }
            None => (State::Active, String::new()),
        })
    }

    async fn pod_of(&self, job: &str) -> Result<Option<Value>, ClusterError> {
        let selector = format!("batch.kubernetes.io/job-name={job}");
        let listed = self
            .cluster
            .api
            .list("pods", &selector, &self.cluster.cancel)
            .await;
        let listed = listed.map_err(ClusterError::tool(format!("look at the pods of {job}")))?;
        Ok(listed.into_iter().find(|object| kind(object) == "Pod"))
    }

    /// Removes a Job, and so ends it where it is still at work.
    pub(super) async fn end_job(&self, job: &str) -> Result<(), ClusterError> {
        let removed = self
            .cluster
            .kubectl
            .delete_whole("job", job, &self.cluster.cancel)
            .await;
        removed.map_err(ClusterError::tool(format!("end the Job {job}")))
    }
}
