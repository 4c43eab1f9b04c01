//! `kubectl`: what the cluster's API does not do with one request.

use std::sync::Arc;

use camino::Utf8PathBuf;
use semver::Version;
use tokio::sync::OnceCell;

use super::access::ClusterAccess;
use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;
use super::output::Stream;

/// The oldest version that is known to do what is asked of it.
pub const KUBECTL_OLDEST: Version = Version::new(1, 30, 0);

/// Speaks to one cluster through `kubectl`.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: Utf8PathBuf,
    access: ClusterAccess,
    version: Arc<OnceCell<Version>>,
}

impl Kubectl {
    /// Takes the program, found with [`find_program`](super::find_program), and the cluster that it is to speak to.
    pub fn new(program: Utf8PathBuf, access: ClusterAccess) -> Self {
        Self {
            program,
            access,
            version: Arc::default(),
        }
    }

    pub(super) fn call(&self, verb: &str, doing: impl Into<String>) -> Invocation {
        self.access.call(&self.program, verb, "--context", doing)
    }

    /// Reads which context of the kubeconfig is used; asks no cluster.
    ///
    /// # Errors
    /// [`ToolError`] when there is no kubeconfig, or no context in it.
    pub async fn context(&self, cancel: &CancelToken) -> Result<String, ToolError> {
        let call = self.call("config", "reading the kubeconfig").args([
            "view",
            "--minify",
            "--output",
            "jsonpath={.current-context}",
        ]);
        Ok(call.run(cancel).await?.stdout.trim().to_owned())
    }

    /// Asks for the program's own version, once.
    ///
    /// # Errors
    /// [`ToolError`] when it cannot be run.
    pub async fn client_version(&self, cancel: &CancelToken) -> Result<Version, ToolError> {
        let call = Invocation::new(&self.program, "asking kubectl for its version")
            .inherit(&self.access.environment)
            .args(["version", "--client"]);
        let version = self
            .version
            .get_or_try_init(|| super::program::version_of(&call, cancel))
            .await;
        version.cloned()
    }

    /// Removes objects and waits until they are gone; what is not there is gone.
    ///
    /// # Errors
    /// [`ToolError`] with what the cluster said.
    pub async fn delete(&self, kind: &str, names: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        let call = self
            .call("delete", format!("removing {kind} {}", names.join(", ")))
            .arg(kind)
            .args(names.iter().copied())
            .args(["--ignore-not-found", "--wait", "--timeout", "5m"]);
        call.run(cancel).await.map(drop)
    }

    /// Removes an object with everything that belongs to it, and waits until all of it is gone.
    ///
    /// # Errors
    /// [`ToolError`] with what the cluster said.
    pub async fn delete_whole(&self, kind: &str, name: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let call = self
            .call("delete", format!("removing {kind} {name}"))
            .args([kind, name, "--cascade", "foreground"])
            .args(["--ignore-not-found", "--wait", "--timeout", "5m"]);
        call.run(cancel).await.map(drop)
    }

    /// Starts the pods of a workload anew, one after the other.
    ///
    /// # Errors
    /// [`ToolError`] with what the cluster said.
    pub async fn restart(&self, workload: &str, cancel: &CancelToken) -> Result<(), ToolError> {
        let call = self
            .call("rollout", format!("restarting {workload}"))
            .args(["restart", workload]);
        call.run(cancel).await.map(drop)
    }

    /// Hands every line that a pod writes to `line`, until the pod ends or, without `follow`, what there is.
    ///
    /// # Errors
    /// [`ToolError`] when the pod cannot be asked.
    pub async fn logs(
        &self,
        of: &str,
        options: &[String],
        line: impl FnMut(Stream, &str) + Send,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let call = self
            .call("logs", format!("reading the log of {of}"))
            .arg(of)
            .args(options.iter().cloned());
        call.stream(cancel, line).await.map(drop)
    }
}
