//! How an installation stands, by what is remembered of it.
//!
//! What the world itself says (probes) is added by whoever looks at it; this folder must not look.

mod drift;
mod fold;

pub use drift::{Class, Drift, Report};
pub use fold::{Standing, Status, fold};
