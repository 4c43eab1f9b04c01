//! Landfall.

pub mod postgres;
pub mod proxy;
pub mod secret;
pub mod supervisor;
pub mod tools;
