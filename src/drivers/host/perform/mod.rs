//! Carrying steps out on a host, and taking them back.
//!
//! Every action is idempotent: done twice it is the same as done once, and `revert` bears a step that is half-done.

mod backup;
mod crossing;
mod database;
mod files;
mod folders;
mod health;
mod license;
mod restore;
mod schedule;
mod units;

pub(super) use crossing::{database_spec, find_clients};
pub(super) use database::{admin_password, fail, local};
pub(super) use folders::{is_installers, mode_of, tool_digest, tool_version};
pub(super) use health::{client, unpacked};
pub(super) use units::{stamp_file, unit_path};

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::error::HostError;
use super::layout::Layout;
use super::look::created_file;
use super::secrets::{Store, waiting};
use crate::deployment::{Deployment, Part};
use crate::drivers::World;
use crate::drivers::secrets::obtain;
use crate::oci::{OciError, Platform, UnpackOptions, unpack};
use crate::plan::{Action, Step};
use crate::product::ReleaseImage;
use crate::render::Artifacts;
use crate::supervisor::{Client, spawn_daemon};
use crate::tools::Account;

/// What a step gives to the record of the run.
pub type Output = BTreeMap<String, Value>;

/// Tells what a step is waiting for, or a line that a program wrote.
pub type Tell<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Carries out the steps of one part on one host.
pub struct Host<'a> {
    world: &'a World,
    deployment: &'a Deployment,
    artifacts: &'a Artifacts,
    layout: Layout,
    store: Store,
    run: &'a str,
}

impl<'a> Host<'a> {
    /// Prepares for the steps of a part in a run.
    ///
    /// # Errors
    /// [`HostError::Strange`] when the part's options are not usable.
    pub fn new(
        world: &'a World,
        deployment: &'a Deployment,
        part: &'a Part,
        artifacts: &'a Artifacts,
        run: &'a str,
    ) -> Result<Self, HostError> {
        let layout = Layout::known(deployment, part)?;
        let store = Store::new(layout.secrets());
        Ok(Self {
            world,
            deployment,
            artifacts,
            layout,
            store,
            run,
        })
    }

    fn account(&self) -> Result<Option<Account>, HostError> {
        self.world
            .account(&self.layout)
            .map_err(|source| HostError::Tool {
                doing: "find the services' user".to_owned(),
                source: Box::new(source),
            })
    }

    fn manager(&self) -> Result<Box<dyn crate::supervisor::UnitManager>, HostError> {
        self.world.units(&self.layout).map_err(|source| HostError::Tool {
            doing: "speak to systemd".to_owned(),
            source: Box::new(source),
        })
    }

    fn attic(&self, step: &Step) -> Utf8PathBuf {
        files::forget_others(self.layout.root(), self.run);
        files::attic(self.layout.root(), self.run, step.id.as_str())
    }

