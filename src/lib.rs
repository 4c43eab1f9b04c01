//! Landfall.

pub mod secret;
pub mod supervisor;
pub mod tools;
