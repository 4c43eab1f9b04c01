//! Landfall.

pub mod deployment;
pub mod doctor;
pub mod document;
pub mod drivers;
pub mod expression;
pub mod license;
pub mod oci;
pub mod plan;
pub mod product;
pub mod render;
pub mod secret;
pub mod supervisor;
pub mod tools;
pub mod wizard;
