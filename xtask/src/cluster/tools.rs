//! The programs that look at what is rendered, and those that apply it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::lab::ground;
use super::schemas;
use crate::ground::cache::{Cache, key, make, text_key};
use crate::ground::python::environment;
use crate::workspace::program;

/// What was brought.
pub struct Tools {
    /// The folder to put on `PATH`: `kubectl`, `helm` (which is `helm3`), `helm4`, `kubeconform`, `kube-score`, `checkov`.
    pub path: PathBuf,
    /// The folder of schemas for `kubeconform`.
    pub schemas: PathBuf,
}

/// A program of a Go module that can be installed by its version.
struct GoTool {
    name: &'static str,
    package: &'static str,
    version: &'static str,
}

const KUBECONFORM: GoTool = GoTool {
    name: "kubeconform",
    package: "github.com/yannh/kubeconform/cmd/kubeconform",
    version: "v0.8.0",
};
const KUBE_SCORE: GoTool = GoTool {
    name: "kube-score",
    package: "github.com/zegl/kube-score/cmd/kube-score",
    version: "v1.20.0",
};
const TFLINT: GoTool = GoTool {
    name: "tflint",
    package: "github.com/terraform-linters/tflint",
    version: "v0.64.0",
};
const CHECKOV: &str = "3.3.30";

/// Brings all tools; what is there already is left alone.
pub fn tools() -> anyhow::Result<Tools> {
    let cache = Cache::open()?;
    let kit = kit()?;
    let links = [
        ("kubectl", kit.join("klab")),
        ("helm", kit.join("helm3")),
        ("helm3", kit.join("helm3")),
        ("helm4", kit.join("helm4")),
        ("kubeconform", go_tool(&cache, &KUBECONFORM)?),
        ("kube-score", go_tool(&cache, &KUBE_SCORE)?),
        ("checkov", checkov()?),
    ];
    let targets: Vec<String> = links
        .iter()
        .map(|(name, target)| format!("{name} {}", target.display()))
        .collect();
    let path = cache.made("tools", &text_key(&targets.join("\n")), |folder| {
        for (name, target) in &links {
            symlink(target, folder.join(name)).with_context(|| format!("cannot link {name}"))?;
        }
        Ok(())
    })?;
    Ok(Tools {
        path,
        schemas: schemas::folder(&cache)?,
    })
}

/// Builds what the cluster consists of, `kubectl` and both helms among it, and returns its folder.
pub fn kit() -> anyhow::Result<PathBuf> {
    let (script, sources) = (ground().join("build.sh"), ground().join("src"));
    let key = key(&[script.clone(), sources])?;
    Cache::open()?.made("kit", &key, |folder| {
        eprintln!("this takes a quarter of an hour of processor time when Go's own cache is cold");
        make(program("bash").arg(&script).arg(folder))
    })
}

/// Builds metrics-server, which nothing but the cluster wants, and returns its path.
pub fn metrics_server(cache: &Cache) -> anyhow::Result<PathBuf> {
    let tool = GoTool {
        name: "metrics-server",
        package: "sigs.k8s.io/metrics-server/cmd/metrics-server",
        version: "v0.9.0",
    };
    go_tool(cache, &tool)
}

fn go_tool(cache: &Cache, tool: &GoTool) -> anyhow::Result<PathBuf> {
    let GoTool {
        name,
        package,
        version,
    } = tool;
    let folder = cache.made(name, version, |folder| {
        make(
            program("go")
                .args(["install", "-p", "2", "-trimpath", "-ldflags"])
                .arg(format!("-s -w -X main.version={version}"))
                .arg(format!("{package}@{version}"))
                // Outside of any module: the versions are the tool's own.
                .current_dir(folder)
                .env("GOBIN", folder)
                .env("GOFLAGS", "-buildvcs=false")
                .env("CGO_ENABLED", "0"),
        )
    })?;
    Ok(folder.join(name))
}

/// Brings tflint, which knows Terraform's own language and has no rules for AWS, and returns its path.
pub fn tflint() -> anyhow::Result<PathBuf> {
    go_tool(&Cache::open()?, &TFLINT)
}

/// Brings checkov, in an environment of its own, and returns its path.
pub fn checkov() -> anyhow::Result<PathBuf> {
    let wanted = format!("checkov=={CHECKOV}");
    let folder = environment(&Cache::open()?, "checkov", CHECKOV, &[wanted.as_ref()])?;
    Ok(folder.join("bin/checkov"))
}

/// Gives the folder of a Go module's files.
pub fn go_module(module: &str, version: &str) -> anyhow::Result<PathBuf> {
    let text = crate::workspace::output(
        program("go")
            .args(["mod", "download", "-json"])
            .arg(format!("{module}@{version}"))
            .current_dir(std::env::temp_dir()),
    )?;
    let answer: serde_json::Value = serde_json::from_str(&text).context("cannot read what Go says")?;
    let folder = answer["Dir"].as_str().context("Go names no folder")?;
    Ok(Path::new(folder).to_owned())
}
