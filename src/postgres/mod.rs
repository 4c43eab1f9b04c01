//! A bundled PostgreSQL on a host.
//!
//! The programs are the system's ([`find`]) or fetched ([`fetch`]); [`Cluster`] makes a data directory; [`connect`] and
//! [`ensure_role_and_database`] speak SQL; [`dump`] and [`load`] move a whole database,
//! [`save`] and [`restore`] by way of a file. The server's unit and settings are rendered artifacts. No data directory is ever deleted here.

mod clients;
mod cluster;
mod connect;
mod database;
mod dump;
mod error;
mod fetch;
mod programs;
#[cfg(test)]
mod settings;
mod snapshot;
mod tls;

pub use clients::Clients;
pub use cluster::{Cluster, Initialized, end_initialization, is_complete};
pub use connect::{ConnectSpec, Connection, Encryption, connect, wait_ready};
pub use database::{ServerVersion, database_size, end_sessions, ensure_role_and_database, server_version};
pub use dump::{dump, load};
pub use error::PostgresError;
pub use fetch::fetch;
pub use programs::{Programs, find};
#[cfg(test)]
pub(crate) use settings::Settings;
pub use snapshot::{Saved, check, is_unchanged, restore, save};

#[cfg(test)]
mod tests;