    /// Carries a step out.
    ///
    /// # Errors
    /// [`HostError`] with what failed and why.
    pub async fn perform(&self, step: &Step, tell: Tell<'_>) -> Result<Output, HostError> {
        match &step.action {
            Action::Nothing => Ok(Output::new()),
            Action::PrepareFolders { user, folders } => {
                let account = folders::ensure_user(self.world, user, self.layout.root()).await?;
                let made = folders::make(folders, account.as_ref())?;
                Ok(output([("made", json!(made))]))
            }
            Action::InstallTool { to, version } => {
                folders::install_tool(&self.world.program, to, version).map(|()| Output::new())
            }
            Action::UnpackImage { component, image, to } => self.unpack(component, image, to).await,
            Action::WriteSecrets { secrets, .. } => {
                let account = self.account()?;
                let values = obtain(self.world, |name| self.store.path(name).exists(), secrets)?;
                for (name, value) in &values {
                    let path = self.store.path(name);
                    if let Some(token) = &value.shown {
                        let place = waiting(&self.store, name);
                        folders::write_whole(&place, token.expose().as_bytes(), 0o600, None)?;
                    }
                    files::keep(&self.attic(step), &path)?;
                    folders::write_whole(&path, value.kept.expose().as_bytes(), 0o600, account.as_ref())?;
                }
                Ok(output([("written", json!(values.keys().collect::<Vec<_>>()))]))
            }
            Action::HoldLicense { .. } => Ok(Output::new()),
            Action::ReloadLicense { reload } => self.hand_license(reload, tell).await.map(|()| Output::new()),
            Action::WriteFiles { files } => {
                let account = self.account()?;
                let count = files::place(
                    files,
                    self.artifacts,
                    &self.store,
                    &self.attic(step),
                    account.as_ref(),
                )?;
                Ok(output([("files", count)]))
            }
            Action::CopyFiles { files } => {
                let account = self.account()?;
                files::copy(files, &self.world.answers, &self.attic(step), account.as_ref())?;
                Ok(output([("files", json!(files.len()))]))
            }
            Action::ProvidePostgres { link, oldest, fetch } => {
                let version = database::provide(self.world, link, oldest.as_deref(), *fetch).await?;
                Ok(output([("version", json!(version))]))
            }
            Action::InitializeDatabase { service, .. } => {
                let account = self.account()?;
                let aside =
                    database::initialize(self.world, &self.layout, &self.store, service, account).await?;
                Ok(output([("moved_aside", json!(aside))]))
            }
            Action::CreateDatabase {
                service,
                port,
                role,
                database,
            } => {
                database::create(&self.store, service, *port, role, database).await?;
                folders::write_whole(&created_file(&self.layout, service), b"", 0o600, None)?;
                Ok(Output::new())
            }
            Action::WaitDatabase { port, within } => {
                let service = self.service_at(*port);
                database::wait(&self.store, &service, *port, *within)
                    .await
                    .map(|()| Output::new())
            }
            Action::Migrate { .. } => self.migrate(step, tell).await,
            action if backup::is_ours(action) => self.back_up(step, tell).await,
            _ => self.perform_running(step, tell).await,
        }
    }

    /// Carries out the steps that concern what runs.
    async fn perform_running(&self, step: &Step, tell: Tell<'_>) -> Result<Output, HostError> {
        match &step.action {
            Action::StartSupervisor { folder } => self.start_supervisor(folder).await?,
            Action::StopSupervisor { folder } => stop_supervisor(folder).await?,
            Action::InstallUnits { units } => self.install_units(step, units).await?,
            Action::RemoveUnits { units } => {
                let manager = self.manager()?;
                for unit in units {
                    files::keep(&self.attic(step), &units::unit_place(&self.layout, unit))?;
                    files::keep(&self.attic(step), &stamp_file(&self.layout, unit))?;
                    units::remove(&*manager, &self.layout, unit).await?;
                }
            }
            Action::StartUnit { unit, stamp } => {
                files::keep(&self.attic(step), &stamp_file(&self.layout, unit))?;
                units::start(&*self.manager()?, &self.layout, unit, *stamp).await?;
            }
            Action::StopUnit { unit } => units::stop(&*self.manager()?, unit).await?,
            Action::SwitchRelease { link, to } => {
                let before = fs_err::read_link(link)
                    .ok()
                    .and_then(|path| Utf8PathBuf::from_path_buf(path).ok());
                // A repeated step finds its own work and must not take it for what was there before.
                let kept = self.attic(step).join("before");
                if !kept.exists() {
                    let text = before.map(Utf8PathBuf::into_string).unwrap_or_default();
                    folders::write_whole(&kept, text.as_bytes(), 0o600, None)?;
                }
                folders::switch(link, to)?;
            }
            Action::WaitHealthy {
                component,
                urls,
                every,
                within,
            } => {
                self.wait_healthy(component, urls, *every, *within, tell).await?;
            }
            Action::Verify { checks, url } => {
                for check in checks {
                    self.verify(check).await?;
                }
                if let Some(url) = url {
                    // Everything behind the proxy is healthy by now, so that it answers at once or not at all.
                    self.wait_healthy(super::render::PROXY, std::slice::from_ref(url), 1, 10, tell)
                        .await?;
                }
            }
            Action::RemoveFolders { folders } => folders::remove(folders)?,
            _ => return self.perform_crossing(step, tell).await,
        }
        Ok(Output::new())
    }

