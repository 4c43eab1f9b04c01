//! The real binary on the `kubernetes` target, with a real cluster.
//!
//! The cluster is the one that `KUBECONFIG` names, or that `cargo xtask cluster` brings up; where neither can be, each
//! test says `SKIPPED` and why. Every test has a namespace of its own.

mod by_hand;
mod cluster;
mod common;
mod destroy;
mod doctor;
mod drift;
mod gitops;
mod kills;
mod license;
mod objects;
mod services;
mod snapshot;
mod up;
mod upgrade;
