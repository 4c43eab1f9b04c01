//! What the rest of Landfall needs from whatever keeps programs running.

use async_trait::async_trait;
use futures_util::stream::BoxStream;

use super::error::SupervisorError;
use super::protocol::UnitStatus;

/// Yields lines that a unit wrote, oldest first.
pub type LogLines = BoxStream<'static, Result<String, SupervisorError>>;

/// Holds the file that defines a unit, in the form that its manager reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitFile {
    /// The unit's name, without an ending.
    pub name: String,
    /// The text of the file.
    pub contents: String,
}

/// Keeps programs running on a host.
///
/// A unit that was started comes up again with the machine, or with the supervisor; one that was stopped stays down.
#[async_trait]
pub trait UnitManager: Send + Sync {
    /// Puts a unit's file in place and returns whether it changed anything; a running unit goes on as it is.
    async fn install(&self, file: &UnitFile) -> Result<bool, SupervisorError>;

    /// Stops a unit and takes its file away; fine if there is none.
    async fn remove(&self, name: &str) -> Result<(), SupervisorError>;

    /// Starts a unit, or leaves it if it runs; returns once it is up.
    async fn start(&self, name: &str) -> Result<UnitStatus, SupervisorError>;

    /// Stops a unit, or leaves it if it is down; returns once it is gone.
    async fn stop(&self, name: &str) -> Result<UnitStatus, SupervisorError>;

    /// Stops and starts a unit, with its file as last installed.
    async fn restart(&self, name: &str) -> Result<UnitStatus, SupervisorError>;

    /// Tells how a unit is.
    async fn status(&self, name: &str) -> Result<UnitStatus, SupervisorError>;

    /// Reads the last `lines` lines of a unit, and with `follow` goes on with new ones until the stream is dropped.
    async fn logs(&self, name: &str, lines: usize, follow: bool) -> Result<LogLines, SupervisorError>;
}