    /// Takes a step back; it may be done, half-done or not done at all.
    ///
    /// # Errors
    /// [`HostError`] with what failed and why.
    pub async fn revert(&self, step: &Step, output: Option<&Output>) -> Result<(), HostError> {
        match &step.action {
            Action::PrepareFolders { folders, .. } => {
                let made = output.and_then(|output| output.get("made")).cloned();
                let made = made
                    .and_then(|made| serde_json::from_value(made).ok())
                    .unwrap_or_else(|| folders.clone());
                folders::remove_empty(&made);
                Ok(())
            }
            Action::UnpackImage { to, .. } => folders::remove(std::slice::from_ref(to)),
            Action::InitializeDatabase { data, .. } => {
                crate::postgres::end_initialization(data).await;
                Ok(())
            }
            Action::WriteSecrets { secrets, .. } => {
                let account = self.account()?;
                let given = |origin: &crate::deployment::SecretOrigin| {
                    use crate::deployment::SecretOrigin as Origin;
                    matches!(origin, Origin::File(_) | Origin::Env(_))
                };
                for (name, _) in secrets.iter().filter(|(_, origin)| given(origin)) {
                    files::put_back(&self.attic(step), &self.store.path(name), 0o600, account.as_ref())?;
                }
                Ok(())
            }
            Action::WriteFiles { files } => {
                let account = self.account()?;
                for placement in files {
                    files::put_back(&self.attic(step), &placement.to, 0o600, account.as_ref())?;
                }
                Ok(())
            }
            Action::CopyFiles { files } => {
                let account = self.account()?;
                for file in files {
                    files::put_back(&self.attic(step), &file.to, 0o600, account.as_ref())?;
                }
                Ok(())
            }
            Action::HoldLicense { reload } => self.hand_back_license(reload).await,
            Action::InstallUnits { units } => self.uninstall_units(step, units).await,
            Action::StartSupervisor { folder } => stop_supervisor(folder).await,
            Action::StopSupervisor { folder } => self.start_supervisor(folder).await,
            Action::StartUnit { unit, .. } => {
                units::stop(&*self.manager()?, unit).await?;
                // What ran before starts again as it was, and must not count as started with what has failed.
                files::put_back(&self.attic(step), &stamp_file(&self.layout, unit), 0o600, None)
            }
            Action::StopUnit { unit } => units::start_again(&*self.manager()?, unit).await,
            Action::SwitchRelease { link, .. } => self.switch_back(step, link),
            action if backup::is_ours(action) => self.take_back_backup(step).await,
            _ => self.revert_crossing(step, output).await,
        }
    }

    async fn unpack(
        &self,
        component: &str,
        image: &ReleaseImage,
        to: &Utf8Path,
    ) -> Result<Output, HostError> {
        let fail = |source: OciError| HostError::Image {
            component: component.to_owned(),
            source: Box::new(source),
        };
        let source = (self.world.images)(image).map_err(fail)?;
        let platform = Platform::this_machine();
        let reference = image.pinned();
        let found = source.find(&reference, &platform).await.map_err(fail)?;
        let blobs = source.local(&found).await.map_err(fail)?;
        let owner = self.account()?.map(|account| (account.uid, account.gid));
        // Programs belong to root (or to whoever installs), so that a service cannot change itself.
        let options = UnpackOptions {
            owner: owner.and(Some((0, 0))),
        };
        let destination = to.to_owned();
        folders::make(&[to.parent().unwrap_or(to).to_owned()], None)?;
        let unpacked = tokio::task::spawn_blocking(move || {
            if super::perform::unpacked(&destination).is_some_and(|digest| digest != found.digest) {
                let _ = fs_err::remove_dir_all(&destination);
            }
            unpack(&found, &blobs, &destination, options)
        });
        let unpacked = unpacked
            .await
            .map_err(|error| HostError::file("unpack into", to)(std::io::Error::other(error)))?
            .map_err(fail)?;
        Ok(output([
            ("files", json!(unpacked.files)),
            ("bytes", json!(unpacked.bytes)),
        ]))
    }

