//! The integration tests, as one program: linking is the slow part.

mod common;
mod examples;
mod render;
mod schemas;
