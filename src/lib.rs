//! Landfall.

pub mod license;