    async fn migrate(&self, step: &Step, tell: Tell<'_>) -> Result<Output, HostError> {
        let Action::Migrate {
            component,
            exec,
            environment,
            within,
            saved,
        } = &step.action
        else {
            return Ok(Output::new());
        };
        let artifact = Utf8PathBuf::from(format!("env/{component}.env"));
        let text = self
            .artifacts
            .get(&artifact)
            .map_or("", |artifact| artifact.text.as_str());
        let private: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.split_once('='))
            .filter(|(_, value)| value.contains("${secret"))
            .map(|(variable, _)| variable.to_owned())
            .collect();
        let within = Duration::from_secs(u64::from(*within));
        let migration = database::Migration {
            exec,
            environment,
            private: &private,
            within,
        };
        let account = self.account()?;
        if !saved.is_empty() {
            self.keep_room()?;
        }
        let migrated = database::migrate(self.world, &migration, account.as_ref(), tell).await;
        self.free_room()?;
        migrated.map(|()| Output::new())
    }

    async fn start_supervisor(&self, folder: &Utf8Path) -> Result<(), HostError> {
        let arguments = ["supervise".to_owned(), folder.to_string()];
        spawn_daemon(&self.layout.tool(), &arguments, folder, &self.world.environment)
            .await
            .map(|_| ())
            .map_err(|source| HostError::Unit {
                doing: "start",
                unit: "landfall's supervisor".to_owned(),
                said: String::new(),
                source: Box::new(source),
            })
    }

    async fn install_units(
        &self,
        step: &Step,
        units: &BTreeMap<String, Utf8PathBuf>,
    ) -> Result<(), HostError> {
        let manager = self.manager()?;
        for (name, path) in units {
            let artifact = self
                .artifacts
                .get(path)
                .ok_or_else(|| HostError::NoArtifact { path: path.clone() })?;
            files::keep(&self.attic(step), &unit_path(&self.layout, path))?;
            units::install(&*manager, name, artifact.text.clone()).await?;
        }
        Ok(())
    }

    async fn uninstall_units(
        &self,
        step: &Step,
        units: &BTreeMap<String, Utf8PathBuf>,
    ) -> Result<(), HostError> {
        let manager = self.manager()?;
        for (name, path) in units {
            let place = unit_path(&self.layout, path);
            files::put_back(&self.attic(step), &place, 0o644, None)?;
            if !place.exists() {
                units::remove(&*manager, &self.layout, name).await?;
            }
        }
        Ok(())
    }

    fn switch_back(&self, step: &Step, link: &Utf8Path) -> Result<(), HostError> {
        match fs_err::read_to_string(self.attic(step).join("before")) {
            Ok(before) if before.is_empty() => folders::remove(&[link.to_owned()]),
            Ok(before) => folders::switch(link, Utf8Path::new(&before)),
            // Nothing was noted, so nothing was switched.
            Err(_) => Ok(()),
        }
    }

    async fn wait_healthy(
        &self,
        component: &str,
        urls: &[String],
        every: u32,
        within: u32,
        tell: Tell<'_>,
    ) -> Result<(), HostError> {
        let (pause, limit) = (
            Duration::from_secs(u64::from(every)),
            Duration::from_secs(u64::from(within)),
        );
        let Err(last) = health::wait(urls, pause, limit, |waiting| tell(waiting)).await else {
            return Ok(());
        };
        let said = units::last_lines(&*self.manager()?, &self.layout.unit(component)).await;
        Err(HostError::Unhealthy {
            component: component.to_owned(),
            within,
            last,
            said,
        })
    }

    /// Compares a running component with the plan: its image, the program of its process, the version it tells.
    async fn verify(&self, check: &crate::plan::Check) -> Result<(), HostError> {
        health::verify(check).await?;
        let Some(unit) = &check.unit else {
            return Ok(());
        };
        let status = self.manager()?.status(unit).await;
        let status = status.map_err(|source| HostError::Unit {
            doing: "look at",
            unit: unit.clone(),
            said: String::new(),
            source: Box::new(source),
        })?;
        health::verify_program(check, status.pid)
    }

    fn service_at(&self, port: u16) -> String {
        let at = |(name, service): (&String, &crate::deployment::ResolvedService)| {
            (service.port("port") == Some(port)).then(|| name.clone())
        };
        self.deployment.services.iter().find_map(at).unwrap_or_default()
    }
}

/// How long a supervisor that is ending already is waited for.
const ENDING: Duration = Duration::from_secs(10);

async fn stop_supervisor(folder: &Utf8Path) -> Result<(), HostError> {
    let Ok(client) = Client::connect(folder) else {
        // Nobody listens: it has ended.
        return Ok(());
    };
    let Err(source) = client.shutdown().await else {
        return Ok(());
    };
    // One that was told to end before breaks the conversation off.
    let deadline = tokio::time::Instant::now() + ENDING;
    while tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Ok(mut client) = Client::connect(folder) else {
            return Ok(());
        };
        if client.ping().await.is_ok() {
            break;
        }
    }
    Err(HostError::Unit {
        doing: "end",
        unit: "landfall's supervisor".to_owned(),
        said: String::new(),
        source: Box::new(source),
    })
}

fn output<const N: usize>(pairs: [(&str, Value); N]) -> Output {
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
