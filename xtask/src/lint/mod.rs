//! What was rendered, looked at by the tools it was rendered for.

mod charts;
mod exceptions;
mod made;
mod scan;
mod states;
mod tables;
mod terraform;
mod tflint;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize as _;
use serde_json::Value;

use crate::workspace::{files_below, output, program, root, run, shown};

/// How the task is called.
pub const USAGE: &str =
    "  let the tools that rendered files are for read the golden folders, the charts and the modules";

/// Looks at the golden folders.
pub fn task(arguments: &[String]) -> anyhow::Result<()> {
    ensure!(arguments.is_empty(), "this task takes no options");
    golden()
}

/// Checks every file of the golden folders, and the examples.
pub fn golden() -> anyhow::Result<()> {
    let mut files = files_below(&root().join("tests/golden"));
    files.extend(files_below(&root().join("examples")));
    let mut wrong = Vec::new();
    let texts = files
        .iter()
        .filter(|file| extension(file, &["yaml", "yml", "json"]))
        .collect::<Vec<_>>();
    for file in &texts {
        wrong.extend(
            parse(file)
                .err()
                .map(|error| format!("{}: {error:#}", file.display())),
        );
    }
    println!("{} YAML and JSON files parsed", texts.len());
    let units: Vec<&PathBuf> = files
        .iter()
        .filter(|file| extension(file, &["service"]))
        .collect();
    wrong.extend(systemd(&units)?);
    wrong.extend(charts::check()?);
    wrong.extend(terraform::check()?);
    if wrong.is_empty() {
        return Ok(());
    }
    bail!("{}", wrong.join("\n"))
}

/// Writes the generated part of the modules' READMEs anew.
pub fn write_tables() -> anyhow::Result<()> {
    tables::write(&root().join("terraform/modules"))
}

fn extension(file: &Path, any: &[&str]) -> bool {
    file.extension()
        .is_some_and(|it| any.iter().any(|one| it == *one))
}

fn parse(file: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file)?;
    for document in serde_yaml::Deserializer::from_str(&text) {
        serde_yaml::Value::deserialize(document)?;
    }
    Ok(())
}

/// Lets systemd read the units; says loudly when it is not here and cannot be brought here.
fn systemd(units: &[&PathBuf]) -> anyhow::Result<Vec<String>> {
    if units.is_empty() {
        return Ok(Vec::new());
    }
    if !is_there("systemd-analyze") {
        println!(
            "SKIPPED: systemd-analyze is not here, so nobody read the {} units",
            units.len()
        );
        return Ok(Vec::new());
    }
    let folder = std::env::temp_dir().join(format!("landfall-units-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let verdicts: anyhow::Result<Vec<Option<String>>> =
        units.iter().map(|unit| verify(unit, &folder)).collect();
    fs::remove_dir_all(&folder)?;
    println!("{} units read by systemd-analyze verify", units.len());
    Ok(verdicts?.into_iter().flatten().collect())
}

/// Lets systemd read one unit; what it complains about is what is wrong with it.
fn verify(unit: &Path, folder: &Path) -> anyhow::Result<Option<String>> {
    let name = unit.file_name().context("a unit has a name")?;
    let copy = folder.join(name);
    fs::write(&copy, elsewhere(&fs::read_to_string(unit)?))?;
    let answer = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&copy)
        .output()?;
    let words = String::from_utf8_lossy(&answer.stderr);
    let name = name.to_string_lossy();
    // An ignored setting is a line here, and to the operator a warning with every reload.
    let is_wrong = !answer.status.success() || words.lines().any(|line| line.contains(&*name));
    Ok(is_wrong.then(|| format!("{}:\n{}", unit.display(), words.trim_end())))
}

/// Replaces what is not on this machine: programs and users.
fn elsewhere(unit: &str) -> String {
    let line = |line: &str| match line.split_once('=') {
        Some(("ExecStart", _)) => "ExecStart=/bin/true".to_owned(),
        Some(("User" | "Group", _)) => String::new(),
        _ => line.to_owned(),
    };
    unit.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Runs a tool whose exit code says no more than that it found something.
fn answer(command: &mut Command) -> anyhow::Result<Output> {
    command
        .output()
        .with_context(|| format!("cannot start {}", shown(command)))
}

fn json(answer: &Output, tool: &str) -> anyhow::Result<Value> {
    serde_json::from_slice(&answer.stdout).with_context(|| {
        let words = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        format!("cannot read what {tool} says: {words}")
    })
}

/// Brings the tools that tests look for, where that may be done; what is missing then is said by what would use it.
pub fn tools() -> anyhow::Result<()> {
    if !is_there("systemd-analyze") && !install_systemd() {
        println!(
            "SKIPPED: systemd-analyze is not here and cannot be installed; tests that want it will say so"
        );
    }
    Ok(())
}

fn is_there(tool: &str) -> bool {
    Command::new(tool)
        .arg("--version")
        .output()
        .is_ok_and(|answer| answer.status.success())
}

/// Installs systemd's tools where that is nobody's business but CI's: as root, with apt.
fn install_systemd() -> bool {
    let is_root = output(program("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    if !is_root || !is_ci || !is_there("apt-get") {
        return false;
    }
    let apt = |arguments: &[&str]| {
        run(program("apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let installed = apt(&["update", "-q"])
        .and_then(|()| apt(&["install", "-q", "-y", "--no-install-recommends", "systemd"]));
    if let Err(error) = installed {
        println!("note: {error:#}");
    }
    is_there("systemd-analyze")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_keeps_all_but_its_program_and_user() {
        let unit = "[Service]\nUser=x\nExecStart=/opt/x/y --z\nRestart=always\n";
        assert_eq!(
            elsewhere(unit),
            "[Service]\n\nExecStart=/bin/true\nRestart=always\n"
        );
    }
}
