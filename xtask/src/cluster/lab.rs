//! The cluster: ours, or the one that `KUBECONFIG` names.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::tools;
use crate::ground::cache::{Cache, make};
use crate::ground::{Unavailable, holds_containers, sources, variable};
use crate::workspace::program;

/// The variable with the address of the registry that the cluster's nodes and this machine reach.
pub const REGISTRY: &str = "LANDFALL_TEST_REGISTRY";
/// The variables with where the ingress controller answers, from here.
const INGRESS: [&str; 2] = ["LANDFALL_TEST_INGRESS", "LANDFALL_TEST_INGRESS_TLS"];
const NODE_PORTS: &str = "30080 30081 30443";

/// A cluster, up or not.
pub struct Lab {
    pub name: String,
    pub kubeconfig: PathBuf,
    /// Where its state lies; none when it is somebody else's cluster.
    folder: Option<PathBuf>,
    registry: Option<String>,
    node_ports: String,
}

impl Lab {
    /// Reads from the environment which cluster is meant.
    pub fn of_environment() -> anyhow::Result<Self> {
        let name = variable("KLAB_NAME").unwrap_or_else(|| "klab".to_owned());
        let folder = match variable("KLAB_DIR") {
            Some(folder) => std::path::absolute(folder)?,
            None => Cache::open()?.path(&format!("cluster-{name}")),
        };
        let ours = folder.join("kubeconfig");
        let node_ports = variable("KLAB_NODEPORTS").unwrap_or_else(|| NODE_PORTS.to_owned());
        // After `eval "$(cargo xtask cluster env)"` it names ours.
        let theirs = variable("KUBECONFIG").filter(|path| Path::new(path) != ours);
        Ok(match theirs {
            Some(path) => Self {
                name: path.clone(),
                kubeconfig: path.into(),
                folder: None,
                registry: variable(REGISTRY),
                node_ports,
            },
            None => Self {
                name,
                kubeconfig: ours,
                folder: Some(folder),
                registry: Some(format!(
                    "127.0.0.1:{}",
                    variable("KLAB_REG_PORT").unwrap_or_else(|| "5000".to_owned())
                )),
                node_ports,
            },
        })
    }

    /// Returns the registry's address.
    pub fn registry(&self) -> anyhow::Result<String> {
        let missing = || format!("KUBECONFIG names a cluster, and {REGISTRY} no registry for it");
        self.registry.clone().with_context(missing)
    }

    /// Returns the node ports of the ingress controller: plain, and with TLS.
    pub fn ingress_ports(&self) -> anyhow::Result<(&str, &str)> {
        let mut ports = self.node_ports.split_whitespace();
        let ports = ports.next().zip(ports.next_back());
        ports.context("KLAB_NODEPORTS needs two ports or more, with spaces between them")
    }

    /// Returns where the ingress controller answers from here, if the cluster is ours.
    pub fn ingress(&self) -> Option<String> {
        let variables = self.variables();
        let found = variables.into_iter().find(|(key, _)| *key == INGRESS[0]);
        found.map(|(_, url)| url)
    }

    /// Lists what a program must know to work with the cluster.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![("KUBECONFIG", self.kubeconfig.display().to_string())];
        variables.extend(self.registry.clone().map(|registry| (REGISTRY, registry)));
        if let (Some(_), Ok((http, https))) = (&self.folder, self.ingress_ports()) {
            variables.push((INGRESS[0], format!("http://127.0.0.1:{http}")));
            variables.push((INGRESS[1], format!("https://127.0.0.1:{https}")));
        }
        variables
    }

    /// Tells whether its API server answers.
    pub fn is_up(&self) -> bool {
        // Nothing is built to find out that nothing runs.
        if !self.kubeconfig.is_file() {
            return false;
        }
        let answer = self
            .kubectl()
            .map(|mut kubectl| kubectl.args(["get", "--raw", "/readyz"]).output());
        matches!(answer, Ok(Ok(answer)) if answer.status.success())
    }

    /// Prepares a call of `kubectl`.
    pub fn kubectl(&self) -> anyhow::Result<Command> {
        let mut command = program(tools::kit()?.join("kubectl"));
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        Ok(command)
    }

    /// Prepares a call of one of our scripts.
    pub fn script(&self, name: &str) -> anyhow::Result<Command> {
        let mut command = program("bash");
        command
            .arg(ground().join(name))
            .env("KLAB_BIN", tools::kit()?)
            .env("KLAB_NAME", &self.name)
            .env("KLAB_NODEPORTS", &self.node_ports);
        if let Some(folder) = &self.folder {
            command.env("KLAB_DIR", folder);
        }
        Ok(command)
    }

    /// Starts what does not run yet; nobody else changes this cluster while the lock that is returned is held.
    pub fn up(&self, is_fresh: bool) -> anyhow::Result<Option<File>> {
        let Some(folder) = &self.folder else {
            if !self.is_up() {
                bail!("KUBECONFIG names a cluster that does not answer: {}", self.name);
            }
            eprintln!("KUBECONFIG names a cluster, nothing is started");
            return Ok(None);
        };
        is_possible()?;
        let lock = Cache::open()?.lock(&format!("cluster-{}", self.name))?;
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let mut script = self.script("up.sh")?;
        if is_fresh {
            script.env("FRESH", "1");
        }
        make(&mut script)?;
        Ok(Some(lock))
    }

    /// Stops it; removes all it had written when it is not wanted again.
    pub fn down(&self, is_purge: bool) -> anyhow::Result<()> {
        let Some(folder) = &self.folder else {
            let name = &self.name;
            bail!("KUBECONFIG names a cluster that was not started here: {name}");
        };
        if !folder.is_dir() {
            return Ok(());
        }
        let _alone = Cache::open()?.lock(&format!("cluster-{}", self.name))?;
        let mut script = self.script("down.sh")?;
        if is_purge {
            script.env("PURGE", "1");
        }
        make(&mut script)
    }
}

/// Returns the folder of the scripts.
pub fn ground() -> PathBuf {
    sources("cluster")
}

/// Finds out whether this machine can hold a cluster.
fn is_possible() -> anyhow::Result<()> {
    const NAME: &str = "test cluster";
    let needed = [
        "bash", "curl", "dpkg", "gcc", "go", "nsenter", "pgrep", "python3", "unshare",
    ];
    holds_containers(NAME, &needed)?;
    if !Path::new("/sys/fs/cgroup/memory").is_dir() {
        return Err(Unavailable::new(NAME, "it needs cgroup v1 hierarchies in /sys/fs/cgroup").into());
    }
    Ok(())
}
