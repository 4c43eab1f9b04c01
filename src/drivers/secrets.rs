//! Secrets on their way to a target's own store: what is given is read, what is made is made.

use std::collections::BTreeMap;

use sha2::Digest as _;

use super::World;
use crate::deployment::SecretOrigin;
use crate::secret::{Secret, SecretKind};

/// The longest secret that is taken; a certificate chain fits, a disk image does not.
const LONGEST: u64 = 1 << 20;

/// Says why a secret cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// It is given by reference and is not there.
    #[error("the secret `{name}` is not at {place}")]
    Missing {
        /// The secret.
        name: String,
        /// Where it should be.
        place: String,
        /// Why it cannot be read.
        #[source]
        source: Option<std::io::Error>,
    },
    /// Its value cannot be used.
    #[error("the secret `{name}` at {place} is {because}")]
    Unusable {
        /// The secret.
        name: String,
        /// Where it is.
        place: String,
        /// What is wrong with it.
        because: &'static str,
    },
    /// No random bytes can be had.
    #[error("could not make random bytes for the secret `{name}`: {message}")]
    Random {
        /// The secret.
        name: String,
        /// What the system said.
        message: String,
    },
}

/// Reads a secret that the customer gives; none for one that is made.
pub(super) fn given(world: &World, name: &str, origin: &SecretOrigin) -> Result<Option<Secret>, SecretError> {
    let (text, place) = match origin {
        SecretOrigin::Generated(_) | SecretOrigin::Token(_) => return Ok(None),
        SecretOrigin::File(path) => {
            let path = world.answers.join(path);
            let missing = |source| SecretError::Missing {
                name: name.to_owned(),
                place: path.to_string(),
                source: Some(source),
            };
            if fs_err::metadata(&path).map_err(missing)?.len() > LONGEST {
                return Err(unusable(name, path.as_str(), "longer than a secret can be"));
            }
            (fs_err::read_to_string(&path).map_err(missing)?, path.to_string())
        }
        SecretOrigin::Env(variable) => {
            let place = format!("the environment variable {variable}");
            let missing = SecretError::Missing {
                name: name.to_owned(),
                place: place.clone(),
                source: None,
            };
            (world.given.get(variable).cloned().ok_or(missing)?, place)
        }
    };
    let text = Secret::new(text);
    // The newline that editors and `echo` add is not part of the secret.
    let value = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(unusable(name, &place, "empty"));
    }
    if value.contains('\0') {
        return Err(unusable(name, &place, "not text"));
    }
    Ok(Some(Secret::new(value)))
}

fn unusable(name: &str, place: &str, because: &'static str) -> SecretError {
    SecretError::Unusable {
        name: name.to_owned(),
        place: place.to_owned(),
        because,
    }
}

/// A value for the store, and for a token the plaintext that is shown once.
pub(super) struct Obtained {
    /// What the store keeps.
    pub(super) kept: Secret,
    /// What is shown once and then forgotten.
    pub(super) shown: Option<Secret>,
}

/// Makes the secrets that are to be made, reads those that are given.
///
/// `there` says whether the target's store has one: what was made once stays, for a second try must find what the
/// database was made with.
pub(super) fn obtain(
    world: &World,
    there: impl Fn(&str) -> bool,
    secrets: &BTreeMap<String, SecretOrigin>,
) -> Result<BTreeMap<String, Obtained>, SecretError> {
    let mut values = BTreeMap::new();
    for (name, origin) in secrets {
        let value = match origin {
            SecretOrigin::Generated(_) | SecretOrigin::Token(_) if there(name) => continue,
            SecretOrigin::Generated(length) => Obtained {
                kept: random(*length, name)?,
                shown: None,
            },
            SecretOrigin::Token(length) => {
                let token = random(*length, name)?;
                let hash = hex::encode(sha2::Sha256::digest(token.expose().as_bytes()));
                Obtained {
                    kept: Secret::new(hash),
                    shown: Some(token),
                }
            }
            SecretOrigin::File(_) | SecretOrigin::Env(_) => match given(world, name, origin)? {
                Some(kept) => Obtained { kept, shown: None },
                None => continue,
            },
        };
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn random(length: u8, name: &str) -> Result<Secret, SecretError> {
    let mut bytes = vec![0; usize::from(length)];
    getrandom::fill(&mut bytes).map_err(|error| SecretError::Random {
        name: name.to_owned(),
        message: error.to_string(),
    })?;
    Ok(Secret::generate(SecretKind::Password, &bytes))
}

/// Escapes a value for a URL.
pub(super) fn percent_encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}
