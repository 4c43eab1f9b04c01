//! Steps that are under way.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::{Cancel, Level};
use crate::plan::StepId;

/// How a step's work came back.
pub(super) enum Ended<T> {
    /// By itself.
    Returned(T),
    /// It was stopped because it did not stop by itself.
    Stopped,
    /// It hit a bug of ours.
    Panicked(String),
}

/// Steps that are under way, each in a task of its own: one that panics or hangs takes nothing else with it.
///
/// Dropping them stops them.
pub(super) struct Tasks<T> {
    set: JoinSet<T>,
    steps: HashMap<Id, StepId>,
    deadline: Option<Instant>,
    grace: Duration,
}

impl<T: Send + 'static> Tasks<T> {
    /// Starts with none. `grace` is how long they are given to stop when that is forced.
    pub(super) fn new(grace: Duration) -> Self {
        Self {
            set: JoinSet::new(),
            steps: HashMap::new(),
            deadline: None,
            grace,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.set.len()
    }

    pub(super) fn spawn(&mut self, step: StepId, work: impl Future<Output = T> + Send + 'static) {
        let handle = self.set.spawn(work);
        self.steps.insert(handle.id(), step);
    }

    /// Waits for the next one that ends, stopping all when that is forced and takes too long.
    pub(super) async fn next(&mut self, cancel: &Cancel) -> Option<(StepId, Ended<T>)> {
        loop {
            let deadline = self.deadline.unwrap_or_else(Instant::now);
            tokio::select! {
                joined = self.set.join_next_with_id() => {
                    let (id, ended) = match joined? {
                        Ok((id, value)) => (id, Ended::Returned(value)),
                        Err(error) => (error.id(), without_value(error)),
                    };
                    return Some((self.steps.remove(&id)?, ended));
                }
                () = cancel.reached(Level::Forced), if self.deadline.is_none() => {
                    self.deadline = Some(Instant::now() + self.grace);
                }
                () = sleep_until(deadline), if self.deadline.is_some_and(|_| !self.set.is_empty()) => {
                    self.set.abort_all();
                    // Aborted ones still have to come back; look again only then.
                    self.deadline = Some(Instant::now() + self.grace.max(Duration::from_millis(100)));
                }
            }
        }
    }

    /// Tells all to stop, gives them the grace period, and then stops them.
    pub(super) async fn stop(&mut self, cancel: &Cancel) {
        cancel.raise(Level::Forced);
        while self.next(cancel).await.is_some() {}
    }
}

fn without_value<T>(error: JoinError) -> Ended<T> {
    match error.try_into_panic() {
        Ok(payload) => Ended::Panicked(panic_text(&*payload)),
        Err(_) => Ended::Stopped,
    }
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
