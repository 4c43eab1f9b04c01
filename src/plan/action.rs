//! What steps do, as data: verbs with everything they need to know.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::deployment::SecretOrigin;
use crate::oci::Digest;
use crate::product::ReleaseImage;

/// What a step does. A driver's performer carries it out; nothing is decided there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Does nothing.
    Nothing,
    /// Makes folders that belong to a system user, and that user where it is missing.
    PrepareFolders {
        /// The user; made when Landfall runs as root and it is not there.
        user: String,
        /// The folders, parents first.
        folders: Vec<Utf8PathBuf>,
    },
    /// Places a copy of Landfall that runs the installation's proxy and supervisor.
    InstallTool {
        /// Where.
        to: Utf8PathBuf,
        /// Its version.
        version: String,
    },
    /// Unpacks an image into a release folder.
    UnpackImage {
        /// The component it belongs to.
        component: String,
        /// The image, pinned.
        image: ReleaseImage,
        /// Where.
        to: Utf8PathBuf,
    },
    /// Writes secrets into the installation's own store: makes those that are generated, copies those that are given.
    WriteSecrets {
        /// The store's folder.
        to: Utf8PathBuf,
        /// Where each comes from.
        secrets: BTreeMap<String, SecretOrigin>,
    },
    /// Places rendered files, references to secrets replaced.
    WriteFiles {
        /// The files.
        files: Vec<Placement>,
    },
    /// Copies files that the customer hands in to where components read them.
    CopyFiles {
        /// The files.
        files: Vec<Handed>,
    },
    /// Finds or fetches the programs of the bundled PostgreSQL.
    ProvidePostgres {
        /// The link that will lead to them.
        link: Utf8PathBuf,
        /// The oldest version that works.
        oldest: Option<String>,
        /// Whether to fetch them even where the system has some.
        fetch: bool,
    },
    /// Makes an empty database cluster.
    InitializeDatabase {
        /// The service.
        service: String,
        /// Its data folder.
        data: Utf8PathBuf,
    },
    /// Makes the product's role and database in a bundled server.
    CreateDatabase {
        /// The service.
        service: String,
        /// The server's port.
        port: u16,
        /// The role.
        role: String,
        /// The database.
        database: String,
    },
    /// Starts Landfall's own supervisor.
    StartSupervisor {
        /// Its folder.
        folder: Utf8PathBuf,
    },
    /// Ends Landfall's own supervisor.
    StopSupervisor {
        /// Its folder.
        folder: Utf8PathBuf,
    },
    /// Makes unit files known to what keeps units running.
    InstallUnits {
        /// Each unit's name with the artifact that defines it.
        units: BTreeMap<String, Utf8PathBuf>,
    },
    /// Stops units and takes their files away.
    RemoveUnits {
        /// The units' names.
        units: Vec<String>,
    },
    /// Starts a unit and notes what it was started with.
    StartUnit {
        /// The unit's name.
        unit: String,
        /// The digest of everything it is made of: image, environment, files, unit.
        stamp: Digest,
    },
    /// Stops a unit.
    StopUnit {
        /// The unit's name.
        unit: String,
    },
    /// Waits until a bundled database answers.
    WaitDatabase {
        /// The server's port.
        port: u16,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Brings the schema up to date and waits for the end.
    Migrate {
        /// The component that runs it.
        component: String,
        /// The program and its arguments.
        exec: Vec<String>,
        /// The component's environment file.
        environment: Utf8PathBuf,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Makes a release the current one.
    SwitchRelease {
        /// The link.
        link: Utf8PathBuf,
        /// The release's folder.
        to: Utf8PathBuf,
    },
    /// Waits until every probe answers 2xx.
    WaitHealthy {
        /// The component.
        component: String,
        /// The probes' URLs.
        urls: Vec<String>,
        /// Seconds between two tries.
        every: u32,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Compares what runs with what the plan says should run.
    Verify {
        /// One check for each component.
        checks: Vec<Check>,
        /// The URL under which people reach the product, where it has one.
        url: Option<String>,
    },
    /// Removes folders for good.
    RemoveFolders {
        /// The folders.
        folders: Vec<Utf8PathBuf>,
    },
}

/// A rendered file and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// The artifact.
    pub artifact: Utf8PathBuf,
    /// Where it is placed.
    pub to: Utf8PathBuf,
}

/// A file of the customer's and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handed {
    /// The component that reads it.
    pub component: String,
    /// The customer's file; a relative path is relative to the answers file.
    pub source: Utf8PathBuf,
    /// Where it is placed.
    pub to: Utf8PathBuf,
}

/// What must be true of a running component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The component.
    pub component: String,
    /// The folder of its unpacked image.
    pub image: Utf8PathBuf,
    /// The digest that the image must have.
    pub digest: Digest,
    /// Where it tells its version.
    pub version_url: Option<String>,
    /// The version it must tell.
    pub version: String,
}
