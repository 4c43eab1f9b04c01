//! Which cluster `kubectl` and `helm` speak to.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::invocation::Invocation;

/// A cluster and a namespace in it, as the programs find them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAccess {
    /// The environment that the programs and their login helpers may have.
    pub environment: BTreeMap<String, String>,
    /// The context of the kubeconfig; the current one unless given.
    pub context: Option<String>,
    /// The kubeconfig; the one that the environment names unless given.
    pub kubeconfig: Option<Utf8PathBuf>,
    /// The namespace.
    pub namespace: String,
}

impl ClusterAccess {
    /// Describes a call of a program with a verb; programs differ in the flag that names the context.
    pub(super) fn call(
        &self,
        program: &Utf8PathBuf,
        verb: &str,
        context_flag: &str,
        doing: impl Into<String>,
    ) -> Invocation {
        let context = self.context.iter().flat_map(|name| [context_flag, name]);
        let kubeconfig = self
            .kubeconfig
            .iter()
            .flat_map(|file| ["--kubeconfig", file.as_str()]);
        Invocation::new(program, doing)
            .inherit(&self.environment)
            .arg(verb)
            .args(context.chain(kubeconfig))
            .args(["--namespace", &self.namespace])
    }
}
