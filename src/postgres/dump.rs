//! A database as SQL text: out of a server, and back into one.

use camino::Utf8Path;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};

use super::clients::Clients;
use super::connect::{ConnectSpec, Encryption, connect};
use super::error::PostgresError;
use crate::tools::{CancelToken, Invocation, Stream};

/// What goes before a dump. Whoever still uses the database holds it up for a minute at most.
///
/// A schema `public` that the role owns is dropped too, and dumps take it for granted.
const BEGIN: &[u8] = b"BEGIN;\nSET LOCAL lock_timeout = '60s';\nDROP OWNED BY CURRENT_USER;\n\
DO 'BEGIN IF to_regnamespace(''public'') IS NULL THEN CREATE SCHEMA public; END IF; END';\n";
/// What goes behind a dump: a dump that is cut off never reaches it, and so changes nothing.
const COMMIT: &[u8] = b"\nCOMMIT;\n\\echo loaded-by-landfall\n";
/// What the end of [`COMMIT`] says.
const LOADED: &str = "loaded-by-landfall";

/// Where systems keep the certificates they trust; clients before version 16 do not look there by themselves.
const AUTHORITIES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Writes everything in a database that belongs to products as SQL text, and returns how many bytes that are.
///
/// The text is of one moment, whatever happens meanwhile, and nobody has to wait for it. It says neither owners nor
/// privileges, so that another role can load it.
///
/// # Errors
/// [`PostgresError::LargeObjects`] when the database holds some; [`PostgresError::Program`] when `pg_dump` fails or
/// `to` takes no more.
pub async fn dump(
    clients: &Clients,
    spec: &ConnectSpec,
    to: &mut (impl AsyncWrite + Unpin + Send),
    cancel: &CancelToken,
) -> Result<u64, PostgresError> {
    no_large_objects(spec).await?;
    let call = call(clients, "pg_dump", spec, "dumping the database").args([
        "--format=plain",
        "--no-owner",
        "--no-privileges",
        // Those on extensions can only be loaded by whoever made the extension, often an administrator.
        "--no-comments",
        "--no-password",
        // Who holds a table for longer than this is changing its schema; waiting on would hold up others behind us.
        "--lock-wait-timeout=60s",
    ]);
    let written = call.write_to(cancel, to).await;
    written.map_err(|source| PostgresError::Program {
        action: "dump the database",
        source: Box::new(source),
    })
}

/// Replaces everything that the role owns in a database by a dump.
///
/// It is one transaction: afterwards the database is exactly the dump, or exactly what it was. The role must own what is
/// in the database, and must not be a superuser.
///
/// # Errors
/// [`PostgresError::Program`] when `psql` fails or `from` does, [`PostgresError::CutOff`] when the dump has no end.
pub async fn load(
    clients: &Clients,
    spec: &ConnectSpec,
    from: &mut (impl AsyncRead + Unpin + Send),
    cancel: &CancelToken,
) -> Result<(), PostgresError> {
    let call = call(clients, "psql", spec, "loading the database").args([
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=1",
        // A longer error shows rows, which belong to the customer and not into a journal.
        "--set=VERBOSITY=terse",
        "--set=SHOW_CONTEXT=never",
        "--output=/dev/null",
    ]);
    let mut loaded = false;
    let mut script = BEGIN.chain(from).chain(COMMIT);
    let fed = call.read_from(cancel, &mut script, |stream, line| {
        loaded |= stream == Stream::Out && line == LOADED;
    });
    fed.await.map_err(|source| PostgresError::Program {
        action: "load the database",
        source: Box::new(source),
    })?;
    if loaded {
        Ok(())
    } else {
        Err(PostgresError::CutOff)
    }
}

/// Refuses a database with large objects.
///
/// `pg_dump` writes them in transactions of their own into SQL text, and the first would end the one of [`load`].
async fn no_large_objects(spec: &ConnectSpec) -> Result<(), PostgresError> {
    let connection = connect(spec).await?;
    let row = connection
        .client
        .query_one("SELECT count(*) FROM pg_largeobject_metadata", &[])
        .await;
    let count: i64 = row
        .and_then(|row| row.try_get(0))
        .map_err(PostgresError::statement("look for large objects"))?;
    if count == 0 {
        return Ok(());
    }
    Err(PostgresError::LargeObjects {
        database: spec.database.clone(),
        count,
    })
}

/// Describes a call of a client that connects as `spec` says.
fn call(clients: &Clients, program: &str, spec: &ConnectSpec, doing: &str) -> Invocation {
    let authority = spec.authority.as_deref();
    let (mode, authority) = match spec.encryption {
        Encryption::Disable => ("disable", None),
        _ if spec.host.starts_with('/') => ("disable", None),
        Encryption::Prefer => ("prefer", None),
        Encryption::Require => ("require", authority.map(Utf8Path::as_str)),
        Encryption::VerifyFull => (
            "verify-full",
            authority.map(Utf8Path::as_str).or_else(|| trusted(clients)),
        ),
    };
    let mut call = Invocation::new(clients.program(program), doing)
        // On Debian the programs in the usual places are scripts that look for the right version.
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("PGHOST", &spec.host)
        .env("PGPORT", spec.port.to_string())
        .env("PGUSER", &spec.user)
        .env("PGDATABASE", &spec.database)
        .env("PGSSLMODE", mode)
        .env("PGAPPNAME", "landfall")
        .env("PGCLIENTENCODING", "UTF8")
        .env("PGCONNECT_TIMEOUT", spec.timeout.as_secs().max(2).to_string())
        .secret_env("PGPASSWORD", spec.password.clone());
    if let Some(authority) = authority {
        call = call.env("PGSSLROOTCERT", authority);
    }
    call
}

/// Returns what stands for everything that the system trusts.
fn trusted(clients: &Clients) -> Option<&'static str> {
    if clients.version.major >= 16 {
        return Some("system");
    }
    AUTHORITIES
        .iter()
        .copied()
        .find(|path| Utf8Path::new(path).is_file())
}
