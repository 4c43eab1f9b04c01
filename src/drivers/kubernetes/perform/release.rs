//! Helm releases: applied, closed, taken back, and mended where a helm was cut short.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::{Instant, sleep};

use super::super::error::ClusterError;
use super::super::place::{CLOSED, STOPPED};
use super::super::release::{before, is_of, note};
use super::{Output, Performer, Tell, optional, output};
use crate::oci::Digest;
use crate::plan::{ChartRef, Step};
use crate::render::Artifacts;
use crate::tools::{Charted, HelmRelease};

/// How long a helm that somebody killed with its Landfall may still be at work; it does not wait for pods.
const AT_WORK: Duration = Duration::from_secs(20);

/// Charts and values as files, for as long as a helm reads them.
pub(in crate::drivers::kubernetes) struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    /// Writes what helm reads: nothing of it is secret.
    pub(in crate::drivers::kubernetes) fn write(artifacts: &Artifacts) -> Result<Self, ClusterError> {
        let folder = tempfile::Builder::new().prefix("landfall-").tempdir();
        let folder = folder.map_err(ClusterError::file(
            "make a folder in",
            std::env::temp_dir().to_string_lossy().into_owned(),
        ))?;
        let files = Self { folder };
        for (path, artifact) in artifacts.iter() {
            let path = files.path(path);
            let written = fs_err::create_dir_all(path.parent().unwrap_or(&path))
                .and_then(|()| fs_err::write(&path, &artifact.text));
            written.map_err(ClusterError::file("write", path))?;
        }
        Ok(files)
    }

    /// Returns the path of a file.
    pub(in crate::drivers::kubernetes) fn path(&self, below: &Utf8Path) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path())
            .unwrap_or(Utf8Path::new("/tmp"))
            .join(below)
    }
}

impl Performer<'_> {
    async fn history(&self, release: &str) -> Result<Vec<HelmRelease>, ClusterError> {
        let history = self.cluster.api.releases(release, &self.cluster.cancel).await;
        history.map_err(ClusterError::tool(format!("read the revisions of {release}")))
    }

    /// Waits for a helm that is still at work; afterwards one that is pending was cut short.
    async fn settle(&self, release: &str, tell: Tell<'_>) -> Result<Vec<HelmRelease>, ClusterError> {
        let deadline = Instant::now() + AT_WORK;
        loop {
            let history = self.history(release).await?;
            let Some(last) = history.last().filter(|last| last.is_pending()) else {
                return Ok(history);
            };
            if Instant::now() >= deadline {
                tell(&format!(
                    "{release} was left {} by a helm that was cut short",
                    last.status
                ));
                return Ok(history);
            }
            tell(&format!(
                "{release} is {}: waiting for the helm that is at work",
                last.status
            ));
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Waits for a helm that is still at work, then takes away the mark of one that was killed.
    ///
    /// What it left half-done is brought in line by the next one: it compares with what is there.
    async fn mend(&self, release: &str, tell: Tell<'_>) -> Result<Vec<HelmRelease>, ClusterError> {
        let history = self.settle(release, tell).await?;
        let Some(last) = history.last().filter(|last| last.is_pending()) else {
            return Ok(history);
        };
        let record = format!("sh.helm.release.v1.{release}.v{}", last.revision);
        let removed = self
            .cluster
            .kubectl
            .delete("secret", &[&record], &self.cluster.cancel)
            .await;
        removed.map_err(ClusterError::tool(format!("mend the release {release}")))?;
        self.history(release).await
    }

    /// Brings a release in line with its chart and values.
    pub(super) async fn apply_release(
        &self,
        step: &Step,
        chart: &ChartRef,
        stamp: Digest,
        tell: Tell<'_>,
    ) -> Result<Output, ClusterError> {
        let files = Files::write(self.artifacts)?;
        let values: Vec<Utf8PathBuf> = chart.values.iter().map(|path| files.path(path)).collect();
        let history = self.mend(&chart.release, tell).await?;
        let charted = Charted {
            release: &chart.release,
            chart: &files.path(&chart.chart),
            values: &values,
        };
        let note = note(self.run, step.id.as_str(), stamp);
        let applied = self
            .cluster
            .helm
            .upgrade(charted, &note, &self.cluster.cancel)
            .await;
        applied.map_err(ClusterError::tool(format!("apply the release {}", chart.release)))?;
        let before = before(&history, self.run, step.id.as_str());
        Ok(output([("before", optional(before))]))
    }

    /// Keeps users out and stops what runs, with the values that are installed.
    pub(super) async fn close_release(
        &self,
        step: &Step,
        chart: &ChartRef,
        tell: Tell<'_>,
    ) -> Result<Output, ClusterError> {
        let files = Files::write(self.artifacts)?;
        let values = [CLOSED, STOPPED].map(|name| files.path(name.into()));
        let history = self.mend(&chart.release, tell).await?;
        let charted = Charted {
            release: &chart.release,
            chart: &files.path(&chart.chart),
            values: &values,
        };
        let note = note(self.run, step.id.as_str(), Digest::of("closed"));
        let closed = self
            .cluster
            .helm
            .upgrade_reusing(charted, &note, &self.cluster.cancel)
            .await;
        closed.map_err(ClusterError::tool(format!("close the release {}", chart.release)))?;
        let before = before(&history, self.run, step.id.as_str());
        Ok(output([("before", optional(before))]))
    }

    /// Takes a release back to the revision that was there before a step; removes it where there was none.
    pub(super) async fn take_back(&self, step: &Step, release: &str) -> Result<(), ClusterError> {
        let history = self.settle(release, &mut |_| {}).await?;
        let id = step.id.as_str();
        // One that was cut short does not say yet whose it is. Helm goes back from it as from any other.
        let cut_short = history.last().is_some_and(HelmRelease::is_pending);
        let ours = history.iter().rposition(|revision| is_of(revision, self.run, id));
        let Some(ours) = ours.or(history.len().checked_sub(1).filter(|_| cut_short)) else {
            return Ok(());
        };
        let (helm, cancel) = (&self.cluster.helm, &self.cluster.cancel);
        match before(&history, self.run, id) {
            // It went back already when something that was made after ours is deployed, and says so.
            Some(revision) => {
                let back = format!("Rollback to {revision}");
                if !cut_short && history[ours..].iter().any(|later| later.description == back) {
                    return Ok(());
                }
                let taken = helm.rollback(release, revision, cancel).await;
                taken.map_err(ClusterError::tool(format!(
                    "take {release} back to revision {revision}"
                )))
            }
            None => self.remove_release(release).await,
        }
    }

    pub(super) async fn remove_release(&self, release: &str) -> Result<(), ClusterError> {
        // It knows what one that was cut short has made only while its mark is there.
        self.settle(release, &mut |_| {}).await?;
        let removed = self.cluster.helm.uninstall(release, &self.cluster.cancel).await;
        removed.map_err(ClusterError::tool(format!("remove the release {release}")))
    }
}
