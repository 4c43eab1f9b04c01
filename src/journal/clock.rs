//! Where times come from.

use jiff::Timestamp;

/// Tells the time.
///
/// The library never reads the clock by itself, so that tests and replays decide what time it is; `cli` passes
/// [`Timestamp::now`].
pub trait Clock: Send + Sync {
    /// Returns the time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
