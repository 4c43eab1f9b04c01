//! The machine as the driver sees it: what it may use, handed in from outside.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use super::layout::{Layout, Supervisor};
use crate::product::ReleaseImage;
use crate::supervisor::{Supervised, Systemd, UnitManager};
use crate::tools::{Account, CancelToken, Journalctl, Systemctl, ToolError, find_account, find_program};

/// How an image's content is brought to this machine.
pub type Images =
    dyn Fn(&ReleaseImage) -> Result<crate::oci::ImageSource, crate::oci::OciError> + Send + Sync;

/// What the driver may use of the machine.
#[derive(Clone)]
pub struct World {
    /// This program, of which the installation keeps a copy.
    pub program: Utf8PathBuf,
    /// The environment that programs may see.
    pub environment: BTreeMap<String, String>,
    /// The whole environment, for secrets given as `env:NAME`.
    pub given: Arc<BTreeMap<String, String>>,
    /// The folder of the answers file, which relative paths in it start from.
    pub answers: Utf8PathBuf,
    /// The answers file itself.
    pub answers_file: Utf8PathBuf,
    /// The folders in which programs are looked for.
    pub path: Vec<Utf8PathBuf>,
    /// How images are brought here.
    pub images: Arc<Images>,
    /// Stops programs when the run is cut short.
    pub cancel: CancelToken,
}

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
