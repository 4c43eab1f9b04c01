//! Landfall.

pub mod document;
pub mod expression;
pub mod license;
pub mod oci;
pub mod product;
pub mod plan;
pub mod journal;
pub mod run;
pub mod status;
pub mod cli;
