//! Processes of an installation, found by what they carry of its folder.

use std::time::{Duration, Instant};

use camino::Utf8Path;
use rustix::process::{Pid, Signal};

/// A process that belongs to an installation.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its number.
    pub pid: i32,
    /// Its parent's number.
    pub parent: i32,
    /// Its command line.
    pub command: String,
    /// The unit that it runs for, as the supervisor marks it.
    pub unit: Option<String>,
}

/// Finds every living process whose program, command line, environment or folder lies below `root`.
pub fn ours(root: &Utf8Path) -> Vec<Found> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir("/proc").unwrap().flatten() {
        if let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
            found.extend(look(pid, root));
        }
    }
    found
}

fn look(pid: i32, root: &Utf8Path) -> Option<Found> {
    let read = |name: &str| fs_err::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    let words = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace('\0', " ");
    let link = |name: &str| {
        fs_err::read_link(format!("/proc/{pid}/{name}"))
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let (command, environment) = (words(read("cmdline")), words(read("environ")));
    let within = format!("{root}/");
    let carries = |text: &str| text.contains(&within) || text == root.as_str();
    // The installing binary names paths below the root only in what it hands on.
    if ![&command, &environment, &link("exe"), &link("cwd")]
        .iter()
        .any(|text| carries(text))
    {
        return None;
    }
    let stat = words(read("stat"));
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let unit = environment
        .split_whitespace()
        .find_map(|variable| variable.strip_prefix("LANDFALL_UNIT=")?.split_once('#'))
        .map(|(_, unit)| unit.to_owned());
    (state != "Z" && state != "X").then_some(Found {
        pid,
        parent,
        command,
        unit,
    })
}

/// Signals a process; one that is gone is no mistake.
pub fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// Signals a process group.
pub fn signal_group(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process_group(pid, signal);
    }
}

/// Waits until a process is gone, for so long at most.
pub fn wait_gone(pid: i32, limit: Duration) {
    let begin = Instant::now();
    while Utf8Path::new(&format!("/proc/{pid}/exe")).exists() && begin.elapsed() < limit {
        std::thread::sleep(Duration::from_millis(20));
    }
}
