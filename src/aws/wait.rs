//! Looking again and again, with an end.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::AwsError;
use crate::tools::{CancelLevel, CancelToken};

/// How long AWS may be out of reach while something is waited for that goes on without us.
const OUTAGE: Duration = Duration::from_secs(120);

/// Paces a loop of looks. Whoever is paced says what a look means.
pub(super) struct Wait<'a> {
    doing: String,
    pace: Duration,
    limit: Duration,
    pub(super) cancel: &'a CancelToken,
    begin: Instant,
    out_since: Option<Instant>,
}

impl<'a> Wait<'a> {
    /// Begins to wait. `doing` says what is done, for who interrupts it.
    pub(super) fn begin(
        doing: impl Into<String>,
        (pace, limit): (Duration, Duration),
        cancel: &'a CancelToken,
    ) -> Self {
        Self {
            doing: doing.into(),
            pace,
            limit,
            cancel,
            begin: Instant::now(),
            out_since: None,
        }
    }

    /// Takes what a look gave. A failure that may pass is nothing, until it has lasted.
    pub(super) fn outlast<T>(&mut self, look: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
        match look {
            Ok(seen) => {
                self.out_since = None;
                Ok(Some(seen))
            }
            Err(error) if error.is_passing() => {
                let since = *self.out_since.get_or_insert_with(Instant::now);
                if since.elapsed() < OUTAGE {
                    Ok(None)
                } else {
                    Err(error)
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Says whether the time is over.
    pub(super) fn is_over(&self) -> bool {
        self.begin.elapsed() >= self.limit
    }

    /// Says that the time is over: `what` is what has not come.
    pub(super) fn timed_out(&self, what: impl Into<String>) -> AwsError {
        AwsError::TimedOut {
            what: what.into(),
            after: self.limit,
        }
    }

    /// Waits for the next look.
    pub(super) async fn pause(&self) -> Result<(), AwsError> {
        tokio::select! {
            biased;
            () = self.cancel.reached(CancelLevel::Force) => Err(AwsError::Interrupted { doing: self.doing.clone() }),
            () = sleep(self.pace) => Ok(()),
        }
    }
}
