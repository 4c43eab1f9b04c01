//! Time and memory of a process.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use wait4::Wait4 as _;

use crate::workspace::shown;

/// How often a process is started to be measured.
const TIMES: usize = 20;

/// What a process took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The median of the wall time.
    pub wall: Duration,
    /// The most memory that was resident in any of the runs, in bytes.
    ///
    /// A child is never said to have taken less than whoever started it: the kernel counts from before it becomes
    /// another program.
    pub memory: u64,
}

/// Starts a process so many times that the median means something.
pub fn measure(mut command: impl FnMut() -> Command) -> anyhow::Result<Taken> {
    // The first fills the caches of files.
    once(&mut command())?;
    let mut runs = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        runs.push(once(&mut command())?);
    }
    Ok(Taken {
        wall: median(runs.iter().map(|run| run.wall).collect()),
        memory: runs.iter().map(|run| run.memory).max().unwrap_or_default(),
    })
}

fn once(command: &mut Command) -> anyhow::Result<Taken> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    let end = child.wait4()?;
    let wall = start.elapsed();
    ensure!(end.status.success(), "{} failed: {}", shown(command), end.status);
    Ok(Taken {
        wall,
        memory: end.rusage.maxrss,
    })
}

/// Returns the duration in the middle.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let of = |millis: &[u64]| median(millis.iter().copied().map(Duration::from_millis).collect());
        assert_eq!(of(&[9, 1, 5]), Duration::from_millis(5));
        assert_eq!(of(&[]), Duration::ZERO);
    }
}
