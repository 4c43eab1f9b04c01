//! `terraform`, or `tofu`, in the folder of one root module.

mod at_work;
mod event;

pub use at_work::at_work;
pub use event::{ChangeCount, Diagnostic, ResourceChange, StateLock, TerraformEvent};

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;
use serde::Deserialize;
use serde_json::Value;

use super::cancel::CancelToken;
use super::error::{Said, ToolError};
use super::invocation::Invocation;
use super::output::Stream;
use super::program::version_of;
use super::signal::StopSignal;
use crate::secret::Secret;

/// The oldest version whose S3 backend locks with a file and that knows write-only arguments.
pub const TERRAFORM_OLDEST: Version = Version::new(1, 11, 0);

/// The file that says which providers a root module uses, with their checksums.
const LOCK_FILE: &str = ".terraform.lock.hcl";

/// How long it may take to write its state down when it is asked to stop: as long as a provider needs for the resource
/// that it is at.
const GRACE: Duration = Duration::from_secs(15 * 60);

/// What a plan is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanMode {
    /// Bring everything in line with the configuration.
    #[default]
    Apply,
    /// Remove everything.
    Destroy,
}

/// Calls the program in the folder of one root module.
#[derive(Clone, Debug)]
pub struct Terraform {
    program: Utf8PathBuf,
    environment: BTreeMap<String, String>,
    folder: Utf8PathBuf,
    secrets: BTreeMap<String, Secret>,
    targets: Vec<String>,
}

impl Terraform {
    /// Takes the program, found with [`find_program`](super::find_program), the environment it may have (credentials
    /// among it), and the root module's folder.
    pub fn new(program: Utf8PathBuf, environment: BTreeMap<String, String>, folder: Utf8PathBuf) -> Self {
        Self {
            program,
            environment,
            folder,
            secrets: BTreeMap::new(),
            targets: Vec::new(),
        }
    }

    /// Gives a variable of the root module a value that nobody may see; as JSON where it is no text.
    #[must_use]
    pub fn secret_variable(mut self, name: &str, value: Secret) -> Self {
        self.secrets.insert(format!("TF_VAR_{name}"), value);
        self
    }

    /// Plans for resources of these addresses alone, and what they need.
    #[must_use]
    pub fn targets(mut self, addresses: impl IntoIterator<Item = String>) -> Self {
        self.targets.extend(addresses);
        self
    }

    fn call(&self, doing: impl Into<String>) -> Invocation {
        let call = Invocation::new(&self.program, doing);
        let secrets = self.secrets.iter();
        secrets
            .fold(call, |call, (name, value)| call.secret_env(name, value.clone()))
            .inherit(&self.environment)
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .directory(&self.folder)
            // A second signal, or one to its providers, costs the state.
            .stop_alone(StopSignal::Interrupt)
            .grace(GRACE)
    }

    /// Asks for the version.
    ///
    /// # Errors
    /// [`ToolError`] when it cannot be run.
    pub async fn version(&self, cancel: &CancelToken) -> Result<Version, ToolError> {
        let call = self.call("asking terraform for its version").arg("version");
        version_of(&call, cancel).await
    }

    /// Fetches providers as the lock file has them, and connects to the state; without a lock file, one is made.
    ///
    /// # Errors
    /// [`ToolError`] with what it said, such as a provider that is nowhere to be had or no rights on the state.
    pub async fn init(
        &self,
        backend: &BTreeMap<String, String>,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let backend = backend
            .iter()
            .map(|(key, value)| format!("-backend-config={key}={value}"));
        let locked = self.folder.join(LOCK_FILE).is_file();
        let call = self
            .call("preparing terraform")
            .args(["init", "-input=false", "-no-color", "-reconfigure"])
            .args(locked.then_some("-lockfile=readonly"))
            .args(backend);
        call.run(cancel).await.map(drop)
    }

    /// Compares configuration, state and world, and writes down what is to be done; says whether that is anything.
    ///
    /// # Errors
    /// [`ToolError`] with the diagnostics; [`Diagnostic::lock`] tells who holds the state.
    pub async fn plan(
        &self,
        mode: PlanMode,
        to: &Utf8Path,
        on_event: impl FnMut(TerraformEvent) + Send,
        cancel: &CancelToken,
    ) -> Result<bool, ToolError> {
        let destroy = (mode == PlanMode::Destroy).then_some("-destroy");
        let call = self
            .call("planning with terraform")
            .args(["plan", "-input=false", "-json", "-detailed-exitcode"])
            .args(destroy)
            .args(self.targets.iter().map(|address| format!("-target={address}")))
            .arg(format!("-out={to}"))
            .accept(2);
        Ok(follow(&call, on_event, cancel).await? == 2)
    }

    /// Reads a plan that was written down.
    ///
    /// Its form: <https://developer.hashicorp.com/terraform/internals/json-format>.
    ///
    /// # Errors
    /// [`ToolError`] when the file is none of this version, or another root module's.
    pub async fn show(&self, plan: &Utf8Path, cancel: &CancelToken) -> Result<Value, ToolError> {
        let call = self
            .call("reading terraform's plan")
            .args(["show", "-json", plan.as_str()]);
        self.json(&call, cancel).await
    }

