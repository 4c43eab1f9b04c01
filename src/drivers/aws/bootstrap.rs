//! The state of the layer that makes the bucket of the states.
//!
//! It begins beside the layer, moves into the bucket once the layer is applied, and comes back before the bucket goes. So
//! it is found from every machine, and the layer can be applied by hand as it is rendered.

use camino::Utf8PathBuf;
use serde_json::Value;

use super::account::{Account, says_no_bucket};
use super::error::AccountError;
use super::folder::{self, RECORD};
use super::place::{BOOTSTRAP, State};

/// What Terraform calls a state that lies beside its root module.
const HOME: &str = "terraform.tfstate";
/// And the one before it.
const BACKUP: &str = "terraform.tfstate.backup";
/// A state on its way into the bucket: one of Terraform's own name would have Terraform ask what to do with it.
const MOVING: &str = "landfall-moving.tfstate";

impl Account {
    /// Connects to the state, wherever it is; brings it into the bucket when it belongs there.
    pub(super) async fn prepare_bootstrap(&self) -> Result<(), AccountError> {
        if self.place.options.state != State::S3 {
            return self.init(BOOTSTRAP).await;
        }
        if self.is_home() {
            // What was cut short goes on where it began: the bucket may be half made, or half gone.
            if self.own(RECORD).is_file() {
                return self.stay_home().await;
            }
            self.rename(HOME, MOVING)?;
        }
        self.folder.bootstrap_in_bucket(true)?;
        match self.init(BOOTSTRAP).await {
            Err(AccountError::Tool { source, .. }) if says_no_bucket(&source) => {
                self.stay_home().await?;
                match self.own(MOVING).is_file() {
                    true => self.rename(MOVING, HOME),
                    false => Ok(()),
                }
            }
            Ok(()) if self.own(MOVING).is_file() => {
                let pushed = self.terraform(BOOTSTRAP).push(MOVING.into(), &self.cancel).await;
                pushed.map_err(AccountError::tool(format!(
                    "bring the state of the {BOOTSTRAP} layer into the bucket, which lies in {}",
                    self.own(MOVING)
                )))?;
                self.forget_home()
            }
            done => done,
        }
    }

    /// Brings the state out of the bucket, which is to go.
    pub(super) async fn bring_bootstrap_home(&self) -> Result<(), AccountError> {
        if self.place.options.state != State::S3 || self.is_home() {
            return Ok(());
        }
        let state = self.terraform(BOOTSTRAP).pull(&self.cancel).await;
        let state = state.map_err(AccountError::tool(format!(
            "bring the state of the {BOOTSTRAP} layer out of the bucket"
        )))?;
        self.stay_home().await?;
        if state.trim().is_empty() {
            // Nothing was ever made.
            return Ok(());
        }
        let moving = self.own(MOVING);
        fs_err::write(&moving, state).map_err(AccountError::file("write", &moving))?;
        self.rename(MOVING, HOME)
    }

    /// Removes the state beside the layer: it lies in the bucket, or nothing is left that it knows.
    pub(super) fn forget_home(&self) -> Result<(), AccountError> {
        [HOME, BACKUP, MOVING]
            .into_iter()
            .try_for_each(|name| folder::remove(&self.own(name)))
    }

    async fn stay_home(&self) -> Result<(), AccountError> {
        self.folder.bootstrap_in_bucket(false)?;
        self.init(BOOTSTRAP).await
    }

    /// Says whether a state that knows anything lies beside the layer.
    fn is_home(&self) -> bool {
        let text = fs_err::read_to_string(self.own(HOME)).unwrap_or_default();
        let state: Value = serde_json::from_str(&text).unwrap_or_default();
        let resources = state.get("resources").and_then(Value::as_array);
        resources.is_some_and(|resources| !resources.is_empty())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), AccountError> {
        let to = self.own(to);
        fs_err::rename(self.own(from), &to).map_err(AccountError::file("write", &to))
    }

    /// Names a file of the layer's folder.
    fn own(&self, name: &str) -> Utf8PathBuf {
        self.folder.layer(BOOTSTRAP).join(name)
    }
}
