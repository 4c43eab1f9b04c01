//! One machine: versioned release folders, units under systemd or Landfall's own supervisor, a bundled PostgreSQL.

mod error;
mod layout;
mod lifecycle;
mod look;
mod observe;
mod perform;
mod predict;
mod render;
mod secrets;
mod status;
mod steps;
mod tools;
mod world;

pub use error::HostError;
pub use layout::{Layout, Options, Supervisor};
pub use lifecycle::{destroy, stop, units};
pub use look::look;
pub use observe::{Likeness, Observed, ObservedDatabase, ObservedUnit};
pub use perform::{Host, Output, Tell};
pub use predict::{after, sizes};
pub use render::render;
pub use secrets::take_tokens;
pub use status::status;
pub use steps::{Crossing, DataMove, cross, probe_url, rehearse, up};
pub use tools::tools;
pub use world::{Images, World};
