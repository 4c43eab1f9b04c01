//! Writes the generated references anew.

use anyhow::ensure;

use crate::lint;
use crate::workspace::{program, run};

/// How the task is called.
pub const USAGE: &str =
    "  write the generated files of docs/reference/ and the tables of terraform/modules/ anew";

/// Writes the tables, and runs the tests that compare the references, told to rewrite them.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "this task takes no options");
    lint::write_tables()?;
    run(program("cargo")
        .args(["test", "--locked", "--package", "landfall", "--test", "it", "--"])
        .args(["references::", "schemas::"])
        .env("LANDFALL_BLESS", "1"))
}
