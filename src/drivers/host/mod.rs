//! One machine: versioned release folders, units under systemd or Landfall's own supervisor, a bundled PostgreSQL.

mod drift;
mod edits;
mod error;
mod layout;
mod lifecycle;
mod logs;
mod look;
mod observe;
mod perform;
mod predict;
mod prune;
mod render;
mod secrets;
mod status;
mod steps;
mod tools;
mod world;

pub use drift::{Asked, drift};
pub use edits::{Edited, edits, names};
pub use error::HostError;
pub use layout::{Layout, Options, Supervisor};
pub use lifecycle::{destroy, stop, units};
pub use logs::logs;
pub use look::{Known, look};
pub use observe::{Observed, ObservedDatabase, ObservedUnit};
pub use perform::{Host, Output, Tell};
pub use predict::{after, proxy, sizes};
pub use prune::{fetched, leftovers};
pub use render::render;
pub use secrets::{stored, take_tokens};
pub use status::status;
pub use steps::{backup, cross, probe_url, rehearse, restore, rotate, up};
pub use tools::tools;
