//! Who may open a backup, and how.

use std::io::Read;
use std::str::FromStr as _;

use age::secrecy::{ExposeSecret as _, SecretString};
use age::x25519::{Identity, Recipient};
use camino::Utf8Path;

use super::error::BackupError;
use crate::secret::Secret;

/// The shortest passphrase that is taken.
const LEAST: usize = 12;
/// The work that guessing a passphrase costs, as the logarithm of scrypt's N: 32 MiB of memory for each guess. More
/// would be more memory for us too.
const WORK: u8 = 15;

/// Who may open a backup that is being made.
#[derive(Clone, Debug)]
pub enum Lock {
    /// Whoever has the identity of one of these recipients (`age1...`).
    Recipients(Vec<String>),
    /// Whoever knows the passphrase.
    Passphrase(Secret),
}

/// What opens a backup.
#[derive(Clone, Debug)]
pub enum Key {
    /// The text of an identity file: lines of `AGE-SECRET-KEY-1...`.
    Identity(Secret),
    /// The passphrase.
    Passphrase(Secret),
}

impl Lock {
    /// Checks that somebody is named, and that all are recipients.
    ///
    /// # Errors
    /// [`BackupError::NoLock`], [`BackupError::Recipient`] or [`BackupError::Short`].
    pub fn check(&self) -> Result<(), BackupError> {
        match self {
            Self::Recipients(recipients) if recipients.is_empty() => Err(BackupError::NoLock),
            Self::Recipients(recipients) => parse(recipients).map(drop),
            Self::Passphrase(passphrase) if passphrase.expose().chars().count() < LEAST => {
                Err(BackupError::Short { least: LEAST })
            }
            Self::Passphrase(_) => Ok(()),
        }
    }
}

/// Reads recipients.
pub(super) fn parse(recipients: &[String]) -> Result<Vec<Recipient>, BackupError> {
    let read = |text: &String| {
        Recipient::from_str(text.trim()).map_err(|because| BackupError::Recipient {
            text: text.clone(),
            because: because.to_owned(),
        })
    };
    recipients.iter().map(read).collect()
}

/// Makes a key that opens one backup, and locks it with a passphrase: the costly step is made once for all entries.
pub(super) fn key_for(passphrase: &Secret) -> Result<(Recipient, Vec<u8>), age::EncryptError> {
    let identity = Identity::generate();
    let mut by_passphrase = age::scrypt::Recipient::new(secret_string(passphrase));
    by_passphrase.set_work_factor(WORK);
    let text = identity.to_string();
    let stored = age::encrypt(&by_passphrase, format!("{}\n", text.expose_secret()).as_bytes())?;
    Ok((identity.to_public(), stored))
}

/// Opens the key of one backup with its passphrase.
pub(super) fn key_from(passphrase: &Secret, stored: &[u8]) -> Result<Option<Identity>, age::DecryptError> {
    let identity = age::scrypt::Identity::new(secret_string(passphrase));
    let decryptor = age::Decryptor::new(stored)?;
    let mut text = String::new();
    decryptor
        .decrypt(std::iter::once(&identity as &dyn age::Identity))?
        .read_to_string(&mut text)?;
    Ok(identities(&Secret::new(text)).into_iter().next())
}

/// Reads the identities out of the text of a file; comments and empty lines are passed over.
pub(super) fn identities(text: &Secret) -> Vec<Identity> {
    text.expose()
        .lines()
        .filter_map(|line| Identity::from_str(line.trim()).ok())
        .collect()
}

impl Key {
    /// Reads an identity file.
    ///
    /// # Errors
    /// [`BackupError::Identity`] when there is none in it.
    pub fn identity_file(path: &Utf8Path) -> Result<Self, BackupError> {
        let text = fs_err::read_to_string(path).map_err(BackupError::file("read the identity file", path))?;
        let text = Secret::new(text);
        if identities(&text).is_empty() {
            return Err(BackupError::Identity {
                path: path.to_owned(),
            });
        }
        Ok(Self::Identity(text))
    }
}

fn secret_string(secret: &Secret) -> SecretString {
    SecretString::from(secret.expose().to_owned())
}
