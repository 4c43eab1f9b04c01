//! What a cluster may have beside itself: definitions of custom resources, an ingress controller, metrics.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use super::lab::{Lab, ground};
use super::{images, schemas};
use crate::ground::cache::make;
use crate::ground::images::pushing;
use crate::workspace::{program, shown};

/// Installs what is named; what is there already is left as it is.
pub fn all(lab: &Lab, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        match *name {
            "crds" => definitions(lab)?,
            "ingress" => ingress(lab)?,
            "metrics" => metrics(lab)?,
            _ => bail!("`--with` takes crds, ingress or metrics, not `{name}`"),
        }
    }
    Ok(())
}

fn definitions(lab: &Lab) -> anyhow::Result<()> {
    let mut apply = lab.kubectl()?;
    apply.args(["apply", "--server-side", "--force-conflicts"]);
    for file in schemas::definitions()? {
        apply.arg("--filename").arg(file);
    }
    make(&mut apply)?;
    make(lab.kubectl()?.args([
        "wait",
        "crd",
        "--all",
        "--for=condition=Established",
        "--timeout=60s",
    ]))
}

fn ingress(lab: &Lab) -> anyhow::Result<()> {
    // It watches the Gateway API's resources, and complains for as long as they are not defined.
    definitions(lab)?;
    let registry = lab.registry()?;
    make(&mut pushing(&registry, &[images::ingress()?]))?;
    let (http, https) = lab.ingress_ports()?;
    let text = manifest("ingress", &registry)?
        .replace("@HTTP@", http)
        .replace("@HTTPS@", https);
    apply(lab, &text)?;
    rolled_out(lab, "ingress")?;
    let Some(url) = lab.ingress() else {
        return Ok(());
    };
    // The pod is ready a moment before the node port leads to it. No route is there yet, so 404 is an answer.
    make(
        program("curl")
            .args([
                "--silent",
                "--show-error",
                "--output",
                "/dev/null",
                "--noproxy",
                "*",
            ])
            .args(["--retry", "30", "--retry-delay", "1", "--retry-all-errors"])
            .arg(url),
    )
}

fn metrics(lab: &Lab) -> anyhow::Result<()> {
    let registry = lab.registry()?;
    make(&mut pushing(&registry, &[images::metrics()?]))?;
    apply(lab, &manifest("metrics", &registry)?)?;
    rolled_out(lab, "metrics")?;
    make(lab.kubectl()?.args([
        "wait",
        "apiservice/v1beta1.metrics.k8s.io",
        "--for=condition=Available",
        "--timeout=60s",
    ]))
}

/// Reads a manifest; its images are the registry's, whatever cluster it is for.
fn manifest(name: &str, registry: &str) -> anyhow::Result<String> {
    let path = ground().join(format!("manifests/{name}.yaml"));
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.replace("image: ", &format!("image: {registry}/")))
}

fn apply(lab: &Lab, text: &str) -> anyhow::Result<()> {
    let mut command: Command = lab.kubectl()?;
    command.args(["apply", "--server-side", "--force-conflicts", "--filename=-"]);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(std::io::stderr())
        .spawn()
        .with_context(|| format!("cannot start {}", shown(&command)))?;
    let mut input = child.stdin.take().context("its input is piped")?;
    input.write_all(text.as_bytes())?;
    drop(input);
    let status = child.wait()?;
    ensure!(status.success(), "{} failed: {status}", shown(&command));
    Ok(())
}

/// Waits for a deployment that is called as its namespace.
fn rolled_out(lab: &Lab, name: &str) -> anyhow::Result<()> {
    make(lab.kubectl()?.args([
        "rollout",
        "status",
        &format!("deployment/{name}"),
        "--namespace",
        name,
        "--timeout=120s",
    ]))
}
