//! How much memory a backup of a large database takes: the long form of the test that CI runs with a small one.

use crate::options::Options;
use crate::pack;
use crate::workspace::{program, run};

/// How the task is called.
pub const USAGE: &str =
    "[--mib N]   back up, verify and restore a database of 1 GiB and tell the memory it took";

/// Runs the test with a database of the given size.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    let options = Options::parse(arguments, &["mib"], USAGE)?;
    let size: u64 = options.number("mib")?.unwrap_or(1024);
    // The test installs it.
    pack::run(&[])?;
    let mut cargo = program("cargo");
    cargo
        .args(["test", "--locked", "--release"])
        .args(["--package", "landfall", "--test", "e2e", "--"])
        .args([
            "--exact",
            "backup::memory_does_not_grow_with_the_data",
            "--nocapture",
        ])
        .env("LANDFALL_BACKUP_MIB", size.to_string());
    run(&mut cargo)
}
