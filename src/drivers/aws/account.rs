//! The account of a part, as Terraform and AWS's own clients reach it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use camino::Utf8PathBuf;

use super::changes::Planned;
use super::error::AccountError;
use super::folder::{Folder, OVERRIDE, PREPARED};
use super::hold;
use super::perform::Tell;
use super::place::{BOOTSTRAP, Place, State};
use super::stand_ins::StandIns;
use crate::aws::Aws;
use crate::deployment::{Deployment, Part};
use crate::drivers::World;
use crate::oci::Digest;
use crate::tools::{CancelToken, Terraform, ToolError, find_program};

/// The programs that can do Terraform's work; the first that is there does it.
pub(super) const PROGRAMS: [&str; 2] = ["terraform", "tofu"];
/// What of our environment Terraform may see. Not `TF_VAR_`: what is applied is what is rendered. Not `TF_LOG`: it shows secrets.
const HELPERS: [&str; 4] = ["AWS_", "TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_TOKEN_"];

/// The root modules that this process works with: what was approved is applied from the plan that was looked at.
///
/// Once a part's folder was worked in, nobody else works there until this process ends: its plans lie there.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    plans: Arc<Mutex<BTreeMap<Utf8PathBuf, Held>>>,
    folders: Arc<tokio::sync::Mutex<BTreeMap<Utf8PathBuf, fs_err::File>>>,
}

/// A plan that lies in its layer's folder.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// Of what the folder was planned.
    pub(super) of: String,
    /// What it says.
    pub(super) planned: Planned,
}

impl Roots {
    /// Finds the plan of a folder.
    pub(super) fn get(&self, folder: &Utf8PathBuf) -> Option<Held> {
        self.held().get(folder).cloned()
    }

    pub(super) fn keep(&self, folder: Utf8PathBuf, held: Held) {
        self.held().insert(folder, held);
    }

    /// Forgets the plan of a folder: it was applied, or another one lies there.
    pub(super) fn forget(&self, folder: &Utf8PathBuf) {
        self.held().remove(folder);
    }

    fn held(&self) -> std::sync::MutexGuard<'_, BTreeMap<Utf8PathBuf, Held>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Speaks to the account of a part.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) place: Place,
    pub(super) folder: Folder,
    pub(super) aws: Aws,
    pub(super) roots: Roots,
    pub(super) cancel: CancelToken,
    pub(super) stand_ins: StandIns,
    /// The customer's certificates for the database: Terraform works in another folder than that of the answers.
    pub(super) database_ca: Option<Utf8PathBuf>,
    program: Utf8PathBuf,
    environment: BTreeMap<String, String>,
}

impl Account {
    /// Finds Terraform, signs in, and makes sure that it is the account that is meant.
    pub(super) async fn connect(
        world: &World,
        deployment: &Deployment,
        part: &Part,
    ) -> Result<Self, AccountError> {
        let place = Place::of(deployment, part)?;
        let program = program(world).map_err(AccountError::tool("work with terraform"))?;
        let environment = environment(world, &place);
        let options = &place.options;
        let aws = Aws::connect(Some(&options.region), &environment).await?;
        let identity = aws.identity(&world.cancel).await?;
        identity.guard(&options.account)?;
        Ok(Self {
            stand_ins: StandIns::new(&options.region, &options.account),
            folder: folder_of(world, deployment, part),
            database_ca: options.database_ca.as_ref().map(|file| world.answers.join(file)),
            place,
            aws,
            roots: world.roots.clone(),
            cancel: world.cancel.clone(),
            program,
            environment,
        })
    }

    /// Returns Terraform at work on a layer.
    pub(super) fn terraform(&self, layer: &str) -> Terraform {
        Terraform::new(
            self.program.clone(),
            self.environment.clone(),
            self.folder.layer(layer),
        )
    }

    /// Keeps other Landfalls out of the part's folder until this process ends.
    ///
    /// `patience` is how long to wait for one that is there; without it, until that one is done.
    pub(super) async fn occupy(
        &self,
        patience: Option<Duration>,
        tell: Tell<'_>,
    ) -> Result<(), AccountError> {
        let mut folders = self.roots.folders.lock().await;
        if !folders.contains_key(&self.folder.0) {
            let lock = hold::take(&self.folder.0, patience, &self.cancel, tell).await?;
            folders.insert(self.folder.0.clone(), lock);
        }
        Ok(())
    }

    /// Prepares a layer's folder, unless that was done for the same root module; says whether its state can be reached.
    ///
    /// The bucket of the states is made by a layer of its own: before it is there, a layer can be planned and no more.
    pub(super) async fn prepare(&self, layer: &str) -> Result<bool, AccountError> {
        if layer == BOOTSTRAP {
            self.prepare_bootstrap().await?;
            return Ok(true);
        }
        if self.place.options.state != State::S3 {
            self.init(layer).await?;
            return Ok(true);
        }
        self.folder.without_bucket(layer, false)?;
        match self.init(layer).await {
            Err(AccountError::Tool { source, .. }) if says_no_bucket(&source) => {
                self.folder.without_bucket(layer, true)?;
                self.init(layer).await?;
                Ok(false)
            }
            done => done.map(|()| true),
        }
    }

    pub(super) async fn init(&self, layer: &str) -> Result<(), AccountError> {
        let folder = self.folder.layer(layer);
        let read = |name: &str| fs_err::read_to_string(folder.join(name)).unwrap_or_default();
        let of = ["versions.tf", OVERRIDE].map(read).concat();
        let of = Digest::of(of).hex();
        let mark = folder.join(PREPARED);
        if fs_err::read_to_string(&mark).is_ok_and(|there| there == of) {
            return Ok(());
        }
        let prepared = self.terraform(layer).init(&BTreeMap::new(), &self.cancel).await;
        prepared.map_err(AccountError::tool(format!("prepare the {layer} layer")))?;
        fs_err::write(&mark, of).map_err(AccountError::file("write", &mark))
    }
}

/// Finds the program that does Terraform's work; where there is none, it is Terraform that is missing.
pub(super) fn program(world: &World) -> Result<Utf8PathBuf, ToolError> {
    let [terraform, tofu] = PROGRAMS.map(|name| find_program(name, &world.path));
    terraform.or_else(|error| tofu.map_err(|_| error))
}

/// Names the folder of a part's root modules on this machine.
pub(super) fn folder_of(world: &World, deployment: &Deployment, part: &Part) -> Folder {
    let own = world.workspace.join(&deployment.name);
    Folder(own.join("terraform").join(&part.name))
}

/// Says whether it is the bucket of the states that is not there; the codes are S3's.
pub(super) fn says_no_bucket(error: &ToolError) -> bool {
    let ToolError::Failed { said, .. } = error else {
        return false;
    };
    let is_said = |line: &String| {
        let codes = ["NoSuchBucket", "NotFound"];
        let is_missing = line.contains("S3 bucket \"") && line.contains("does not exist");
        is_missing || codes.iter().any(|code| line.contains(code))
    };
    said.0.iter().any(is_said)
}

/// Picks what of our environment Terraform may see.
pub(super) fn environment(world: &World, place: &Place) -> BTreeMap<String, String> {
    let mut environment = world.environment_with(&HELPERS);
    environment.insert("AWS_REGION".to_owned(), place.options.region.clone());
    environment
}
