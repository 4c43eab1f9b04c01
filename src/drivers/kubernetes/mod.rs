//! A Kubernetes cluster: a Helm chart with values, migrations and dumps as Jobs, everything judged by what the cluster
//! says it runs.

mod cluster;
mod drift;
mod edits;
mod error;
mod examine;
mod logs;
mod look;
mod objects;
mod observe;
mod perform;
mod place;
mod predict;
mod release;
mod render;
mod secrets;
mod status;
mod steps;
mod tools;
mod workload;

pub use cluster::Clusters;
pub use drift::drift;
pub use edits::{Edited, OBJECTS, edits};
pub use error::ClusterError;
pub use examine::examine;
pub use logs::{logs, writers};
pub use look::{Known, look};
pub use observe::{Observed, ObservedRelease, ObservedWorkload};
pub use perform::{Output, Performer, Tell};
pub use place::{Options, Place};
pub use predict::after;
pub use render::render;
pub use status::{status, stored, take_tokens};
pub use steps::{cross, destroy, rotate, stop, up};
pub use tools::tools;
