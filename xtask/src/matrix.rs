//! Kills and fails the real binary at every step there is; CI runs a spread of the same.

use std::process::Command;

use anyhow::{Context as _, ensure};

/// How the task is called.
pub const USAGE: &str =
    "[FILTER]...   kill, fail, repeat and cut short every step of every plan (an hour or two)";

/// Runs the matrices of the end-to-end tests with every case.
pub fn run(arguments: &[String]) -> anyhow::Result<()> {
    let filters: Vec<&str> = match arguments {
        [] => vec!["kills", "faults", "interrupt", "upgrade::an_upgrade"],
        given => given.iter().map(String::as_str).collect(),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "test",
            "--package",
            "landfall",
            "--test",
            "e2e",
            "--",
            "--nocapture",
        ])
        .args(filters)
        .env("LANDFALL_MATRIX", "all")
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the matrix ended with {status}");
    Ok(())
}
