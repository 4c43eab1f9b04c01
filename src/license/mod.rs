//! Licenses.

mod policy;

pub use policy::{Algorithm, Moment, Policy, Reload};
