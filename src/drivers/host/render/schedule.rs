//! The timer that makes backups, for systemd.

use camino::Utf8PathBuf;
use serde::Serialize;

use super::super::layout::Supervisor;
use super::super::steps::schedule_environment;
use super::quoting::{no_specifiers, systemd_word};
use super::{Renderer, bundled_databases};
use crate::render::{Artifacts, RenderError};

#[derive(Serialize)]
struct Schedule<'a> {
    product: &'a str,
    installation: String,
    after: Vec<String>,
    environment: Utf8PathBuf,
    command: String,
    schedule: String,
}

impl Renderer<'_> {
    /// Adds service and timer, where a schedule is given; Landfall's own supervisor keeps no times.
    pub(super) fn schedule(&self, artifacts: &mut Artifacts) -> Result<(), RenderError> {
        let options = &self.layout.options;
        let Some(schedule) = &options.backup_schedule else {
            return Ok(());
        };
        let fail = |message: &str| RenderError::Options {
            part: self.part.name.clone(),
            message: message.to_owned(),
        };
        if options.backup_to.is_none() {
            return Err(fail(
                "`backup_schedule` needs `backup_to`, the folder that backups go to",
            ));
        }
        if options.backup_recipients.is_empty() {
            return Err(fail(
                "`backup_schedule` needs `backup_recipients`: nobody types a passphrase at night",
            ));
        }
        if options.supervisor != Supervisor::Systemd {
            return Ok(());
        }
        let tool = self.layout.tool();
        let command = [tool.as_str(), "backup", "--no-input"].map(systemd_word);
        let databases = bundled_databases(self.deployment, self.part);
        let context = Schedule {
            product: &self.deployment.title,
            installation: no_specifiers(&self.layout.name),
            after: databases
                .into_iter()
                .map(|(name, _)| self.layout.unit(name))
                .collect(),
            environment: no_specifiers(schedule_environment(&self.layout).as_str()).into(),
            command: command.join(" "),
            schedule: no_specifiers(schedule),
        };
        let unit = self.layout.unit("backup");
        for ending in ["service", "timer"] {
            let text = self.templates.render(&format!("backup.{ending}"), &context)?;
            artifacts.add(format!("schedule/{unit}.{ending}"), text);
        }
        Ok(())
    }
}
