//! Keys of backups as they are given on the command line and in the environment.

use camino::{Utf8Path, Utf8PathBuf};
use clap::Args;

use super::context::Context;
use super::error::{CommandError, Result};
use super::exit::Exit;
use crate::backup::{Encryption, Key, Lock};
use crate::deployment::SecretOrigin;
use crate::plan::{BackupKey, BackupLock};
use crate::secret::Secret;

/// The variable that may hold the passphrase.
pub const PASSPHRASE: &str = "LANDFALL_BACKUP_PASSPHRASE";

/// What opens a backup.
#[derive(Debug, Args)]
pub struct KeyArgs {
    /// The identity file (`AGE-SECRET-KEY-1...`) of a recipient.
    #[arg(long, value_name = "FILE")]
    pub identity: Option<Utf8PathBuf>,
    /// The file with the passphrase; else LANDFALL_BACKUP_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", conflicts_with = "identity")]
    pub passphrase_file: Option<Utf8PathBuf>,
}

impl KeyArgs {
    /// Reads the key that is given, if one is; the environment counts only where a passphrase is needed.
    ///
    /// # Errors
    /// When a file cannot be read or holds no key.
    pub fn key(&self, context: &Context, encryption: &Encryption) -> Result<Option<Key>> {
        if let Some(path) = &self.identity {
            return Ok(Some(Key::identity_file(path)?));
        }
        if let Some(path) = &self.passphrase_file {
            return Ok(Some(Key::Passphrase(passphrase(path)?)));
        }
        let given = context.environment.get(PASSPHRASE);
        let needed = matches!(encryption, Encryption::Passphrase { .. });
        Ok(given
            .filter(|_| needed)
            .map(|text| Key::Passphrase(Secret::new(text.clone()))))
    }
}

impl KeyArgs {
    /// Says where the key is that opens a backup, for a plan.
    ///
    /// # Errors
    /// When none is given.
    pub fn place(&self, context: &Context, encryption: &Encryption) -> Result<BackupKey> {
        let absolute = |path: &Utf8PathBuf| camino::absolute_utf8(path).unwrap_or_else(|_| path.clone());
        if let Some(path) = &self.identity {
            return Ok(BackupKey::Identity(absolute(path)));
        }
        if let Some(path) = &self.passphrase_file {
            return Ok(BackupKey::Passphrase(SecretOrigin::File(absolute(path))));
        }
        match encryption {
            Encryption::Passphrase { .. } if context.environment.contains_key(PASSPHRASE) => {
                Ok(BackupKey::Passphrase(SecretOrigin::Env(PASSPHRASE.to_owned())))
            }
            Encryption::Passphrase { .. } => {
                Err(needed("--passphrase-file FILE or LANDFALL_BACKUP_PASSPHRASE"))
            }
            Encryption::Recipients(_) => Err(needed("--identity FILE")),
        }
    }
}

fn needed(how: &str) -> CommandError {
    CommandError::new(
        Exit::Input,
        "the backup is encrypted, and what opens it was not given",
    )
    .hint(format!("give it with {how}"))
}

/// Who may open a backup that is being made.
#[derive(Debug, Args)]
pub struct LockArgs {
    /// Who may open it: a public key of `age` (age1...); may be given several times. Else the answers' are taken.
    #[arg(long = "recipient", value_name = "AGE1...")]
    pub recipients: Vec<String>,
    /// The file with a passphrase that opens it; else LANDFALL_BACKUP_PASSPHRASE is taken.
    #[arg(long, value_name = "FILE", conflicts_with = "recipients")]
    pub passphrase_file: Option<Utf8PathBuf>,
}

impl LockArgs {
    /// Decides who may open it: what the command line says, else what the answers say, else the environment.
    ///
    /// # Errors
    /// When a passphrase cannot be read or is too short, or a recipient is none.
    pub fn lock(&self, context: &Context, answered: &[String]) -> Result<BackupLock> {
        if let Some(path) = &self.passphrase_file {
            let path = camino::absolute_utf8(path).unwrap_or_else(|_| path.clone());
            Lock::Passphrase(passphrase(&path)?).check()?;
            return Ok(BackupLock::Passphrase(SecretOrigin::File(path)));
        }
        let recipients = if self.recipients.is_empty() {
            answered
        } else {
            &self.recipients
        };
        let given = context.environment.get(PASSPHRASE);
        if let Some(text) = given.filter(|_| recipients.is_empty()) {
            Lock::Passphrase(Secret::new(text.clone())).check()?;
            return Ok(BackupLock::Passphrase(SecretOrigin::Env(PASSPHRASE.to_owned())));
        }
        Lock::Recipients(recipients.to_vec()).check()?;
        Ok(BackupLock::Recipients(recipients.to_vec()))
    }
}

/// Reads a passphrase from a file, without the end of its last line.
fn passphrase(path: &Utf8Path) -> Result<Secret> {
    let text = fs_err::read_to_string(path).map_err(|error| CommandError::from_error(Exit::Input, &error))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
