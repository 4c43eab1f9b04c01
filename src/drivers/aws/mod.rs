//! AWS: Terraform in layers with states of their own, whose modules are kept by hand in `terraform/modules`.
//!
//! [`look`] lets Terraform plan each layer; what is approved is that plan, and it is applied exactly. Which revision a service
//! runs is decided through ECS, by steps of their own.
//!
//! Rendering looks at no account. What AWS decides (addresses, names of buckets, ARNs) goes from layer to layer as a
//! variable, so that a layer can be read, and planned, before the one below it is there.

mod account;
mod adoption;
mod bootstrap;
mod changes;
mod drift;
mod error;
mod examine;
mod folder;
mod hold;
mod layers;
mod logs;
mod look;
mod observe;
mod perform;
mod permissions;
mod place;
mod render;
mod secrets;
mod simulate;
mod stand_ins;
mod status;
mod steps;
mod tools;
mod work;

pub use account::Roots;
pub use changes::loses_nothing;
pub use drift::drift;
pub use error::AccountError;
pub use examine::examine;
pub use logs::{logs, writers};
pub use look::{after, look};
pub use observe::{Observed, ObservedLayer, ObservedService};
pub use perform::{Output, Performer, Tell};
pub use permissions::{Document, LARGEST_POLICY, permissions};
pub use place::{Options, Place};
pub use render::{Made, When, hcl, made, render, things};
pub use secrets::take_tokens;
pub use simulate::{Simulated, simulate};
pub use status::status;
pub use steps::{cross, destroy, stop, up};
pub use tools::tools;

use crate::render::Artifacts;

/// What AWS charges, as `templates/aws` has it.
pub const PRICES: &str = include_str!("../../../templates/aws/prices.yaml");

/// Lists what is needed to take a part back to what was rendered for it before.
pub fn to_go_back(earlier: &Artifacts) -> Artifacts {
    perform::to_go_back(earlier)
}
