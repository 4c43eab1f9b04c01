//! Telling processes apart for certain, and ending those that a dead supervisor left behind.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, waitpid};
use tokio::time::{Instant, sleep};

use super::error::SupervisorError;
use super::layout::{Layout, write_atomically};
use super::spec::{Stop, UnitSpec};

/// The variable that every child carries, so that one is found even when its pid file was never written, or when it
/// has left its process group.
pub(super) const MARK: &str = "LANDFALL_UNIT";

/// Returns the value of [`MARK`] for a unit; without a name, what the marks of all units begin with.
pub(super) fn mark(layout: &Layout, unit: Option<&str>) -> String {
    format!("{}#{}", layout.dir, unit.unwrap_or_default())
}

/// How often processes are looked at while waiting for their end.
const LOOK: Duration = Duration::from_millis(50);

/// Names one process for certain: numbers are used again, but not with the same start time in the same boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pid: i32,
    started: u64,
    boot: String,
}

impl Identity {
    /// Looks a living process up.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let stat = Stat::read(pid)?;
        let boot = fs_err::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        (stat.state != 'Z').then(|| Self {
            pid,
            started: stat.started,
            boot: boot.trim().to_owned(),
        })
    }

    pub(super) fn write(&self, path: &Utf8Path) -> Result<(), SupervisorError> {
        write_atomically(
            path,
            &format!("{} {} {}\n", self.pid, self.started, self.boot),
            0o600,
        )
    }

    fn read(path: &Utf8Path) -> Option<Self> {
        let text = fs_err::read_to_string(path).ok()?;
        let mut words = text.split_whitespace();
        let pid = words.next()?.parse().ok()?;
        let started = words.next()?.parse().ok()?;
        Some(Self {
            pid,
            started,
            boot: words.next().unwrap_or_default().to_owned(),
        })
    }

    fn is_alive(&self) -> bool {
        Self::of(self.pid).as_ref() == Some(self)
    }

    /// Signals this process and no other: the handle is taken first and the identity checked after.
    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid)
            && let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && self.is_alive()
        {
            // It may end at this very moment, which is what is wanted.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
}

struct Stat {
    state: char,
    parent: i32,
    started: u64,
}

impl Stat {
    fn read(pid: i32) -> Option<Self> {
        let text = fs_err::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in parentheses and may hold anything, so the fields are counted from its end.
        let mut fields = text.rsplit_once(')')?.1.split_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        Some(Self {
            state,
            parent,
            started: fields.nth(17)?.parse().ok()?,
        })
    }
}

/// Ends what an earlier supervisor of this folder left running, and returns the names of the units.
///
/// Main processes get their unit's stop signal and grace; then everything that is still there is killed.
pub(super) async fn end_leftovers(layout: &Layout, specs: &[UnitSpec]) -> Vec<String> {
    let mut mains = Vec::new();
    for path in pid_files(layout) {
        let name = path.file_stem().unwrap_or_default().to_owned();
        if let Some(identity) = Identity::read(&path).filter(Identity::is_alive) {
            let spec = specs.iter().find(|spec| spec.name == name);
            mains.push((name, identity, spec.map_or_else(Stop::default, |spec| spec.stop)));
        }
        let _ = fs_err::remove_file(&path);
    }
    for (_, identity, stop) in &mains {
        identity.signal(stop.signal.raw());
    }
    let begin = Instant::now();
    let waits = |(_, identity, stop): &(String, Identity, Stop)| {
        identity.is_alive() && begin.elapsed() < Duration::from_secs(stop.grace_seconds)
    };
    while mains.iter().any(waits) {
        sleep(LOOK).await;
    }
    let mut rest = marked(layout, None);
    rest.extend(mains.iter().map(|(_, identity, _)| identity.clone()));
    for identity in &rest {
        identity.signal(Signal::KILL);
    }
    let begin = Instant::now();
    while rest.iter().any(Identity::is_alive) && begin.elapsed() < Duration::from_secs(5) {
        sleep(LOOK).await;
    }
    mains.into_iter().map(|(name, ..)| name).collect()
}

/// Reaps children that are not ours: what units left behind comes to us when we are PID 1 or asked for it.
///
/// Only those seen dead twice are touched, or a unit's own process could be taken from under its keeper. `seen` is
/// what the last call returned.
pub(super) fn reap_orphans(seen: &[i32]) -> Vec<i32> {
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let dead = |pid: &i32| Stat::read(*pid).is_some_and(|stat| stat.state == 'Z' && stat.parent == own);
    let found: Vec<i32> = processes().into_iter().filter(dead).collect();
    for pid in found.iter().filter(|pid| seen.contains(pid)) {
        let _ = waitpid(Pid::from_raw(*pid), WaitOptions::NOHANG);
    }
    found
}

fn pid_files(layout: &Layout) -> Vec<Utf8PathBuf> {
    let Ok(entries) = layout.run().read_dir_utf8() else {
        return Vec::new();
    };
    let paths = entries
        .filter_map(Result::ok)
        .map(camino::Utf8DirEntry::into_path);
    paths.filter(|path| path.extension() == Some("pid")).collect()
}

/// Kills what a unit's process has left behind outside of its group.
pub(super) fn kill_strays(layout: &Layout, unit: &str) {
    for identity in marked(layout, Some(unit)) {
        identity.signal(Signal::KILL);
    }
}

/// Finds the processes that carry the mark of a unit, or of any unit of this folder.
fn marked(layout: &Layout, unit: Option<&str>) -> Vec<Identity> {
    let wanted = format!("{MARK}={}", mark(layout, unit));
    carrying(|variable| match unit {
        Some(_) => variable == wanted.as_bytes(),
        None => variable.starts_with(wanted.as_bytes()),
    })
}

/// Kills every process that carries a variable with this value, and waits until they are gone.
///
/// For programs that somebody who was killed had started for a single task: they are not children of anybody who
/// could end them.
pub async fn end_carrying(variable: &str, value: &str) {
    let wanted = format!("{variable}={value}");
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(5) {
        let found = carrying(|variable| variable == wanted.as_bytes());
        if found.is_empty() {
            return;
        }
        found.iter().for_each(|identity| identity.signal(Signal::KILL));
        sleep(LOOK).await;
    }
}

fn carrying(is_wanted: impl Fn(&[u8]) -> bool) -> Vec<Identity> {
    let carries = |pid: &i32| {
        let environment = fs_err::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(&is_wanted)
    };
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    processes()
        .into_iter()
        .filter(|pid| *pid != own)
        .filter(carries)
        .filter_map(Identity::of)
        .collect()
}

fn processes() -> Vec<i32> {
    let Ok(entries) = Utf8Path::new("/proc").read_dir_utf8() else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_used_again_is_another_process() {
        let own = i32::try_from(std::process::id()).unwrap();
        let identity = Identity::of(own).unwrap();
        assert!(identity.is_alive());
        assert!(
            !Identity {
                started: identity.started + 1,
                ..identity.clone()
            }
            .is_alive()
        );
        assert!(
            !Identity {
                boot: "another".to_owned(),
                ..identity
            }
            .is_alive()
        );
    }
}
