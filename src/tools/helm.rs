//! `helm`: releases of charts.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;
use tokio::sync::OnceCell;

use super::access::ClusterAccess;
use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;
use super::program::version_of;

/// The oldest version that renders the charts: they use functions that came with it.
pub const HELM_OLDEST: Version = Version::new(3, 14, 0);

/// Speaks to one cluster through `helm`.
#[derive(Clone, Debug)]
pub struct Helm {
    program: Utf8PathBuf,
    access: ClusterAccess,
    version: Arc<OnceCell<Version>>,
}

/// What a release is made of.
#[derive(Clone, Copy, Debug)]
pub struct Charted<'a> {
    /// The release's name.
    pub release: &'a str,
    /// The chart's folder.
    pub chart: &'a Utf8Path,
    /// Files with values, later ones before earlier ones.
    pub values: &'a [Utf8PathBuf],
}

impl Helm {
    /// Takes the program, found with [`find_program`](super::find_program), and the cluster that it is to speak to.
    pub fn new(program: Utf8PathBuf, access: ClusterAccess) -> Self {
        Self {
            program,
            access,
            version: Arc::default(),
        }
    }

    fn call(&self, verb: &str, doing: impl Into<String>) -> Invocation {
        self.access.call(&self.program, verb, "--kube-context", doing)
    }

    /// Asks for the version, once.
    ///
    /// # Errors
    /// [`ToolError`] when it cannot be run.
    pub async fn version(&self, cancel: &CancelToken) -> Result<Version, ToolError> {
        let call = Invocation::new(&self.program, "asking helm for its version")
            .inherit(&self.access.environment)
            .args(["version", "--short"]);
        let version = self.version.get_or_try_init(|| version_of(&call, cancel)).await;
        version.cloned()
    }

    /// Says how objects are to be brought in line: compared here, as helm 3 does it.
    ///
    /// Left to the cluster, as helm 4 would, an apply is refused where somebody else set a field; what is overwritten
    /// is decided before. And operators may come with one helm today and with the other tomorrow.
    async fn way(&self, cancel: &CancelToken) -> Result<&'static [&'static str], ToolError> {
        let newer = self.version(cancel).await?.major >= 4;
        Ok(if newer { &["--server-side=false"] } else { &[] })
    }

    /// Installs or upgrades a release; what it makes is not waited for.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn upgrade(
        &self,
        charted: Charted<'_>,
        description: &str,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let doing = format!("applying {}", charted.release);
        self.revise(doing, "--install", charted, description, cancel)
            .await
    }

    /// Upgrades a release with the values it has, and more on top; what it makes is not waited for.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn upgrade_reusing(
        &self,
        charted: Charted<'_>,
        description: &str,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let doing = format!("changing {}", charted.release);
        self.revise(doing, "--reset-then-reuse-values", charted, description, cancel)
            .await
    }

    /// Makes another revision of a release, in one of the ways that `helm upgrade` has.
    async fn revise(
        &self,
        doing: String,
        how: &str,
        charted: Charted<'_>,
        description: &str,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let call = self
            .call("upgrade", doing)
            .args([how, "--history-max", "20", "--description", description])
            .args(self.way(cancel).await?.iter().copied())
            .args(charted.arguments());
        call.run(cancel).await.map(drop)
    }

    /// Renders one template of a chart, with more values set.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn template(
        &self,
        charted: Charted<'_>,
        only: &str,
        set: &[(&str, &str)],
        cancel: &CancelToken,
    ) -> Result<String, ToolError> {
        let set = set.iter().flat_map(|(key, value)| {
            // `true` must stay a boolean, and a run's name that looks like a number must not become one.
            let flag = if matches!(*value, "true" | "false") {
                "--set"
            } else {
                "--set-string"
            };
            [flag.to_owned(), format!("{key}={value}")]
        });
        let call = self
            .call("template", format!("rendering {only} of {}", charted.release))
            .args(["--show-only", only])
            .args(set)
            .args(charted.arguments());
        call.run(cancel).await.map(|output| output.stdout)
    }

    /// Renders all templates of a chart for a cluster that is described, and asks none.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn render(
        &self,
        charted: Charted<'_>,
        version: &Version,
        apis: &[String],
        set: &[&str],
        cancel: &CancelToken,
    ) -> Result<String, ToolError> {
        let set = set
            .iter()
            .flat_map(|pair| ["--set".to_owned(), (*pair).to_owned()]);
        let call = self
            .call("template", format!("rendering {}", charted.release))
            .args(["--no-hooks"])
            .args(described(version, apis))
            .args(set)
            .args(charted.arguments())
            .timeout(std::time::Duration::from_secs(20));
        call.run(cancel).await.map(|output| output.stdout)
    }

    /// Renders all templates of a chart as for an upgrade in a cluster that is described, and asks none.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn manifest(
        &self,
        charted: Charted<'_>,
        version: &Version,
        apis: &[String],
        cancel: &CancelToken,
    ) -> Result<String, ToolError> {
        let call = self
            .call("template", format!("rendering {}", charted.release))
            .args(["--no-hooks", "--is-upgrade"])
            .args(described(version, apis))
            .args(charted.arguments());
        call.run(cancel).await.map(|output| output.stdout)
    }

    /// Goes back to a revision; what it makes is not waited for.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn rollback(
        &self,
        release: &str,
        revision: u32,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let call = self
            .call(
                "rollback",
                format!("taking {release} back to revision {revision}"),
            )
            .args([release, &revision.to_string(), "--history-max", "20"])
            .args(self.way(cancel).await?.iter().copied());
        call.run(cancel).await.map(drop)
    }

    /// Removes a release with everything it made; one that is not there is removed already.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn uninstall(&self, release: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let call = self.call("uninstall", format!("removing {release}")).args([
            release,
            "--ignore-not-found",
            "--wait",
            "--timeout",
            "5m",
        ]);
        call.run(cancel).await.map(drop)
    }

    /// Runs the tests of a release.
    ///
    /// # Errors
    /// [`ToolError`] with what helm said.
    pub async fn test(&self, release: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let call =
            self.call("test", format!("testing {release}"))
                .args([release, "--logs", "--timeout", "2m"]);
        call.run(cancel).await.map(drop)
    }
}

/// Describes a cluster to helm: its version, and what it knows.
fn described(version: &Version, apis: &[String]) -> Vec<String> {
    let version = ["--kube-version".to_owned(), version.to_string()];
    let apis = apis
        .iter()
        .flat_map(|api| ["--api-versions".to_owned(), api.clone()]);
    version.into_iter().chain(apis).collect()
}

impl Charted<'_> {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![self.release.to_owned(), self.chart.as_str().to_owned()];
        for file in self.values {
            arguments.extend(["--values".to_owned(), file.as_str().to_owned()]);
        }
        arguments
    }
}
