//! A bundled PostgreSQL on a host.
//!
//! The programs are the system's ([`find`]) or fetched ([`fetch`]); [`Cluster`] makes a data directory; [`connect`] and
//! [`ensure_role_and_database`] speak SQL. The server's unit and settings are rendered artifacts. No data directory is ever deleted here.

mod cluster;
mod connect;
mod database;
mod error;
mod fetch;
mod programs;
#[cfg(test)]
mod settings;
mod tls;

pub use cluster::{Cluster, Initialized, is_complete};
pub use connect::{ConnectSpec, Connection, Encryption, connect, wait_ready};
pub use database::{ServerVersion, ensure_role_and_database, server_version};
pub use error::PostgresError;
pub use fetch::fetch;
pub use programs::{Programs, find};
#[cfg(test)]
pub(crate) use settings::Settings;

#[cfg(test)]
mod tests;
