//! Units under Landfall's own supervisor.

use std::collections::BTreeMap;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};

use super::client::{Client, spawn_daemon};
use super::error::SupervisorError;
use super::layout::{Layout, write_atomically};
use super::logs;
use super::manager::{LogLines, UnitFile, UnitManager};
use super::protocol::{UnitState, UnitStatus};
use super::spec::{UnitSpec, check_name};
use super::unit::status;

/// Keeps units through the supervisor of a folder, which it starts when it is first needed.
#[derive(Clone, Debug)]
pub struct Supervised {
    dir: Utf8PathBuf,
    program: Utf8PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

impl Supervised {
    /// Takes the supervisor's folder, and how to start it; see [`spawn_daemon`].
    #[must_use]
    pub const fn new(
        dir: Utf8PathBuf,
        program: Utf8PathBuf,
        arguments: Vec<String>,
        environment: BTreeMap<String, String>,
    ) -> Self {
        Self {
            dir,
            program,
            arguments,
            environment,
        }
    }

    async fn client(&self) -> Result<Client, SupervisorError> {
        spawn_daemon(&self.program, &self.arguments, &self.dir, &self.environment).await
    }

    /// Makes a running supervisor read its files again; one that does not run will read them when it starts.
    async fn reload(&self) -> Result<(), SupervisorError> {
        match Client::connect(&self.dir) {
            Ok(mut client) => client.reload().await,
            Err(_) => Ok(()),
        }
    }

    fn layout(&self) -> Layout {
        Layout::new(&self.dir)
    }
}

#[async_trait]
impl UnitManager for Supervised {
    async fn install(&self, file: &UnitFile) -> Result<bool, SupervisorError> {
        check_name(&file.name)?;
        let path = self.layout().unit(&file.name);
        // A file that the supervisor could not use must not replace one that it can.
        let spec: UnitSpec =
            serde_yaml::from_str(&file.contents).map_err(|source| SupervisorError::ParseUnit {
                path: path.clone(),
                source,
            })?;
        spec.check()?;
        if spec.name != file.name {
            return Err(spec.invalid("its name differs from the name of its file"));
        }
        self.layout().create()?;
        let changed = write_if_changed(&path, &file.contents)?;
        self.reload().await?;
        Ok(changed)
    }

    async fn remove(&self, name: &str) -> Result<(), SupervisorError> {
        check_name(name)?;
        remove_if_there(&self.layout().unit(name))?;
        self.reload().await
    }

    async fn start(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.client().await?.start(name).await
    }

    async fn stop(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.client().await?.stop(name).await
    }

    async fn restart(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.client().await?.restart(name).await
    }

    async fn status(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        let unknown = || SupervisorError::UnknownUnit(name.to_owned());
        match Client::connect(&self.dir) {
            Ok(mut client) => client
                .status()
                .await?
                .into_iter()
                .find(|unit| unit.name == name)
                .ok_or_else(unknown),
            // Without a supervisor nothing runs; looking must not start one.
            Err(_) if self.layout().unit(name).exists() => Ok(status(name, UnitState::Stopped)),
            Err(_) => Err(unknown()),
        }
    }

    async fn logs(&self, name: &str, lines: usize, follow: bool) -> Result<LogLines, SupervisorError> {
        check_name(name)?;
        let path = self.layout().unit(name);
        if !path.exists() {
            return Err(SupervisorError::UnknownUnit(name.to_owned()));
        }
        logs::read(self.layout().log(&UnitSpec::read(&path)?), lines, follow)
    }
}

/// Writes a file unless it has this text already, and returns whether it did.
pub(super) fn write_if_changed(path: &Utf8Path, text: &str) -> Result<bool, SupervisorError> {
    if fs_err::read_to_string(path).is_ok_and(|before| before == text) {
        return Ok(false);
    }
    write_atomically(path, text, 0o644)?;
    Ok(true)
}

/// Removes a file, and returns whether it was there.
pub(super) fn remove_if_there(path: &Utf8Path) -> Result<bool, SupervisorError> {
    match fs_err::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(SupervisorError::file("remove", path)(error)),
    }
}
