//! The outside, as checks see it: small probes that say what is there and judge nothing.

use async_trait::async_trait;
use camino::Utf8Path;
use jiff::Timestamp;

use super::ProbeError;
use crate::secret::Secret;

/// Where a database is, and how to get in.
#[derive(Debug, Clone)]
pub struct DatabaseAt {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database's name.
    pub name: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Option<Secret>,
    /// `disable`, `require` or `verify-full`.
    pub tls: String,
    /// The CA certificate, where it is not one of the system's.
    pub ca: String,
}

/// Where a cache is, and how to get in.
#[derive(Debug, Clone)]
pub struct CacheAt {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// The password.
    pub password: Option<Secret>,
}

/// What was answered to a request.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The time of the answer, as the other side's clock has it.
    pub date: Option<Timestamp>,
    /// The body, up to a limit.
    pub body: String,
}

/// A file as it was found.
#[derive(Debug, Clone)]
pub struct FileSeen {
    /// The permission bits.
    pub mode: u32,
    /// What stands in it.
    pub text: Secret,
}

/// What the checks can find out.
#[async_trait]
pub trait World: Send + Sync {
    /// Tells the time.
    fn now(&self) -> Timestamp;

    /// Reads an environment variable of whoever runs this.
    fn environment(&self, name: &str) -> Option<Secret>;

    /// Takes a port and gives it back at once.
    async fn bind(&self, address: &str, port: u16) -> Result<(), ProbeError>;

    /// Counts the free bytes where a path is or would be.
    async fn free_space(&self, path: &Utf8Path) -> Result<u64, ProbeError>;

    /// Reads a file.
    async fn file(&self, path: &Utf8Path) -> Result<FileSeen, ProbeError>;

    /// Says whether files can be made in a folder, or in the nearest one above it that exists.
    async fn writable(&self, folder: &Utf8Path) -> Result<(), ProbeError>;

    /// Fetches a URL.
    async fn get(&self, url: &str) -> Result<Response, ProbeError>;

    /// Opens a connection and closes it.
    async fn connect(&self, host: &str, port: u16) -> Result<(), ProbeError>;

    /// Signs in to a PostgreSQL database and reads its version.
    async fn database(&self, at: &DatabaseAt) -> Result<String, ProbeError>;

    /// Signs in to a cache, pings it and reads its version, where it tells it.
    async fn cache(&self, at: &CacheAt) -> Result<Option<String>, ProbeError>;
}
