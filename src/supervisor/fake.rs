//! Units that exist only in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};

use super::error::SupervisorError;
use super::manager::{LogLines, UnitFile, UnitManager};
use super::protocol::{UnitState, UnitStatus};
use super::spec::UnitSpec;
use super::unit::status;

/// Keeps units in memory and remembers what was asked of it, for tests of what is built on units.
#[derive(Debug, Default)]
pub struct FakeUnits {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    units: BTreeMap<String, (UnitFile, UnitStatus)>,
    broken: Vec<String>,
    calls: Vec<String>,
}

impl FakeUnits {
    /// Makes an empty set of units.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every later start of a unit fail, or work again.
    pub fn break_unit(&self, name: &str, broken: bool) {
        let mut inner = self.inner();
        inner.broken.retain(|known| known != name);
        if broken {
            inner.broken.push(name.to_owned());
        }
    }

    /// Returns what was asked, such as `start api`, in order; looking is not recorded.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner().calls.clone()
    }

    /// Returns the installed file of a unit.
    #[must_use]
    pub fn installed(&self, name: &str) -> Option<UnitFile> {
        self.inner().units.get(name).map(|(file, _)| file.clone())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, verb: &str, name: &str, state: UnitState) -> Result<UnitStatus, SupervisorError> {
        let mut inner = self.inner();
        inner.calls.push(format!("{verb} {name}"));
        let broken = state == UnitState::Running && inner.broken.iter().any(|known| known == name);
        let (_, status) = inner
            .units
            .get_mut(name)
            .ok_or_else(|| SupervisorError::UnknownUnit(name.to_owned()))?;
        status.state = if broken { UnitState::Failed } else { state };
        status.pid = (status.state == UnitState::Running).then_some(1);
        if broken {
            let reason = "status 1".to_owned();
            return Err(SupervisorError::NotUp {
                unit: name.to_owned(),
                state: UnitState::Failed,
                reason,
            });
        }
        Ok(status.clone())
    }
}

#[async_trait]
impl UnitManager for FakeUnits {
    fn file(&self, spec: &UnitSpec) -> Result<UnitFile, SupervisorError> {
        Ok(UnitFile {
            name: spec.name.clone(),
            contents: spec.to_yaml()?,
        })
    }

    async fn install(&self, file: &UnitFile) -> Result<bool, SupervisorError> {
        let mut inner = self.inner();
        inner.calls.push(format!("install {}", file.name));
        if let Some((known, _)) = inner.units.get_mut(&file.name) {
            let changed = known != file;
            known.clone_from(file);
            return Ok(changed);
        }
        let status = status(&file.name, UnitState::Stopped);
        inner.units.insert(file.name.clone(), (file.clone(), status));
        Ok(true)
    }

    async fn remove(&self, name: &str) -> Result<(), SupervisorError> {
        let mut inner = self.inner();
        inner.calls.push(format!("remove {name}"));
        inner.units.remove(name);
        Ok(())
    }

    async fn start(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.turn("start", name, UnitState::Running)
    }

    async fn stop(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.turn("stop", name, UnitState::Stopped)
    }

    async fn restart(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.turn("restart", name, UnitState::Running)
    }

    async fn status(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        let found = self.inner().units.get(name).map(|(_, status)| status.clone());
        found.ok_or_else(|| SupervisorError::UnknownUnit(name.to_owned()))
    }

    async fn logs(&self, name: &str, lines: usize, _follow: bool) -> Result<LogLines, SupervisorError> {
        self.status(name).await?;
        let line = format!("a line of {name}");
        Ok(stream::iter(std::iter::once(Ok(line)).take(lines)).boxed())
    }
}
