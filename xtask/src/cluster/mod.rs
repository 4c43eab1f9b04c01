//! A Kubernetes cluster that runs real pods, and the tools that talk to it: see `tests/ground/cluster/README.md`.

mod images;
mod install;
mod lab;
mod schemas;
mod tools;

pub use lab::REGISTRY;
pub use tools::{Tools, checkov, tflint, tools};

use std::ffi::OsString;

use anyhow::{bail, ensure};

use crate::ground::images::{pushing, sample};
use crate::workspace::run;
use lab::Lab;

/// How the task is called.
pub const USAGE: &str =
    "up [--fresh] [--with crds,ingress,metrics] | down [--purge] | status | env | tools | push | check
           a real cluster for tests: real pods, a registry, an ingress controller";

/// Does what the first word says.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["up", flags @ ..] => up(flags),
        ["down"] => Lab::of_environment()?.down(false),
        ["down", "--purge"] => Lab::of_environment()?.down(true),
        ["status"] => status(),
        ["env"] => environment(),
        ["tools"] => {
            println!("{}", tools()?.path.display());
            Ok(())
        }
        ["push"] => push(),
        ["check"] => check(),
        _ => bail!("usage: cargo xtask cluster {USAGE}"),
    }
}

fn up(mut flags: &[&str]) -> anyhow::Result<()> {
    let (mut is_fresh, mut with) = (false, Vec::new());
    loop {
        flags = match flags {
            [] => break,
            ["--fresh", rest @ ..] => {
                is_fresh = true;
                rest
            }
            ["--with", names, rest @ ..] => {
                with.extend(names.split(','));
                rest
            }
            _ => bail!("usage: cargo xtask cluster {USAGE}"),
        };
    }
    let lab = Lab::of_environment()?;
    let _alone = lab.up(is_fresh)?;
    install::all(&lab, &with)?;
    for (key, value) in lab.variables() {
        println!("{key}={value}");
    }
    Ok(())
}

fn status() -> anyhow::Result<()> {
    let lab = Lab::of_environment()?;
    ensure!(lab.is_up(), "the cluster `{}` is not up", lab.name);
    println!("the cluster `{}` is up", lab.name);
    for (key, value) in lab.variables() {
        println!("  {key}={value}");
    }
    run(lab
        .kubectl()?
        .args(["get", "nodes,ingressclasses", "--no-headers"]))
}

/// A cluster with all that tests need in it.
pub struct Prepared {
    lab: Lab,
    /// Whether it runs since it was prepared.
    is_started: bool,
    /// What tests are to see of it.
    pub variables: Vec<(&'static str, OsString)>,
}

/// Prepares a cluster for tests: up, with an ingress controller and the images; an empty one when none runs.
///
/// # Errors
/// [`Unavailable`](crate::ground::Unavailable) when this machine cannot hold one.
pub fn prepare() -> anyhow::Result<Prepared> {
    let lab = Lab::of_environment()?;
    let was_up = lab.is_up();
    // What tests that were cut short left in it would take the room of these.
    let _alone = lab.up(!was_up)?;
    install::all(&lab, &["ingress"])?;
    push()?;
    let tools = tools()?;
    let variables = lab.variables().into_iter();
    let mut variables: Vec<_> = variables.map(|(key, value)| (key, value.into())).collect();
    variables.push((schemas::VARIABLE, tools.schemas.into()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools.path).chain(std::env::split_paths(&path));
    variables.push(("PATH", std::env::join_paths(folders)?));
    Ok(Prepared {
        lab,
        is_started: !was_up,
        variables,
    })
}

impl Prepared {
    /// Stops the cluster, if it did not run before.
    pub fn end(&self) -> anyhow::Result<()> {
        if self.is_started {
            self.lab.down(false)?;
        }
        Ok(())
    }
}

/// Prints what a shell sets to work with the cluster.
fn environment() -> anyhow::Result<()> {
    let tools = tools()?;
    for (key, value) in Lab::of_environment()?.variables() {
        println!("export {key}='{value}'");
    }
    println!("export {}='{}'", schemas::VARIABLE, tools.schemas.display());
    println!("export PATH='{}':\"$PATH\"", tools.path.display());
    Ok(())
}

/// Pushes the sample's releases and the images of services into the cluster's registry.
fn push() -> anyhow::Result<()> {
    let lab = Lab::of_environment()?;
    let registry = lab.registry()?;
    run(&mut pushing(&format!("{registry}/landfall"), &sample()?))?;
    run(&mut pushing(&registry, &images::services()?))
}

/// Proves the cluster: pods from every pushed image, volumes, policies, the ingress controller, metrics.
fn check() -> anyhow::Result<()> {
    let lab = Lab::of_environment()?;
    ensure!(lab.is_up(), "the cluster `{}` is not up", lab.name);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = vec![tools()?.path];
    folders.extend(std::env::split_paths(&path));
    run(lab
        .script("check.sh")?
        .envs(lab.variables())
        .env("PATH", std::env::join_paths(folders)?))
}
