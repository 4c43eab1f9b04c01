//! Roles and databases.

use std::fmt;

use tokio_postgres::error::SqlState;

use super::connect::{ConnectSpec, Connection, open};
use super::error::PostgresError;
use crate::secret::Secret;

/// Holds a server's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServerVersion {
    /// Such as 15.
    pub major: u32,
    /// Such as 18.
    pub minor: u32,
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Asks a server its version.
pub async fn server_version(connection: &Connection) -> Result<ServerVersion, PostgresError> {
    let row = connection
        .client
        .query_one("SELECT current_setting('server_version_num')", &[])
        .await;
    let text: String = row
        .and_then(|row| row.try_get(0))
        .map_err(PostgresError::statement("ask the server its version"))?;
    let number: u32 = text.parse().map_err(|_| PostgresError::Version(text))?;
    Ok(ServerVersion {
        major: number / 10_000,
        minor: number % 10_000,
    })
}

/// Ends all other sessions of the role in the database, and returns how many there were.
///
/// A program that was killed leaves one that works on, and holds its locks, until it tries to answer.
pub async fn end_sessions(connection: &Connection) -> Result<i64, PostgresError> {
    let row = connection
        .client
        .query_one(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
             WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()",
            &[],
        )
        .await;
    row.and_then(|row| row.try_get(0))
        .map_err(PostgresError::statement("end other sessions"))
}

/// Asks how large the database is, in bytes.
pub async fn database_size(connection: &Connection) -> Result<u64, PostgresError> {
    let row = connection
        .client
        .query_one("SELECT pg_database_size(current_database())", &[])
        .await;
    let bytes: i64 = row
        .and_then(|row| row.try_get(0))
        .map_err(PostgresError::statement("ask for the database's size"))?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}

/// Sees to it that a role can log in with `password` and owns `database`, and returns whether anything was changed.
///
/// Whether the password is right is found out by logging in, which works on every server; the statement that changes
/// it carries only its SCRAM verifier, so that no server log can hold the password. An existing database keeps its
/// owner.
pub async fn ensure_role_and_database(
    connection: &Connection,
    role: &str,
    password: &Secret,
    database: &str,
) -> Result<bool, PostgresError> {
    let client = &connection.client;
    let mut changed = false;
    let mut fresh = false;
    let known = client
        .query_opt("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&role])
        .await;
    if known
        .map_err(PostgresError::statement("look for the role"))?
        .is_none()
    {
        let statement = format!("CREATE ROLE {} LOGIN PASSWORD {}", name(role), verifier(password));
        let created = client.batch_execute(&statement).await;
        created.map_err(PostgresError::statement("create the role"))?;
        (changed, fresh) = (true, true);
    }
    let known = client
        .query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&database])
        .await;
    if known
        .map_err(PostgresError::statement("look for the database"))?
        .is_none()
    {
        let statement = format!("CREATE DATABASE {} OWNER {}", name(database), name(role));
        let created = client.batch_execute(&statement).await;
        created.map_err(PostgresError::statement("create the database"))?;
        changed = true;
    }
    if !fresh && !logs_in(&connection.spec, role, password, database).await? {
        let statement = format!("ALTER ROLE {} LOGIN PASSWORD {}", name(role), verifier(password));
        let altered = client.batch_execute(&statement).await;
        altered.map_err(PostgresError::statement("change the role's password"))?;
        changed = true;
    }
    Ok(changed)
}

/// Tells whether a role gets in; any other trouble than a refusal is an error.
async fn logs_in(
    spec: &ConnectSpec,
    role: &str,
    password: &Secret,
    database: &str,
) -> Result<bool, PostgresError> {
    let spec = ConnectSpec {
        user: role.to_owned(),
        password: password.clone(),
        database: database.to_owned(),
        ..spec.clone()
    };
    match open(&spec).await? {
        Ok(_) => Ok(true),
        Err(error) => match error.code() {
            Some(code)
                if *code == SqlState::INVALID_PASSWORD
                    || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Ok(false)
            }
            _ => Err(PostgresError::Connect {
                host: spec.host,
                port: spec.port,
                user: spec.user,
                source: error,
            }),
        },
    }
}

/// Quotes a name; statements that define things take no parameters.
fn name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\"").replace('\0', ""))
}

/// Makes the verifier that the server stores; it holds letters, digits and `$:+/=-` only.
fn verifier(password: &Secret) -> String {
    format!(
        "'{}'",
        postgres_protocol::password::scram_sha_256(password.expose().as_bytes())
    )
}
