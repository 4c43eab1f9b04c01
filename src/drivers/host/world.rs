//! What the driver uses of the machine that it installs on.

use camino::Utf8Path;

use super::layout::{Layout, Supervisor};
use crate::drivers::World;
use crate::supervisor::{Supervised, Systemd, UnitManager};
use crate::tools::{Account, Journalctl, Systemctl, ToolError, find_account, find_program};

impl World {
    /// Returns what keeps units running here.
    ///
    /// # Errors
    /// [`ToolError::Missing`] when systemd was chosen and its programs are not there.
    pub fn units(&self, layout: &Layout) -> Result<Box<dyn UnitManager>, ToolError> {
        match layout.options.supervisor {
            Supervisor::Landfall => {
                let arguments = vec!["supervise".to_owned(), layout.supervisor().into_string()];
                let environment = self.environment.clone();
                Ok(Box::new(Supervised::new(
                    layout.supervisor(),
                    layout.tool(),
                    arguments,
                    environment,
                )))
            }
            Supervisor::Systemd => {
                let systemctl =
                    Systemctl::new(find_program("systemctl", &self.path)?, self.environment.clone());
                let journalctl =
                    Journalctl::new(find_program("journalctl", &self.path)?, self.environment.clone());
                let folder = layout.options.units.clone();
                Ok(Box::new(Systemd::new(
                    folder,
                    systemctl,
                    journalctl,
                    self.cancel.clone(),
                )))
            }
        }
    }

    /// Finds the account that services run as; none when Landfall does not run as root and so runs them as itself.
    ///
    /// # Errors
    /// [`ToolError::UnknownAccount`] when it has not been made yet.
    pub fn account(&self, layout: &Layout) -> Result<Option<Account>, ToolError> {
        if rustix::process::geteuid().is_root() {
            find_account(&layout.options.user, Utf8Path::new("/")).map(Some)
        } else {
            Ok(None)
        }
    }
}
