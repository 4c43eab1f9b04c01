//! Everything that must hold before a change lands: the one command that CI runs.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::workspace::{program, run};
use crate::{lint, pack};

/// How the task is called.
pub const USAGE: &str = "  check and test everything, as CI does";

/// A check, by its name.
type Check = (&'static str, fn() -> anyhow::Result<()>);

/// Runs every check, even after one failed, and ends with a line that says how it went.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "this task takes no options");
    let checks: [Check; 7] = [
        ("format", || run(cargo("fmt").args(["--all", "--check"]))),
        ("lints", || {
            run(cargo("clippy")
                .args(["--locked", "--workspace", "--all-targets"])
                .args(["--", "--deny", "warnings"]))
        }),
        ("documentation", || {
            run(cargo("doc")
                .args(["--locked", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "--deny warnings"))
        }),
        // Tests let systemd judge how units are confined.
        ("tools", lint::tools),
        // Tests install it.
        ("sample", || pack::run(&[])),
        ("tests", || {
            run(cargo("test").args(["--locked", "--workspace", "--no-fail-fast"]))
        }),
        ("golden folders", lint::golden),
    ];
    let start = Instant::now();
    let mut failed = Vec::new();
    let count = checks.len();
    for (name, check) in checks {
        println!("== {name}");
        let began = Instant::now();
        match check() {
            Ok(()) => println!("== {name}: passed in {}", seconds(began.elapsed())),
            Err(error) => {
                println!("== {name}: FAILED: {error:#}");
                failed.push(name);
            }
        }
    }
    let took = seconds(start.elapsed());
    if failed.is_empty() {
        println!("passed: all {count} checks in {took}");
        return Ok(());
    }
    println!(
        "FAILED: {} of {count} checks in {took}: {}",
        failed.len(),
        failed.join(", ")
    );
    bail!("not everything passed")
}

fn cargo(command: &str) -> Command {
    let mut cargo = program("cargo");
    cargo.arg(command);
    cargo
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
