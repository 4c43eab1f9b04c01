//! Where things lie on a host, all below the installation's root.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::error::HostError;
use crate::deployment::{Deployment, Part};
use crate::drivers::options::{options, unusable};
use crate::render::RenderError;

/// The host target's options, as `templates/host/options.yaml` asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The installation's folder.
    pub root: Utf8PathBuf,
    /// The system user the services run as.
    pub user: String,
    /// What keeps them running.
    pub supervisor: Supervisor,
    /// Where systemd units are placed.
    pub units: Utf8PathBuf,
    /// The address the product answers on.
    pub address: String,
    /// The port the product answers on.
    pub port: u16,
    /// The URL under which people reach it.
    #[serde(default)]
    pub url: Option<String>,
    /// The certificate (PEM) it shows.
    #[serde(default)]
    pub tls_certificate: Option<Utf8PathBuf>,
    /// The certificate's private key.
    #[serde(default)]
    pub tls_key: Option<Utf8PathBuf>,
    /// Where the bundled PostgreSQL comes from.
    pub postgres: PostgresSource,
    /// The folder that backups go to.
    #[serde(default)]
    pub backup_to: Option<Utf8PathBuf>,
    /// Who may open them (`age1...`).
    #[serde(default)]
    pub backup_recipients: Vec<String>,
    /// How many are kept.
    #[serde(default)]
    pub backup_keep: Option<u32>,
    /// When they are made, as systemd's `OnCalendar=`.
    #[serde(default)]
    pub backup_schedule: Option<String>,
}

/// What keeps services running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Supervisor {
    /// systemd.
    Systemd,
    /// Landfall's own.
    Landfall,
}

/// Where the bundled PostgreSQL comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PostgresSource {
    /// The system's programs where they are found, else fetched.
    System,
    /// Fetched.
    Fetch,
}

/// The places of one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The options it follows from.
    pub options: Options,
    /// The installation's name.
    pub name: String,
    /// The version.
    pub version: String,
}

impl Layout {
    /// Reads the layout from a part.
    ///
    /// # Errors
    /// [`RenderError::Options`] when an option has a value that `resolve` should have refused.
    pub fn of(part: &Part, name: &str, version: &str) -> Result<Self, RenderError> {
        let fail = |message: String| unusable(part, message);
        let options: Options = options(part)?;
        if !options.root.is_absolute() || options.root.components().count() < 3 {
            return Err(fail(format!(
                "`root` must be an absolute folder of its own, not {}",
                options.root
            )));
        }
        if options.user == "root" {
            return Err(fail("`user` must not be root".to_owned()));
        }
        Ok(Self {
            options,
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }

    /// Reads the layout of a part whose options were checked when it was decided.
    ///
    /// # Errors
    /// [`HostError::Strange`] when they are not usable all the same.
    pub fn known(deployment: &Deployment, part: &Part) -> Result<Self, HostError> {
        Self::of(part, &deployment.name, deployment.version.as_str()).map_err(|error| HostError::Strange {
            path: Utf8PathBuf::from("parts"),
            because: error.to_string(),
        })
    }

    /// Returns the installation's folder.
    pub fn root(&self) -> &Utf8Path {
        &self.options.root
    }

    /// Returns the folder of this release.
    pub fn release(&self) -> Utf8PathBuf {
        self.root().join("releases").join(&self.version)
    }

    /// Returns the link to the release that runs.
    pub fn current(&self) -> Utf8PathBuf {
        self.root().join("current")
    }

    /// Returns where an image is unpacked.
    pub fn image(&self, component: &str) -> Utf8PathBuf {
        self.release().join("images").join(component)
    }

    /// Returns the folder of secrets.
    pub fn secrets(&self) -> Utf8PathBuf {
        self.root().join("secrets")
    }

    /// Returns the folder of databases that were saved before they were changed.
    pub fn snapshots(&self) -> Utf8PathBuf {
        self.root().join("snapshots")
    }

    /// Returns the file in which a database is saved, in a folder of its own below that.
    pub fn snapshot(&self, folder: &str, service: &str) -> Utf8PathBuf {
        self.snapshots().join(folder).join(format!("{service}.sql.zst"))
    }

    /// Returns the data folder of a bundled database.
    pub fn database(&self, service: &str) -> Utf8PathBuf {
        self.root().join("data").join(service)
    }

    /// Returns the link to the programs of the bundled PostgreSQL.
    pub fn postgres(&self) -> Utf8PathBuf {
        self.root().join("postgres")
    }

    /// Returns the installation's own copy of Landfall, which runs its proxy and its supervisor.
    pub fn tool(&self) -> Utf8PathBuf {
        self.root().join("bin/landfall")
    }

    /// Returns the file that closes the proxy while it is there.
    pub fn closed(&self) -> Utf8PathBuf {
        self.root().join("config/closed")
    }

    /// Returns the supervisor's folder.
    pub fn supervisor(&self) -> Utf8PathBuf {
        self.root().join("supervisor")
    }

    /// Returns the name of the unit of a component or service.
    pub fn unit(&self, subject: &str) -> String {
        format!("{}-{}", self.name, subject.replace('_', "-"))
    }

    /// Returns a unit's log, where Landfall's own supervisor writes it.
    pub fn log(&self, subject: &str) -> Utf8PathBuf {
        self.root()
            .join("logs")
            .join(format!("{}.log", subject.replace('_', "-")))
    }
}
