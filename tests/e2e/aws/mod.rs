//! What is done through AWS's own APIs, with an emulator in which tasks are containers.
//!
//! The emulator is the one that the environment names, or that `cargo xtask aws` brings up; where it cannot be, each test says
//! `SKIPPED` and why. All have one account, each test a cluster of its own.

mod databases;
mod doctor;
mod emulator;
mod flowguard;
mod ground;
mod identity;
mod installation;
mod life;
mod logs;
mod secrets;
mod services;
mod tasks;
