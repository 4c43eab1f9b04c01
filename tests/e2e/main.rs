//! The real binary on the `host` target, with a real PostgreSQL: up and down, killed, failed, interrupted, filled up;
//! on the `kubernetes` target, with a real cluster; and what AWS's own APIs are used for, with an emulator.
//!
//! `LANDFALL_SAMPLE` says where `cargo xtask sample` put the sample's images (default: `<target folder>/sample`).
//! `LANDFALL_MATRIX=all` tries every step where the default tries a spread of them.

#![expect(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails; tests start the binary under test, read their own settings, and say what they leave out"
)]

mod aws;
mod backup;
mod change;
mod common;
mod destroy;
mod drift;
mod edits;
mod faults;
mod interrupt;
mod kills;
mod kubernetes;
mod license;
mod lock;
mod moved;
mod output;
mod prune;
mod saved_plan;
mod secrets;
mod trouble;
mod up;
mod upgrade;
mod upgrade_full_disk;
