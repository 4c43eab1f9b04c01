//! Everybody can read the command lines of a machine.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use camino::Utf8Path;

/// Remembers every command line that was seen on this machine.
pub struct Watcher {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<BTreeSet<Vec<u8>>>,
}

impl Watcher {
    /// Begins to look at the processes that are at work in a folder or below it; `/` is all of them.
    pub fn start(within: &Utf8Path) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, within) = (Arc::clone(&stop), within.to_owned());
        let thread = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stopped.load(Ordering::Relaxed) {
                seen.extend(lines(&within));
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            seen
        });
        Self { stop, thread }
    }

    /// Ends, and expects that no canary was seen.
    #[track_caller]
    pub fn expect_none<'a>(self, canaries: impl IntoIterator<Item = &'a String>) {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.thread.join().unwrap();
        assert!(!seen.is_empty(), "nothing was seen at work");
        for canary in canaries {
            let line = seen.iter().find(|line| holds(line, canary));
            assert!(
                line.is_none(),
                "on a command line: {}",
                String::from_utf8_lossy(line.unwrap())
            );
        }
    }
}

fn lines(within: &Utf8Path) -> Vec<Vec<u8>> {
    let processes = fs_err::read_dir("/proc").unwrap().flatten();
    let processes = processes.filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.parse::<u32>().is_ok())
    });
    let at_work = processes.filter(|entry| {
        let folder = fs_err::read_link(entry.path().join("cwd"));
        within == "/" || folder.is_ok_and(|folder| folder.starts_with(within))
    });
    at_work
        .filter_map(|entry| fs_err::read(entry.path().join("cmdline")).ok())
        .collect()
}

/// Looks by way of text, for which the standard library has a quick search; canaries are ASCII.
pub fn holds(bytes: &[u8], canary: &str) -> bool {
    String::from_utf8_lossy(bytes).contains(canary)
}
