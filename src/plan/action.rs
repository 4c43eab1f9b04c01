//! What steps do, as data: verbs with everything they need to know.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{
    AwsAction, BackupEnd, BackupLock, BackupPart, BackupSource, ClusterAction, LicenseReload, RestorePart,
};
use crate::deployment::SecretOrigin;
use crate::oci::Digest;
use crate::product::{ReleaseImage, Version};

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
    /// Takes over secrets of another installation, so that data that they protect can be read.
    TakeSecrets {
        /// The other store's folder.
        from: Utf8PathBuf,
        /// The secrets.
        names: Vec<String>,
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
    /// Does nothing; taken back, hands the license that is stored then to every instance of a component.
    ///
    /// It comes before the store changes, so that it is taken back when the old license is in the store again.
    HoldLicense {
        /// Who takes it.
        reload: LicenseReload,
    },
    /// Hands the stored license to every instance of a component, which goes on running.
    ReloadLicense {
        /// Who takes it.
        reload: LicenseReload,
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
        /// Where each database was saved before, to be restored when this is taken back.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        saved: BTreeMap<String, Utf8PathBuf>,
    },
    /// Notes whether the installed release serves; taken back, waits until it does again.
    Baseline {
        /// The installed version.
        version: Version,
        /// What must be true of it.
        checks: Vec<Check>,
        /// The URLs that answer 2xx when it serves.
        urls: Vec<String>,
        /// Seconds until it counts as failed.
        within: u32,
    },
    /// Keeps users' traffic out: whoever asks is told to come back.
    CloseTraffic {
        /// The file that closes while it is there.
        file: Utf8PathBuf,
        /// What users are told.
        reason: String,
    },
    /// Lets users' traffic in.
    OpenTraffic {
        /// The file that closes while it is there.
        file: Utf8PathBuf,
    },
    /// Saves a database as it is.
    SaveDatabase {
        /// The service.
        service: String,
        /// The file.
        to: Utf8PathBuf,
        /// About how large the database is, in bytes.
        bytes: u64,
    },
    /// Puts a database back as it was saved.
    RestoreDatabase {
        /// The service.
        service: String,
        /// What to put back.
        from: Utf8PathBuf,
        /// What it was just before, to be put back when this is taken back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Utf8PathBuf>,
        /// About how large the database is, in bytes.
        bytes: u64,
    },
    /// Waits until a port of this machine takes connections.
    WaitListening {
        /// The unit that listens.
        unit: String,
        /// The address and port.
        address: String,
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
    /// Places the units that make backups at set times, and starts their timer.
    InstallSchedule {
        /// The timer.
        timer: String,
        /// The units.
        files: Vec<Placement>,
        /// The file that tells the service where the answers file lies.
        environment: Utf8PathBuf,
    },
    /// Stops the timer that makes backups and removes its units.
    RemoveSchedule {
        /// The timer.
        timer: String,
        /// The units' files.
        files: Vec<Utf8PathBuf>,
    },
    /// Begins a backup that has the name of this run.
    BeginBackup {
        /// The folder with the backups of this installation.
        shelf: Utf8PathBuf,
        /// Who may open it.
        lock: BackupLock,
    },
    /// Adds something to the backup of this run.
    AddToBackup {
        /// The folder with the backups of this installation.
        shelf: Utf8PathBuf,
        /// The entry's name.
        name: String,
        /// What is added.
        what: BackupPart,
    },
    /// Completes the backup of this run, and then removes older ones.
    CompleteBackup {
        /// The folder with the backups of this installation.
        shelf: Utf8PathBuf,
        /// How.
        end: BackupEnd,
    },
    /// Takes something out of a backup.
    RestoreFrom {
        /// The entry.
        source: BackupSource,
        /// What becomes of it.
        what: RestorePart,
    },
    /// Does something in a Kubernetes cluster.
    Cluster(ClusterAction),
    /// Does something in an AWS account.
    Aws(AwsAction),
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
    /// The unit whose process must run a program of that image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}
