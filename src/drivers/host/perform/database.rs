//! The bundled PostgreSQL: programs, cluster, role and database, migration.

use std::collections::BTreeSet;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use semver::VersionReq;

use super::super::error::HostError;
use super::super::layout::Layout;
use super::super::secrets::Store;
use super::folders;
use crate::drivers::World;
use crate::postgres::{
    Cluster, ConnectSpec, Encryption, Initialized, PostgresError, Programs, connect,
    ensure_role_and_database, fetch, find, wait_ready,
};
use crate::secret::Secret;
use crate::tools::{Account, Invocation};

/// The server's own superuser.
const ADMIN: &str = "postgres";
/// The variable by which a migration that was left at work is found; its value is its environment file.
const MIGRATING: &str = "LANDFALL_MIGRATING";
/// Sorting must not change when the machine's language does.
const LOCALE: &str = "C.UTF-8";

pub(in crate::drivers::host) fn fail(doing: impl Into<String>) -> impl FnOnce(PostgresError) -> HostError {
    let doing = doing.into();
    move |source| HostError::Database {
        doing,
        source: Box::new(source),
    }
}

/// Returns the name of the secret that is the superuser's password.
pub(in crate::drivers::host) fn admin_password(service: &str) -> String {
    format!("{service}_admin_password")
}

/// Finds or fetches PostgreSQL's programs and makes the link lead to them; returns their version.
pub(super) async fn provide(
    world: &World,
    link: &Utf8Path,
    oldest: Option<&str>,
    force_fetch: bool,
) -> Result<String, HostError> {
    let doing = "provide PostgreSQL";
    let oldest = oldest.unwrap_or("15");
    let wanted = VersionReq::parse(&format!(">={oldest}")).map_err(|source| HostError::Database {
        doing: doing.to_owned(),
        source: Box::new(source),
    })?;
    let mut programs = None;
    if !force_fetch {
        let found = find(&[], Utf8Path::new("/"), &world.path, &world.cancel).await;
        programs = found
            .into_iter()
            .find(|programs| wanted.matches(&programs.version));
    }
    let programs = match programs {
        Some(programs) => programs,
        None => {
            // Not the newest there is, but the one the vendor tested against.
            let exact = VersionReq::parse(&format!("^{oldest}")).unwrap_or(wanted);
            fetch(&exact, &link.with_file_name("programs"), &world.cancel)
                .await
                .map_err(fail("fetch PostgreSQL"))?
        }
    };
    let home = programs.bin.parent().unwrap_or(&programs.bin).to_owned();
    folders::switch(link, &home)?;
    Ok(programs.version.to_string())
}

/// Makes an empty cluster; a complete one is left alone.
pub(super) async fn initialize(
    world: &World,
    layout: &Layout,
    store: &Store,
    service: &str,
    account: Option<Account>,
) -> Result<Option<Utf8PathBuf>, HostError> {
    let cluster = Cluster {
        programs: programs(world, layout).await?,
        data: layout.database(service),
        account,
    };
    let password = store.read(&admin_password(service))?;
    let made = cluster.initialize(ADMIN, &password, LOCALE, &world.cancel).await;
    match made.map_err(fail(format!("make an empty database in {}", cluster.data)))? {
        Initialized::Found => Ok(None),
        Initialized::Made { moved_aside } => Ok(moved_aside),
    }
}

pub(super) async fn programs(world: &World, layout: &Layout) -> Result<Programs, HostError> {
    let bin = layout.postgres().join("bin");
    let found = Programs::at(&bin, &world.cancel)
        .await
        .map_err(fail("ask PostgreSQL its version"))?;
    found.ok_or_else(|| HostError::Strange {
        path: bin,
        because: "PostgreSQL's programs are not there".to_owned(),
    })
}

/// Says how to reach the bundled server.
pub(in crate::drivers::host) fn local(
    port: u16,
    user: &str,
    password: Secret,
    database: &str,
) -> ConnectSpec {
    ConnectSpec {
        host: "127.0.0.1".to_owned(),
        port,
        user: user.to_owned(),
        password,
        database: database.to_owned(),
        encryption: Encryption::Disable,
        authority: None,
        timeout: Duration::from_secs(10),
    }
}

/// Waits until the server takes connections.
pub(super) async fn wait(store: &Store, service: &str, port: u16, within: u32) -> Result<(), HostError> {
    let spec = local(port, ADMIN, store.read(&admin_password(service))?, ADMIN);
    let limit = Duration::from_secs(u64::from(within));
    wait_ready(&spec, limit)
        .await
        .map(|_| ())
        .map_err(fail(format!("reach the database at 127.0.0.1:{port}")))
}

/// Makes the product's role and database.
pub(super) async fn create(
    store: &Store,
    service: &str,
    port: u16,
    role: &str,
    database: &str,
) -> Result<(), HostError> {
    let admin = local(port, ADMIN, store.read(&admin_password(service))?, ADMIN);
    let connection = connect(&admin).await.map_err(fail("reach the database"))?;
    let password = store.read(&format!("{service}_password"))?;
    ensure_role_and_database(&connection, role, &password, database)
        .await
        .map(|_| ())
        .map_err(fail(format!(
            "make the role `{role}` and the database `{database}`"
        )))
}

/// Ends a migration that was left at work.
pub(super) async fn end_migration(environment: &Utf8Path) {
    crate::supervisor::end_carrying(MIGRATING, environment.as_str()).await;
}

/// A migration, as the plan says it.
pub(super) struct Migration<'a> {
    /// The program and its arguments.
    pub(super) exec: &'a [String],
    /// The environment file of the component that runs it.
    pub(super) environment: &'a Utf8Path,
    /// The variables in it that hold secrets.
    pub(super) private: &'a BTreeSet<String>,
    /// How long it may take.
    pub(super) within: Duration,
}

/// Runs a migration to its end.
pub(super) async fn migrate(
    world: &World,
    migration: &Migration<'_>,
    account: Option<&Account>,
    mut line: impl FnMut(&str) + Send,
) -> Result<(), HostError> {
    let doing = "migrate the database";
    let environment =
        crate::supervisor::read_environment(migration.environment).map_err(|source| HostError::Unit {
            doing: "read the environment of",
            unit: migration.environment.to_string(),
            said: String::new(),
            source: Box::new(source),
        })?;
    let (program, arguments) = migration.exec.split_first().ok_or_else(|| HostError::Strange {
        path: migration.environment.to_owned(),
        because: "the plan names no program for the migration".to_owned(),
    })?;
    // Who ran it before and was killed may have left it at work; two at a time must not change the schema.
    let place = migration.environment.as_str();
    end_migration(migration.environment).await;
    let mut call = Invocation::new(program.as_str(), doing)
        .env(MIGRATING, place)
        .args(arguments.iter().cloned())
        .directory(Utf8Path::new(program).parent().unwrap_or(Utf8Path::new("/")))
        .timeout(migration.within);
    for (variable, value) in environment {
        call = if migration.private.contains(&variable) {
            call.secret_env(variable, value)
        } else {
            call.env(variable, value.expose())
        };
    }
    if let Some(account) = account {
        call = call.run_as(account);
    }
    call.stream(&world.cancel, |_, text| line(text))
        .await
        .map(|_| ())
        .map_err(|source| HostError::Tool {
            doing: doing.to_owned(),
            source: Box::new(source),
        })
}
