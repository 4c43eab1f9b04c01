//! One machine: versioned release folders, units under systemd or Landfall's own supervisor, a bundled PostgreSQL.

mod layout;
mod lifecycle;
mod observe;
mod render;
mod steps;

pub use layout::{Layout, Options, Supervisor};
pub use lifecycle::{destroy, stop};
pub use observe::{Likeness, Observed, ObservedDatabase, ObservedUnit};
pub use render::render;
pub use steps::up;
