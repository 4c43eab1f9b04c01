//! Landfall.

pub mod license;
pub mod oci;
