//! From one release to another: keeping users out, saving and putting back data, and whether the old version serves.

use std::os::unix::fs::DirBuilderExt as _;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::super::error::HostError;
use super::super::layout::Layout;
use super::super::secrets::Store;
use super::{Host, Output, Tell, database, files, folders, health, output, units};
use crate::deployment::{Bound, ResolvedService};
use crate::drivers::World;
use crate::plan::{Action, Check, Step};
use crate::postgres::{
    Clients, ConnectSpec, Connection, Encryption, PostgresError, Programs, connect, end_sessions,
    is_unchanged, restore, save, server_version, wait_ready,
};

/// How much room is kept while a database is migrated: enough for a server's log and for what ran before to start.
const RESERVE: u64 = 64 << 20;
/// How long a server that crashed may take until it answers again.
const RECOVERY: Duration = Duration::from_secs(120);

impl Host<'_> {
    /// Carries out the steps that only lead from one release to another.
    pub(super) async fn perform_crossing(&self, step: &Step, tell: Tell<'_>) -> Result<Output, HostError> {
        match &step.action {
            Action::Baseline { checks, urls, .. } => {
                let trouble = trouble(checks, urls).await;
                if let Some(trouble) = &trouble {
                    tell(&format!("it does not serve as it should: {trouble}"));
                }
                return Ok(output([("serving", json!(trouble.is_none()))]));
            }
            Action::CloseTraffic { file, reason } => {
                folders::write_whole(file, reason.as_bytes(), 0o644, None)?;
            }
            Action::OpenTraffic { file } => folders::remove_durably(file)?,
            Action::SaveDatabase { service, to, .. } => return self.save(service, to).await,
            Action::TakeSecrets { from, names } => self.take_secrets(from, names)?,
            Action::RestoreDatabase {
                service,
                from,
                before,
                ..
            } => {
                // A repeated step must not take its own work for what was there before.
                let noted = self.attic(step).join("saved");
                if let Some(before) = before
                    && !noted.exists()
                {
                    self.save(service, before).await?;
                    folders::write_whole(&noted, b"", 0o600, None)?;
                }
                self.put_back(service, from).await?;
            }
            Action::WaitListening {
                unit,
                address,
                within,
            } => self.wait_listening(unit, address, *within).await?,
            _ => {}
        }
        Ok(Output::new())
    }

    /// Takes such a step back.
    pub(super) async fn revert_crossing(
        &self,
        step: &Step,
        output: Option<&Output>,
    ) -> Result<(), HostError> {
        match &step.action {
            Action::Baseline {
                version,
                checks,
                urls,
                within,
            } => {
                let served = output.and_then(|output| output.get("serving")) == Some(&json!(true));
                if served {
                    self.wait_serving(version.as_str(), checks, urls, *within).await?;
                }
                Ok(())
            }
            Action::CloseTraffic { file, .. } => folders::remove(std::slice::from_ref(file)),
            Action::OpenTraffic { file } => folders::write_whole(file, b"", 0o644, None),
            Action::Migrate {
                environment, saved, ..
            } => {
                database::end_migration(environment).await;
                self.free_room()?;
                for (service, file) in saved {
                    self.put_back(service, file).await?;
                }
                Ok(())
            }
            Action::RestoreDatabase {
                service,
                before: Some(before),
                ..
            } => {
                if self.attic(step).join("saved").exists() {
                    self.put_back(service, before).await?;
                }
                Ok(())
            }
            Action::SaveDatabase { service, to, .. } if output.is_some() => self.put_back(service, to).await,
            Action::RemoveUnits { units } => self.install_again(step, units).await,
            _ => Ok(()),
        }
    }

    async fn save(&self, name: &str, to: &Utf8Path) -> Result<Output, HostError> {
        let folder = to.parent().unwrap_or(to);
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(HostError::file("make the folder", folder))?;
        let (clients, spec) = self.clients(name).await?;
        let saved = save(&clients, &spec, to, &self.world.cancel)
            .await
            .map_err(database::fail(format!("save the database to {to}")))?;
        Ok(output([
            ("bytes", json!(saved.bytes)),
            ("plain", json!(saved.plain)),
            ("sha256", json!(saved.sha256)),
        ]))
    }

    /// Puts a database back as it was saved, unless it is still that.
    async fn put_back(&self, name: &str, from: &Utf8Path) -> Result<(), HostError> {
        let (clients, spec) = self.clients(name).await?;
        let fail = |doing: &str| database::fail(format!("{doing} the database `{name}`"));
        // Everything of ours is stopped: who is left is a program that was killed and whose session has not noticed.
        let ended = async { end_sessions(&connect(&spec).await?).await };
        ended.await.map_err(fail("end what still uses"))?;
        let cancel = &self.world.cancel;
        // Where the two cannot be compared, restoring is what is safe.
        if is_unchanged(&clients, &spec, from, cancel).await.unwrap_or(false) {
            return Ok(());
        }
        let restored = restore(&clients, &spec, from, cancel).await;
        restored.map_err(database::fail(format!(
            "put the database back as it was saved in {from}"
        )))
    }

    /// Finds the programs for a database that nobody else may be using now, and says how to reach it.
    pub(super) async fn clients(&self, name: &str) -> Result<(Clients, ConnectSpec), HostError> {
        let service = self
            .deployment
            .services
            .get(name)
            .ok_or_else(|| HostError::Strange {
                path: Utf8PathBuf::from(name),
                because: "the plan names a service that is not there".to_owned(),
            })?;
        let spec = database_spec(&self.store, service)?;
        let fail = || database::fail(format!("reach the database `{name}`"));
        // A server that ran out of room comes back by itself, and takes a moment.
        let connection = wait_ready(&spec, RECOVERY).await.map_err(fail())?;
        let clients = find_clients(self.world, &self.layout, &connection);
        let clients = clients.await.map_err(fail())?;
        Ok((clients, spec))
    }

    /// Returns the file that keeps room for a database that runs out of it while it is migrated.
    fn reserve(&self) -> Utf8PathBuf {
        self.layout.snapshots().join("reserve")
    }

    /// Keeps room on the disk until it is needed to come back.
    ///
    /// # Errors
    /// [`HostError::File`] when there is no such room now.
    pub(super) fn keep_room(&self) -> Result<(), HostError> {
        let file = self.reserve();
        let keep = || -> std::io::Result<()> {
            let reserve = fs_err::File::create(&file)?;
            let flags = rustix::fs::FallocateFlags::empty();
            match rustix::fs::fallocate(&reserve, flags, 0, RESERVE) {
                // A file system that cannot promise room does without.
                Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
                kept => kept.map_err(std::io::Error::from),
            }
        };
        keep().map_err(|error| {
            let _ = fs_err::remove_file(&file);
            HostError::file("keep 64 MiB of room for going back in", file.clone())(error)
        })
    }

    /// Gives the room back.
    pub(super) fn free_room(&self) -> Result<(), HostError> {
        folders::remove(&[self.reserve()])
    }

    fn take_secrets(&self, from: &Utf8Path, names: &[String]) -> Result<(), HostError> {
        let (other, account) = (Store::new(from), self.account()?);
        for name in names {
            // What the other installation has not made, this one makes.
            if let Ok(value) = other.read(name) {
                folders::write_whole(
                    &self.store.path(name),
                    value.expose().as_bytes(),
                    0o600,
                    account.as_ref(),
                )?;
            }
        }
        Ok(())
    }

    async fn wait_serving(
        &self,
        version: &str,
        checks: &[Check],
        urls: &[String],
        within: u32,
    ) -> Result<(), HostError> {
        let limit = Duration::from_secs(u64::from(within));
        if let Err(last) = health::wait(urls, Duration::from_secs(1), limit, |_| {}).await {
            return Err(HostError::Unhealthy {
                component: version.to_owned(),
                within,
                last,
                said: String::new(),
            });
        }
        for check in checks {
            self.verify(check).await?;
        }
        Ok(())
    }

    async fn wait_listening(&self, unit: &str, address: &str, within: u32) -> Result<(), HostError> {
        let deadline = Instant::now() + Duration::from_secs(u64::from(within));
        // What listens everywhere is asked on this machine.
        let address = address
            .replace("0.0.0.0:", "127.0.0.1:")
            .replace("[::]:", "[::1]:");
        loop {
            let Err(error) = tokio::net::TcpStream::connect(&address).await else {
                return Ok(());
            };
            if Instant::now() > deadline {
                return Err(HostError::Unhealthy {
                    component: unit.to_owned(),
                    within,
                    last: format!("nothing listens at {address}: {error}"),
                    said: units::last_lines(&*self.manager()?, unit).await,
                });
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Installs units that were removed as they were.
    async fn install_again(&self, step: &Step, units: &[String]) -> Result<(), HostError> {
        let manager = self.manager()?;
        for name in units {
            let place = units::unit_place(&self.layout, name);
            files::put_back(&self.attic(step), &place, 0o644, None)?;
            let stamp = units::stamp_file(&self.layout, name);
            files::put_back(&self.attic(step), &stamp, 0o600, None)?;
            if let Ok(contents) = fs_err::read_to_string(&place) {
                units::install(&*manager, name, contents).await?;
            }
        }
        Ok(())
    }
}

/// Finds the programs that save the database of a connection and put it back.
///
/// # Errors
/// [`PostgresError`] when there are none, with what to install.
pub(in crate::drivers::host) async fn find_clients(
    world: &World,
    layout: &Layout,
    connection: &Connection,
) -> Result<Clients, PostgresError> {
    let server = server_version(connection).await?;
    let beside = Programs::at(&layout.postgres().join("bin"), &world.cancel).await;
    let beside = beside.ok().flatten();
    let (root, path, cancel) = (Utf8Path::new("/"), &world.path, &world.cancel);
    Clients::find(beside.as_ref(), server, root, path, cancel).await
}

/// Says what is wrong with what runs, if anything is.
async fn trouble(checks: &[Check], urls: &[String]) -> Option<String> {
    if let Err(last) = health::wait(urls, Duration::from_secs(1), Duration::from_secs(2), |_| {}).await {
        return Some(last);
    }
    for check in checks {
        if let Err(error) = health::verify(check).await {
            return Some(error.to_string());
        }
    }
    None
}

/// Says how a product reaches its PostgreSQL, ours or the customer's.
pub(in crate::drivers::host) fn database_spec(
    store: &Store,
    service: &ResolvedService,
) -> Result<ConnectSpec, HostError> {
    let password = Bound::new(service.text("password"));
    let name = password.secrets().next().unwrap_or_default();
    let encryption = match service.text("tls") {
        "verify-full" => Encryption::VerifyFull,
        "require" => Encryption::Require,
        _ => Encryption::Disable,
    };
    let authority = Some(service.text("ca")).filter(|path| !path.is_empty());
    Ok(ConnectSpec {
        host: service.text("host").to_owned(),
        port: service.port("port").unwrap_or(5432),
        user: service.text("user").to_owned(),
        password: store.read(name)?,
        database: service.text("name").to_owned(),
        encryption,
        authority: authority.map(Utf8PathBuf::from),
        timeout: Duration::from_secs(10),
    })
}
