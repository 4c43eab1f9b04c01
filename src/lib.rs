//! Landfall.

pub mod cli;
pub mod deployment;
pub mod doctor;
pub mod document;
pub mod drivers;
pub mod expression;
pub mod journal;
pub mod license;
pub mod oci;
pub mod plan;
pub mod postgres;
pub mod product;
pub mod proxy;
pub mod render;
pub mod run;
pub mod secret;
pub mod status;
pub mod supervisor;
pub mod tools;
pub mod wizard;
