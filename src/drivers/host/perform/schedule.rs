//! The timer that makes backups, under systemd.

use camino::{Utf8Path, Utf8PathBuf};

use super::super::error::HostError;
use super::folders::write_whole;
use super::{Host, files};
use crate::plan::{Placement, Step};
use crate::tools::{Systemctl, ToolError, find_program};

fn fail(source: ToolError) -> HostError {
    HostError::Tool {
        doing: "set up the timer for backups".to_owned(),
        source: Box::new(source),
    }
}

impl Host<'_> {
    fn systemctl(&self) -> Result<Systemctl, HostError> {
        let program = find_program("systemctl", &self.world.path).map_err(fail)?;
        Ok(Systemctl::new(program, self.world.environment.clone()))
    }

    /// Places the units and starts the timer.
    pub(super) async fn install_schedule(
        &self,
        step: &Step,
        timer: &str,
        placements: &[Placement],
        environment: &Utf8Path,
    ) -> Result<(), HostError> {
        for placement in placements {
            let artifact = self.artifacts.get(&placement.artifact);
            let artifact = artifact.ok_or_else(|| HostError::NoArtifact {
                path: placement.artifact.clone(),
            })?;
            files::keep(&self.attic(step), &placement.to)?;
            write_whole(&placement.to, artifact.text.as_bytes(), 0o644, None)?;
        }
        let text = format!("LANDFALL_FILE={}\n", self.world.answers_file);
        files::keep(&self.attic(step), environment)?;
        write_whole(environment, text.as_bytes(), 0o600, None)?;
        let (systemctl, cancel) = (self.systemctl()?, &self.world.cancel);
        systemctl.daemon_reload(cancel).await.map_err(fail)?;
        systemctl.enable(&[timer], cancel).await.map_err(fail)?;
        // A timer that runs already takes up a changed time only when it is started anew.
        systemctl.restart(&[timer], cancel).await.map_err(fail)
    }

    /// Puts back what was there before.
    pub(super) async fn uninstall_schedule(
        &self,
        step: &Step,
        timer: &str,
        placements: &[Placement],
        environment: &Utf8Path,
    ) -> Result<(), HostError> {
        let places: Vec<Utf8PathBuf> = placements.iter().map(|placement| placement.to.clone()).collect();
        for place in &places {
            files::put_back(&self.attic(step), place, 0o644, None)?;
        }
        files::put_back(&self.attic(step), environment, 0o600, None)?;
        if places.iter().all(|place| place.exists()) {
            let (systemctl, cancel) = (self.systemctl()?, &self.world.cancel);
            systemctl.daemon_reload(cancel).await.map_err(fail)?;
            return systemctl.restart(&[timer], cancel).await.map_err(fail);
        }
        self.remove_schedule(timer, &places).await
    }

    /// Stops the timer and removes its units.
    pub(super) async fn remove_schedule(&self, timer: &str, places: &[Utf8PathBuf]) -> Result<(), HostError> {
        let (systemctl, cancel) = (self.systemctl()?, &self.world.cancel);
        // It may be gone already, or never have been there.
        let known = systemctl.show(timer, cancel).await.map_err(fail)?;
        if known.load_state == "loaded" {
            systemctl.stop(&[timer], cancel).await.map_err(fail)?;
        }
        if places.iter().any(|place| place.exists()) {
            systemctl.disable(&[timer], cancel).await.map_err(fail)?;
        }
        super::folders::remove(places)?;
        systemctl.daemon_reload(cancel).await.map_err(fail)
    }
}
