//! Python packages: a way to programs and data.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use super::cache::{Cache, make};
use crate::workspace::program;

/// Prepares a call of `pip` that installs.
fn pip(python: impl AsRef<OsStr>) -> Command {
    let mut command = program(python);
    command.args(["-m", "pip", "install", "--quiet", "--no-input"]);
    command.args(["--disable-pip-version-check", "--root-user-action", "ignore"]);
    command
}

/// Gives the folder of a package alone, without what it depends on.
pub fn package(cache: &Cache, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    cache.made(name, version, |folder| {
        make(
            pip("python3")
                .args(["--no-deps", "--no-compile", "--target"])
                .arg(folder)
                .arg(format!("{name}=={version}")),
        )
    })
}

/// Gives an environment of its own, with what `pip install` is told to bring.
pub fn environment(cache: &Cache, name: &str, key: &str, brought: &[&OsStr]) -> anyhow::Result<PathBuf> {
    cache.made(name, key, |folder| {
        make(program("python3").args(["-m", "venv"]).arg(folder))?;
        make(pip(folder.join("bin/python3")).args(brought))
    })
}
