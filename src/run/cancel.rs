//! Being told to stop, in two levels.

use std::sync::Arc;

use tokio::sync::watch;

/// How urgently the run should stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not at all.
    GoOn,
    /// What runs is finished, nothing new is started.
    Soft,
    /// What runs is stopped too.
    Forced,
}

/// Tells the engine and its performers to stop. All clones are the same switch.
#[derive(Debug, Clone)]
pub struct Cancel {
    level: Arc<watch::Sender<Level>>,
}

impl Cancel {
    /// Makes a switch that nobody has pulled.
    pub fn new() -> Self {
        Self {
            level: Arc::new(watch::Sender::new(Level::GoOn)),
        }
    }

    /// Asks once more: first softly, then with force. What an interrupt key does.
    pub fn request(&self) {
        self.raise(if self.level() == Level::GoOn {
            Level::Soft
        } else {
            Level::Forced
        });
    }

    /// Asks at a level. It never falls.
    pub fn raise(&self, level: Level) {
        self.level.send_modify(|now| *now = level.max(*now));
    }

    /// Returns how urgently the run should stop now.
    pub fn level(&self) -> Level {
        *self.level.borrow()
    }

    /// Waits until the level is reached.
    pub async fn reached(&self, level: Level) {
        let mut receiver = self.level.subscribe();
        // Fails only when the sender is gone, and we hold it.
        let _ = receiver.wait_for(|now| *now >= level).await;
    }
}

impl Default for Cancel {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn asking_twice_forces_and_nothing_calms_down_again() {
        let cancel = Cancel::new();
        cancel.request();
        assert_eq!(cancel.level(), Level::Soft);
        cancel.clone().request();
        cancel.reached(Level::Forced).await;
        cancel.raise(Level::Soft);
        assert_eq!(cancel.level(), Level::Forced);
    }
}
