//! Keeping a product's programs running on a host.
//!
//! [`UnitManager`] is what the rest of Landfall speaks to. On a machine with systemd it is [`Systemd`]; elsewhere it
//! is [`Supervised`], which speaks over a socket to Landfall's own small supervisor ([`run`]). The supervisor is one
//! process per installation: it starts units in order, restarts them with growing pauses, rotates their logs, stops
//! them in reverse order, and after its own death finds what it left behind.
//!
//! ```text
//! <dir>/units/<name>.yaml   one UnitSpec each; the truth about what there is
//! <dir>/enabled.json        which units should be up
//! <dir>/run/<name>.pid      which process is a unit's, safe against reuse of its number
//! <dir>/logs/<name>.log     what a unit wrote
//! <dir>/control.sock        requests, one JSON object a line
//! <dir>/supervisor.lock     held by the one supervisor of this folder
//! ```

mod client;
mod daemon;
mod error;
mod layout;
mod log;
mod logs;
mod manager;
mod order;
mod process;
mod protocol;
mod requests;
mod spec;
mod supervised;
mod systemd;
mod unit;

pub use client::{Client, spawn_daemon};
pub use daemon::{Options, run};
pub use error::SupervisorError;
pub use manager::{LogLines, UnitFile, UnitManager};
pub use process::end_carrying;
pub use protocol::{UnitState, UnitStatus};
pub(crate) use spec::read_environment;
pub use spec::{Limits, Restart, Stop, UnitSpec};
pub use supervised::Supervised;
pub use systemd::Systemd;

#[cfg(test)]
mod tests;
