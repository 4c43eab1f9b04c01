//! Landfall.

pub mod deployment;
pub mod document;
pub mod expression;
pub mod license;
pub mod oci;
pub mod plan;
pub mod product;
pub mod wizard;
