//! Everything that must hold before a change lands: the one command that CI runs.

use std::cell::OnceCell;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};

use crate::ground::Unavailable;
use crate::workspace::{program, run};
use crate::{aws, cluster, lint, pack};

/// How the task is called.
pub const USAGE: &str = "  check and test everything, as CI does";

/// A check, by its name.
type Check<'a> = (&'static str, &'a dyn Fn() -> anyhow::Result<()>);

/// Runs every check, even after one failed, and ends with a line that says how it went.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "this task takes no options");
    let (cluster, emulator) = (OnceCell::new(), OnceCell::new());
    let bring_cluster = || bring(&cluster, cluster::prepare);
    let bring_emulator = || bring(&emulator, aws::prepare);
    let tests = || {
        let of_cluster = cluster
            .get()
            .map(|cluster: &cluster::Prepared| cluster.variables.clone());
        let of_emulator = emulator
            .get()
            .map(|emulator: &aws::Prepared| emulator.variables.clone());
        run(cargo("test")
            .args(["--locked", "--workspace", "--no-fail-fast"])
            .envs(of_cluster.unwrap_or_default())
            .envs(of_emulator.unwrap_or_default()))
    };
    // What nobody but a real object store can prove.
    let object_store = || {
        let Some(emulator) = emulator.get() else {
            println!("SKIPPED: there is no object store to try the record of runs in");
            return Ok(());
        };
        run(cargo("test")
            .args(["--locked", "--package", "landfall", "--lib"])
            .args(["--", "--ignored", "a_real_object_store"])
            .envs(emulator.variables.clone())
            .env("LANDFALL_TEST_STORE", emulator.store()?))
    };
    let checks: [Check; 10] = [
        ("format", &|| run(cargo("fmt").args(["--all", "--check"]))),
        ("lints", &|| {
            run(cargo("clippy")
                .args(["--locked", "--workspace", "--all-targets"])
                .args(["--", "--deny", "warnings"]))
        }),
        ("documentation", &|| {
            run(cargo("doc")
                .args(["--locked", "--workspace", "--no-deps"])
                .env("RUSTDOCFLAGS", "--deny warnings"))
        }),
        // Tests let systemd judge how units are confined.
        ("tools", &lint::tools),
        // Tests install it.
        ("sample", &|| pack::run(&[])),
        // Tests apply to it.
        ("cluster", &bring_cluster),
        // They call it.
        ("aws", &bring_emulator),
        ("tests", &tests),
        ("object store", &object_store),
        ("golden folders", &lint::golden),
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
    // What was there before stays.
    if let Some(Err(error)) = cluster.get().map(cluster::Prepared::end) {
        println!("== cluster: could not be stopped: {error:#}");
    }
    if let Some(Err(error)) = emulator.get().map(aws::Prepared::end) {
        println!("== aws: could not be stopped: {error:#}");
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

/// Prepares a ground for the tests; where there can be none, they say so themselves.
fn bring<T>(ground: &OnceCell<T>, prepare: fn() -> anyhow::Result<T>) -> anyhow::Result<()> {
    match prepare() {
        Ok(prepared) => {
            // It is prepared once.
            let _ = ground.set(prepared);
            Ok(())
        }
        Err(error) if error.is::<Unavailable>() => {
            println!("SKIPPED: {error}");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn cargo(command: &str) -> Command {
    let mut cargo = program("cargo");
    cargo.arg(command);
    cargo
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