    /// Reads the state as it was written last, in the form of [`Terraform::show`].
    ///
    /// # Errors
    /// [`ToolError`] when the state cannot be read.
    pub async fn state(&self, cancel: &CancelToken) -> Result<Value, ToolError> {
        self.json(
            &self
                .call("reading terraform's state")
                .args(["show", "-json", "-no-color"]),
            cancel,
        )
        .await
    }

    /// Applies exactly a plan that was written down; it refuses one that the state has left behind.
    ///
    /// What it tells goes to the end of the file `record`, line by line as for [`TerraformEvent::read`]: it goes on when
    /// we are killed.
    ///
    /// # Errors
    /// [`ToolError`] with the diagnostics; what was done until then is in the state.
    pub async fn apply(
        &self,
        plan: &Utf8Path,
        record: &Utf8Path,
        on_event: impl FnMut(TerraformEvent) + Send,
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let call = self
            .call("applying with terraform")
            .args(["apply", "-input=false", "-json", plan.as_str()])
            .record(record);
        follow(&call, on_event, cancel).await.map(drop)
    }

    /// Reads the root module's outputs; none before the first apply.
    ///
    /// # Errors
    /// [`ToolError`] when the state cannot be read.
    pub async fn outputs(&self, cancel: &CancelToken) -> Result<BTreeMap<String, Value>, ToolError> {
        #[derive(Deserialize)]
        struct Output {
            value: Value,
        }
        let call = self
            .call("reading terraform's outputs")
            .args(["output", "-json", "-no-color"]);
        let outputs: BTreeMap<String, Output> =
            serde_json::from_value(self.json(&call, cancel).await?).unwrap_or_default();
        Ok(outputs
            .into_iter()
            .map(|(name, output)| (name, output.value))
            .collect())
    }

    /// Lists the addresses of the resources in the state.
    ///
    /// # Errors
    /// [`ToolError`] when the state cannot be read.
    pub async fn resources(&self, cancel: &CancelToken) -> Result<Vec<String>, ToolError> {
        let call = self.call("reading terraform's state").args(["state", "list"]);
        match call.run(cancel).await {
            Ok(output) => Ok(output.stdout.lines().map(str::to_owned).collect()),
            // A state begins with the first apply.
            Err(ToolError::Failed { said, .. })
                if said.0.iter().any(|line| line.contains("No state file was found")) =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(error),
        }
    }

    /// Releases the lock of a state, whose holder is known to be dead.
    ///
    /// # Errors
    /// [`ToolError`] when another one holds it by now.
    pub async fn unlock(&self, lock: &StateLock, cancel: &CancelToken) -> Result<(), ToolError> {
        let call =
            self.call("releasing the lock of terraform's state")
                .args(["force-unlock", "-force", &lock.id]);
        call.run(cancel).await.map(drop)
    }

    /// Puts a state in place that could not be written at the end of an apply.
    ///
    /// # Errors
    /// [`ToolError`] when the state has gone on since, or cannot be reached.
    pub async fn push(&self, state: &Utf8Path, cancel: &CancelToken) -> Result<(), ToolError> {
        let call = self
            .call("putting terraform's state in place")
            .args(["state", "push", state.as_str()]);
        call.run(cancel).await.map(drop)
    }

    /// Reads the state as it is kept: JSON, with what is secret in it.
    ///
    /// # Errors
    /// [`ToolError`] when it cannot be reached.
    pub async fn pull(&self, cancel: &CancelToken) -> Result<String, ToolError> {
        let call = self.call("reading terraform's state").args(["state", "pull"]);
        Ok(call.run(cancel).await?.stdout)
    }

    async fn json(&self, call: &Invocation, cancel: &CancelToken) -> Result<Value, ToolError> {
        let output = call.run(cancel).await?;
        serde_json::from_str(&output.stdout).map_err(|source| call.follow(source.into()))
    }
}

/// Runs a call that tells events; a failure says what its diagnostics say.
async fn follow(
    call: &Invocation,
    mut on_event: impl FnMut(TerraformEvent) + Send,
    cancel: &CancelToken,
) -> Result<i32, ToolError> {
    let mut wrong = Vec::new();
    let ended = call.stream(cancel, |stream, line| {
        let event = (stream == Stream::Out)
            .then(|| TerraformEvent::read(line))
            .flatten();
        let Some(event) = event else { return };
        if let TerraformEvent::Diagnostic(diagnostic) = &event
            && diagnostic.is_error()
        {
            wrong.push(diagnostic.clone());
        }
        on_event(event);
    });
    match ended.await {
        Err(ToolError::Failed {
            doing,
            program,
            status,
            code,
            said,
        }) => Err(ToolError::Failed {
            doing,
            program,
            status,
            code,
            said: match wrong.is_empty() {
                true => said,
                false => Said(wrong.iter().map(Diagnostic::to_string).collect()),
            },
        }),
        ended => ended,
    }
}
