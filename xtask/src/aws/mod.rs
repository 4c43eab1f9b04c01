//! AWS for tests: an emulator whose tasks, databases and caches are containers, and a quick one that only answers; see
//! `tests/ground/aws/README.md`.

mod lab;
mod settings;
mod terraform;

use anyhow::{bail, ensure};

use crate::workspace::run;
use lab::Lab;
use settings::Emulator;

/// How the task is called.
pub const USAGE: &str = "up [--moto] | down [--purge] | status | env [--moto] | check
           AWS for tests: tasks, databases and caches as containers; or answers alone, from moto";

/// Does what the first word says.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let lab = Lab::of_environment()?;
    match words.as_slice() {
        ["up"] => up(&lab, Emulator::Containers),
        ["up", "--moto"] => up(&lab, Emulator::Moto),
        ["down"] => lab.down(false),
        ["down", "--purge"] => lab.down(true),
        ["status"] => status(&lab),
        ["env"] => environment(&lab, Emulator::Containers),
        ["env", "--moto"] => environment(&lab, Emulator::Moto),
        ["check"] => check(&lab),
        _ => bail!("usage: cargo xtask aws {USAGE}"),
    }
}

/// An emulator with all that tests need in it.
pub struct Prepared {
    lab: Lab,
    /// Whether it runs since it was prepared.
    is_started: bool,
    /// What tests are to see of it.
    pub variables: Vec<(&'static str, String)>,
}

/// Prepares the emulator with containers for tests: up, with the images.
///
/// # Errors
/// [`Unavailable`](crate::ground::Unavailable) when this machine cannot hold one.
pub fn prepare() -> anyhow::Result<Prepared> {
    let lab = Lab::of_environment()?;
    let was_up = lab.is_up(Emulator::Containers);
    lab.up(Emulator::Containers)?;
    Ok(Prepared {
        is_started: !was_up,
        variables: lab.variables(Emulator::Containers)?,
        lab,
    })
}

impl Prepared {
    /// Names a place in a new bucket.
    ///
    /// # Errors
    /// When the emulator does not make the bucket.
    pub fn store(&self) -> anyhow::Result<String> {
        self.lab.store()
    }

    /// Stops the emulator, if it did not run before.
    pub fn end(&self) -> anyhow::Result<()> {
        if self.is_started {
            self.lab.down(false)?;
        }
        Ok(())
    }
}

fn up(lab: &Lab, emulator: Emulator) -> anyhow::Result<()> {
    lab.up(emulator)?;
    for (key, value) in lab.variables(emulator)? {
        println!("{key}={value}");
    }
    Ok(())
}

fn status(lab: &Lab) -> anyhow::Result<()> {
    let mut is_any = false;
    for emulator in [Emulator::Containers, Emulator::Moto] {
        let url = lab.settings.endpoint(emulator);
        let is_up = lab.is_up(emulator);
        is_any |= is_up;
        println!("{emulator}: {} {url}", if is_up { "up at" } else { "not up at" });
    }
    ensure!(is_any, "the AWS ground `{}` is not up", lab.settings.name);
    Ok(())
}

/// Prints what a shell sets to work with an emulator.
fn environment(lab: &Lab, emulator: Emulator) -> anyhow::Result<()> {
    for (key, value) in lab.variables(emulator)? {
        println!("export {key}='{value}'");
    }
    // They would stand before the keys that were just set.
    println!("unset AWS_PROFILE AWS_SESSION_TOKEN");
    Ok(())
}

/// Proves the emulator with containers: a line for each thing that was tried.
fn check(lab: &Lab) -> anyhow::Result<()> {
    ensure!(
        lab.is_up(Emulator::Containers),
        "the AWS ground `{}` is not up",
        lab.settings.name
    );
    run(&mut lab.check()?)
}
