//! The integration tests, as one program: linking is the slow part.

mod common;
mod examples;
mod hygiene;
mod layering;
mod references;
mod render;
mod schemas;
mod sources;
