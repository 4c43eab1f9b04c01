//! External programs: the only folder that may start one.
//!
//! Everything goes through [`Invocation`]: an explicit environment, secrets that are never shown, a phrase that says
//! what is being done, and an exit status that is always checked. Each program has a file of its own with typed
//! verbs. Nothing here prints; output lines go to the caller's closure.

mod access;
mod bridge;
mod cancel;
mod cluster_api;
mod error;
mod forward;
mod helm;
mod invocation;
mod journalctl;
mod kubectl;
mod output;
mod pipe;
mod process;
mod program;
mod record;
mod running;
mod signal;
mod systemctl;
mod terraform;
mod useradd;

pub use access::ClusterAccess;
pub use bridge::{Sink, Source};
pub use cancel::{CancelLevel, CancelToken};
pub use cluster_api::{ClusterApi, HelmRelease};
pub use error::{Said, ToolError};
pub use helm::{Charted, HELM_OLDEST, Helm};
pub use invocation::{ALLOWED_ENVIRONMENT, Invocation, allowed_environment};
pub use journalctl::Journalctl;
pub use kubectl::{KUBECTL_OLDEST, Kubectl};
pub use output::{Output, Stream};
pub use process::Started;
pub(crate) use process::describe;
pub use program::{find_program, require_version, version_of};
pub use signal::StopSignal;
pub use systemctl::{Systemctl, UnitProperties};
pub use terraform::{
    ChangeCount, Diagnostic, PlanMode, ResourceChange, StateLock, TERRAFORM_OLDEST, Terraform,
    TerraformEvent, at_work,
};
pub use useradd::{Account, Useradd, find_account};

#[cfg(test)]
pub(crate) mod test_certificates;
#[cfg(test)]
mod tests;
