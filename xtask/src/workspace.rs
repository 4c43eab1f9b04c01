//! The repository, and the programs that tasks start.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use serde::Deserialize;

/// Returns the repository's folder.
pub fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// Asks Cargo where it builds.
pub fn target_folder() -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let text = output(program("cargo").args(["metadata", "--format-version=1", "--no-deps", "--locked"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cannot read what `cargo metadata` says")?;
    Ok(metadata.target_directory)
}

/// Builds the `landfall` program and returns where it lies.
pub fn build_landfall(release: bool) -> anyhow::Result<PathBuf> {
    let mut cargo = program("cargo");
    cargo.args(["build", "--locked", "--package", "landfall", "--bin", "landfall"]);
    if release {
        cargo.arg("--release");
    }
    run(&mut cargo)?;
    let folder = if release { "release" } else { "debug" };
    Ok(target_folder()?.join(folder).join("landfall"))
}

/// Prepares a program that runs in the repository's folder and is asked nothing.
pub fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

/// Runs a program; its output is the developer's to read.
pub fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// Runs a program and returns what it wrote to standard output.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(
        output.status.success(),
        "{} failed: {}",
        shown(command),
        output.status
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Writes a command line as a shell would take it.
pub fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.contains([' ', '\'', '"']) {
            format!("{word:?}")
        } else {
            word.into_owned()
        }
    });
    format!("`{}`", quoted.collect::<Vec<_>>().join(" "))
}

/// Lists the files below a folder, in order; none when it is not there.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Writes a path as somebody in the present folder would type it.
pub fn typed(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}
