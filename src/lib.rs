//! Landfall.

pub mod secret;
pub mod tools;
