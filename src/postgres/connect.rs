//! Connecting to a PostgreSQL, ours or the customer's.

use std::time::Duration;

use camino::Utf8PathBuf;
use tokio::time::{Instant, sleep};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::PostgresError;
use super::tls;
use crate::secret::Secret;

/// Says how a connection is protected; the names mean what they mean in `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    Disable,
    /// If the server can; nothing is checked.
    Prefer,
    /// In any case; the certificate's chain is checked if an authority is given.
    Require,
    /// In any case; chain and host name are checked, against the given authority or what the system trusts.
    VerifyFull,
}

/// Says where to connect and as whom.
#[derive(Clone, Debug)]
pub struct ConnectSpec {
    /// The host's name or address, or the folder of a Unix socket.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password.
    pub password: Secret,
    /// The database.
    pub database: String,
    /// How the connection is protected; a Unix socket needs no protection.
    pub encryption: Encryption,
    /// A file of certificates to trust.
    pub authority: Option<Utf8PathBuf>,
    /// How long connecting may take.
    pub timeout: Duration,
}

/// Holds an open connection and what it was opened with.
pub struct Connection {
    /// Speaks to the server.
    pub client: Client,
    pub(super) spec: ConnectSpec,
}

/// Opens a connection; a task of its own serves it until the client is dropped.
pub async fn connect(spec: &ConnectSpec) -> Result<Connection, PostgresError> {
    let client = match open(spec).await? {
        Ok(client) => client,
        Err(source) => {
            let ConnectSpec { host, port, user, .. } = spec.clone();
            return Err(PostgresError::Connect {
                host,
                port,
                user,
                source,
            });
        }
    };
    Ok(Connection {
        client,
        spec: spec.clone(),
    })
}

/// Waits until a server takes connections, and returns one.
///
/// Only what passes by itself is waited for: a server that is not there yet, or says that it is starting. A wrong
/// password ends the wait.
pub async fn wait_ready(spec: &ConnectSpec, limit: Duration) -> Result<Connection, PostgresError> {
    let begin = Instant::now();
    loop {
        let source = match open(spec).await? {
            Ok(client) => {
                return Ok(Connection {
                    client,
                    spec: spec.clone(),
                });
            }
            Err(source) => source,
        };
        let passes = source
            .as_db_error()
            .is_none_or(|error| *error.code() == SqlState::CANNOT_CONNECT_NOW);
        let ConnectSpec { host, port, user, .. } = spec.clone();
        if !passes {
            return Err(PostgresError::Connect {
                host,
                port,
                user,
                source,
            });
        }
        if begin.elapsed() >= limit {
            return Err(PostgresError::NotReady {
                host,
                port,
                seconds: limit.as_secs(),
                source,
            });
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Tries once. The outer error is about what we were given, the inner about the server.
pub(super) async fn open(spec: &ConnectSpec) -> Result<Result<Client, tokio_postgres::Error>, PostgresError> {
    let ConnectSpec {
        host,
        port,
        user,
        password,
        database,
        encryption,
        authority,
        timeout,
    } = spec;
    let mut config = Config::new();
    config
        .host(host)
        .port(*port)
        .user(user)
        .password(password.expose())
        .dbname(database);
    config.connect_timeout(*timeout).application_name("landfall");
    let authority = authority.as_deref();
    let tls = match encryption {
        Encryption::Disable => None,
        _ if host.starts_with('/') => None,
        Encryption::Prefer => Some((SslMode::Prefer, tls::encrypted(None)?)),
        Encryption::Require => Some((SslMode::Require, tls::encrypted(authority)?)),
        Encryption::VerifyFull => Some((SslMode::Require, tls::verified(authority)?)),
    };
    let Some((mode, tls)) = tls else {
        let opened = config.ssl_mode(SslMode::Disable).connect(NoTls).await;
        return Ok(opened.map(|(client, connection)| serve(client, connection)));
    };
    let opened = config.ssl_mode(mode).connect(MakeRustlsConnect::new(tls)).await;
    Ok(opened.map(|(client, connection)| serve(client, connection)))
}

fn serve(
    client: Client,
    connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static,
) -> Client {
    // If it breaks, the client's next statement fails and tells why.
    tokio::spawn(async { drop(connection.await) });
    client
}
