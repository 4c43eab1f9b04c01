//! Asking running work to stop.

use std::sync::Arc;

use tokio::sync::watch;

/// Says how urgently work should stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CancelLevel {
    /// Nobody asked.
    #[default]
    None,
    /// What runs may finish; nothing new begins.
    Finish,
    /// What runs is stopped now.
    Force,
}

/// Carries a request to stop from whoever hears Ctrl-C to whatever runs.
///
/// Clones share one level, which only rises.
#[derive(Clone, Debug)]
pub struct CancelToken {
    level: Arc<watch::Sender<CancelLevel>>,
}

impl CancelToken {
    /// Makes a token that nobody has cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self {
            level: Arc::new(watch::Sender::new(CancelLevel::None)),
        }
    }

    /// Raises the level by one: the first call lets running work finish, the second stops it.
    pub fn cancel(&self) {
        self.level.send_modify(|level| {
            *level = match level {
                CancelLevel::None => CancelLevel::Finish,
                CancelLevel::Finish | CancelLevel::Force => CancelLevel::Force,
            };
        });
    }

    /// Stops running work at once.
    pub fn force(&self) {
        self.level.send_replace(CancelLevel::Force);
    }

    /// Returns the present level.
    #[must_use]
    pub fn level(&self) -> CancelLevel {
        *self.level.borrow()
    }

    /// Waits until the level has reached at least `level`.
    pub async fn reached(&self, level: CancelLevel) {
        let mut seen = self.level.subscribe();
        // The sender lives in `self`, so this cannot end without the level being reached.
        let _ = seen.wait_for(|now| *now >= level).await;
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn two_requests_force() {
        let token = CancelToken::new();
        let other = token.clone();
        other.cancel();
        assert_eq!(token.level(), CancelLevel::Finish);
        other.cancel();
        token.reached(CancelLevel::Force).await;
    }
}
