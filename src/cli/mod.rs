//! The command line: the only folder that prints, prompts or exits.

pub mod progress;
