//! One operator at a time.
//!
//! In a folder the lock is the kernel's (`flock`), which lets go when its process dies, whatever way. In an object
//! store it is a lease: an object that is renewed while its holder lives, and that anybody may take over once the
//! store's own clock says that it has not been renewed for too long.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{Clock, JournalError, process};

/// Who holds a lock, where, since when, doing what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Who, as `user@host`.
    pub who: String,
    /// The machine's name.
    pub host: String,
    /// The process.
    pub pid: u32,
    /// When the process started, in the kernel's own counting: tells a process from a later one with its number.
    pub process_start: Option<u64>,
    /// The machine's boot, and the process's namespace on it: a number means nothing in another one.
    pub boot_id: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// The verb of the command line.
    pub doing: String,
    /// The run, once there is one.
    pub run: Option<String>,
    /// The version of landfall.
    pub version: String,
}

impl Holder {
    /// Describes this process. `user` is who started it.
    pub fn here(user: &str, doing: &str, since: Timestamp) -> Self {
        let host = process::host();
        Self {
            who: format!("{user}@{host}"),
            host,
            pid: std::process::id(),
            process_start: process::start(std::process::id()),
            boot_id: process::boot(),
            since,
            doing: doing.to_owned(),
            run: None,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// Says whether the holder is this very process and has not begun to work on a run: it is only looking.
    pub fn is_looking_itself(&self) -> bool {
        let here = self.pid == std::process::id() && self.boot_id == process::boot();
        here && self.run.is_none() && process::start(self.pid) == self.process_start
    }

    /// Says whether the holder is known to be dead: a process of this machine that is no longer there.
    ///
    /// Of other machines, and of other containers on this one, nothing is known.
    pub fn is_dead(&self) -> bool {
        let here = self.host == process::host() && self.boot_id.is_some() && self.boot_id == process::boot();
        here && self.process_start.is_some() && process::start(self.pid) != self.process_start
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            who,
            pid,
            since,
            doing,
            run,
            ..
        } = self;
        write!(
            formatter,
            "{who} (process {pid}) since {}, doing `{doing}`",
            since.strftime("%Y-%m-%d %H:%M:%S UTC")
        )?;
        run.as_ref()
            .map_or(Ok(()), |run| write!(formatter, " in run {run}"))
    }
}

/// How long to wait for a lock, and how long it lasts where it is a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockTerms {
    /// How long to wait when somebody else holds it.
    pub wait: Duration,
    /// How often to look meanwhile.
    pub poll: Duration,
    /// How long a lease lasts without being renewed.
    pub lease: Duration,
    /// How often a lease is renewed.
    pub renew: Duration,
}

impl Default for LockTerms {
    fn default() -> Self {
        Self {
            wait: Duration::ZERO,
            poll: Duration::from_secs(1),
            lease: Duration::from_secs(60),
            renew: Duration::from_secs(20),
        }
    }
}

/// A lock that was taken.
#[derive(Debug)]
pub struct Acquired {
    /// Holds it.
    pub guard: LockGuard,
    /// Whom it was taken over from: somebody who died holding it.
    pub stale: Option<Holder>,
}

/// Holds a lock until it is released or dropped.
///
/// Call [`Self::release`] where one can wait: dropping a lease only stops renewing it.
#[derive(Debug)]
pub struct LockGuard {
    watch: LockWatch,
    holder: Holder,
    held: Box<dyn HeldLock>,
}

/// What a store keeps of a lock that it gave.
#[async_trait]
pub trait HeldLock: Send + Sync + fmt::Debug {
    /// Says something else about the holder.
    async fn describe(&mut self, holder: &Holder) -> Result<(), JournalError>;

    /// Lets go.
    async fn release(&mut self) -> Result<(), JournalError>;
}

impl LockGuard {
    /// Wraps what a store gave.
    pub fn new(watch: LockWatch, holder: Holder, held: Box<dyn HeldLock>) -> Self {
        Self { watch, holder, held }
    }

    /// Returns a handle that says whether the lock is still ours.
    pub fn watch(&self) -> LockWatch {
        self.watch.clone()
    }

    /// Returns who holds it: us.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// Says which run is being worked on, for whoever finds the lock held.
    ///
    /// # Errors
    /// [`JournalError`] when the lock is lost or cannot be written.
    pub async fn describe_run(&mut self, run: &super::RunId) -> Result<(), JournalError> {
        self.holder.run = Some(run.to_string());
        self.held.describe(&self.holder).await
    }

    /// Lets go.
    ///
    /// # Errors
    /// [`JournalError`] when that cannot be written; the lock then ends by itself.
    pub async fn release(mut self) -> Result<(), JournalError> {
        self.held.release().await
    }
}

/// Says whether a lock is still ours.
#[derive(Clone)]
pub struct LockWatch {
    lease: Option<Lease>,
}

#[derive(Clone)]
struct Lease {
    state: watch::Receiver<LeaseState>,
    clock: Arc<dyn Clock>,
    lasts: SignedDuration,
}

/// What the renewing of a lease last came to.
#[derive(Debug, Clone)]
pub(super) struct LeaseState {
    /// When it was last renewed, by this machine's clock.
    pub(super) renewed: Timestamp,
    /// How it was lost.
    pub(super) lost: Option<String>,
}

impl LockWatch {
    /// Watches a lock that cannot be lost while its process lives.
    pub fn kernel() -> Self {
        Self { lease: None }
    }

    pub(super) fn lease(
        state: watch::Receiver<LeaseState>,
        clock: Arc<dyn Clock>,
        terms: &LockTerms,
    ) -> Self {
        let lasts = SignedDuration::try_from(terms.lease).unwrap_or(SignedDuration::MAX);
        Self {
            lease: Some(Lease { state, clock, lasts }),
        }
    }

    /// Says how the lock was lost, if it was.
    ///
    /// Looks at the clock too: a machine that slept through its lease wakes before its renewing has noticed.
    pub fn lost(&self) -> Option<String> {
        let Lease { state, clock, lasts } = self.lease.as_ref()?;
        let LeaseState { renewed, lost } = state.borrow().clone();
        let silent = clock.now().duration_since(renewed);
        lost.or_else(|| {
            (silent > *lasts).then(|| format!("it could not be renewed for {} seconds", silent.as_secs()))
        })
    }
}

impl fmt::Debug for LockWatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LockWatch")
            .field("lost", &self.lost())
            .finish()
    }
}

#[cfg(test)]
#[path = "lock_tests.rs"]
mod tests;
