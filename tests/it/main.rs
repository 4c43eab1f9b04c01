//! The integration tests, as one program: linking is the slow part.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and so do its helpers"
)]

mod aws;
mod aws_cost;
mod aws_permissions;
mod aws_steps;
mod cli;
mod common;
mod examples;
mod fixtures;
mod fuzz;
mod hcl;
mod hygiene;
mod inputs;
mod kubernetes;
mod layering;
mod license;
mod references;
mod release;
mod render;
mod schemas;
mod sources;
mod terraform;
mod wizard;
mod wizard_flags;
mod wizard_pty;
mod wizard_pty_modes;
mod wizard_steps;
mod wizard_terminal;
