//! Landfall brings a vendor's whole product up on a customer's ground, and keeps it alive there.
//!
//! ```text
//! product.yaml + release ─┐                                  Observed
//!                         ├─> Deployment ──> Artifacts ──────────┴──> Plan ──> Run ──> Journal ──> Status
//! answers (wizard) ───────┘    resolve        render       observe    plan      run     record      fold
//! ```
//!
//! `resolve`, `render` and `plan` are pure: no clock, no randomness, no environment, no network, no subprocess. Modules
//! stand in the order in which the pipeline needs them; `tests/it/layering.rs` keeps the walls between them.

pub mod aws;
pub mod backup;
pub mod cli;
pub mod cost;
pub mod deployment;
pub mod doctor;
pub mod document;
pub mod drivers;
pub mod edits;
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
