//! The cluster that tests share: found in the environment, or brought up.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use super::super::common::{exported, skip, xtask};

/// A cluster with an ingress controller, and with the sample's images in a registry that it reaches.
#[derive(Debug)]
pub struct Cluster {
    /// Its kubeconfig.
    pub kubeconfig: String,
    /// Where its nodes and this machine find images.
    pub registry: String,
    /// Where its ingress controller answers.
    pub ingress: String,
    /// The search path, `helm` and `kubectl` on it.
    pub path: String,
}

static CLUSTER: OnceLock<Result<Cluster, String>> = OnceLock::new();

/// Returns the cluster, or says aloud why the test of this thread cannot do its work.
pub fn cluster() -> Option<&'static Cluster> {
    let found = || {
        let cluster = find()?;
        cluster.sweep();
        Ok(cluster)
    };
    match CLUSTER.get_or_init(found) {
        Ok(cluster) => Some(cluster),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

fn find() -> Result<Cluster, String> {
    let given: BTreeMap<String, String> = std::env::vars().collect();
    if let Some(cluster) = Cluster::of(&given) {
        return Ok(cluster);
    }
    // What is there already is left alone, so this is quick but for the first time.
    xtask(&["cluster", "up", "--with", "ingress"])?;
    xtask(&["cluster", "push"])?;
    let all = exported(xtask(&["cluster", "env"])?, given);
    Ok(Cluster::of(&all).expect("`cargo xtask cluster env` prints all that is needed"))
}

impl Cluster {
    /// Reads it from variables; none when they do not name all of it.
    fn of(variables: &BTreeMap<String, String>) -> Option<Self> {
        let get = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let path = get("PATH")?;
        let is_there = |name: &str| std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
        if !is_there("helm") || !is_there("kubectl") {
            return None;
        }
        Some(Self {
            kubeconfig: get("KUBECONFIG")?,
            registry: get("LANDFALL_TEST_REGISTRY")?,
            ingress: get("LANDFALL_TEST_INGRESS")?,
            path,
        })
    }

    /// Removes the namespaces of tests whose process has ended: one that is killed leaves its pods running.
    fn sweep(&self) {
        let mut names = self.kubectl();
        names.args(["get", "namespaces", "--output", "name"]);
        let names = names.output().expect("kubectl starts");
        assert!(names.status.success(), "the namespaces are not told: {names:?}");
        let is_left = |name: &&str| {
            let process = name.strip_prefix("namespace/lf-e2e-")?.split('-').next()?;
            Some(!Path::new("/proc").join(process).exists())
        };
        let names = String::from_utf8(names.stdout).expect("it prints UTF-8");
        let left: Vec<&str> = names.lines().filter(|name| is_left(name) == Some(true)).collect();
        if left.is_empty() {
            return;
        }
        eprintln!("removing what ended tests left: {}", left.join(", "));
        let mut delete = self.kubectl();
        delete.args(["delete", "--ignore-not-found"]).args(left);
        assert!(delete.status().expect("kubectl starts").success());
    }

    /// Prepares a call of `kubectl`.
    pub fn kubectl(&self) -> Command {
        self.tool("kubectl")
    }

    /// Prepares a call of one of the tools.
    pub fn tool(&self, name: &str) -> Command {
        // A name is looked for in the PATH of the one who starts it.
        let found = std::env::split_paths(&self.path)
            .map(|folder| folder.join(name))
            .find(|path| path.is_file());
        let mut command = Command::new(found.expect("it was there a moment ago"));
        command
            .env("PATH", &self.path)
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }
}
