//! Grounds that `cargo xtask` brings up.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use super::repository;

/// What a program ends with when this machine cannot hold a ground.
const UNAVAILABLE: i32 = 69;

/// Runs a task of the project's own; the error says why this machine cannot.
pub fn xtask(arguments: &[&str]) -> Result<Output, String> {
    let said = Command::new("cargo")
        .arg("xtask")
        .args(arguments)
        .current_dir(repository(""))
        .output()
        .expect("cargo starts");
    let words = String::from_utf8_lossy(&said.stderr);
    match said.status.code() {
        Some(0) => Ok(said),
        Some(UNAVAILABLE) => Err(words.trim().to_owned()),
        _ => panic!("`cargo xtask {}` failed:\n{words}", arguments.join(" ")),
    }
}

/// Adds to variables what a task prints for a shell to set.
pub fn exported(printed: Output, mut all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let printed = String::from_utf8(printed.stdout).expect("it prints UTF-8");
    for line in printed.lines().filter_map(|line| line.strip_prefix("export ")) {
        let (key, value) = line.split_once('=').expect("a key and a value");
        let value = value.replace("\"$PATH\"", &all.get(key).cloned().unwrap_or_default());
        all.insert(key.to_owned(), value.replace('\'', ""));
    }
    all
}

/// Says aloud why the test of this thread cannot do its work.
pub fn skip(reason: &str) {
    let thread = std::thread::current();
    eprintln!("SKIPPED {}: {reason}", thread.name().unwrap_or("a test"));
}
