//! The integration tests: one binary, so that it is linked once.

mod cli;
mod common;
mod inputs;
