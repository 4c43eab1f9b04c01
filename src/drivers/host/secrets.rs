//! The installation's own store of secrets: files of mode 0600 that only the services' user can read.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::Digest as _;

use super::error::HostError;
use super::layout::Layout;
use super::observe::Likeness;
use super::world::World;
use crate::deployment::{Bound, Deployment, Part, SecretForm, SecretOrigin};
use crate::secret::{Secret, SecretKind};

/// The store of one installation.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: Utf8PathBuf,
}

/// The longest secret that is taken; a certificate chain fits, a disk image does not.
const LONGEST: u64 = 1 << 20;

impl Store {
    pub(super) fn new(folder: impl Into<Utf8PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    pub(super) fn path(&self, name: &str) -> Utf8PathBuf {
        self.folder.join(name)
    }

    /// Reads a secret of the store.
    pub(super) fn read(&self, name: &str) -> Result<Secret, HostError> {
        let path = self.path(name);
        fs_err::read_to_string(&path)
            .map(Secret::new)
            .map_err(|source| HostError::SecretMissing {
                name: name.to_owned(),
                place: path.into_string(),
                source: Some(source),
            })
    }

    /// Says how a secret of the store compares with where it comes from.
    ///
    /// A source that cannot be read is taken as unchanged when the store has a value: on another operator's machine the
    /// original need not be there.
    pub(super) fn compare(&self, world: &World, name: &str, origin: &SecretOrigin) -> Likeness {
        let Ok(stored) = self.read(name) else {
            return Likeness::Absent;
        };
        match given(world, name, origin) {
            Ok(Some(value)) if value.expose() != stored.expose() => Likeness::Different,
            _ => Likeness::Same,
        }
    }

    /// Replaces every reference in a text by the secret's value, escaped for double quotes, or its path.
    pub(super) fn fill(&self, text: &str) -> Result<Secret, HostError> {
        let filled = Bound::new(text).replace(|form, name| {
            Ok(match form {
                SecretForm::File => self.path(name).into_string(),
                SecretForm::Value => escaped(self.read(name)?.expose()),
                SecretForm::Url => percent_encoded(self.read(name)?.expose()),
            })
        })?;
        Ok(Secret::new(filled))
    }
}

/// Reads a secret that the customer gives; none for one that is made.
pub(super) fn given(world: &World, name: &str, origin: &SecretOrigin) -> Result<Option<Secret>, HostError> {
    let (text, place) = match origin {
        SecretOrigin::Generated(_) | SecretOrigin::Token(_) => return Ok(None),
        SecretOrigin::File(path) => {
            let path = world.answers.join(path);
            let missing = |source| HostError::SecretMissing {
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
            let missing = HostError::SecretMissing {
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

fn unusable(name: &str, place: &str, because: &'static str) -> HostError {
    HostError::SecretUnusable {
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
pub(super) fn obtain(
    world: &World,
    store: &Store,
    secrets: &BTreeMap<String, SecretOrigin>,
) -> Result<BTreeMap<String, Obtained>, HostError> {
    let mut values = BTreeMap::new();
    for (name, origin) in secrets {
        let path = store.path(name);
        let value = match origin {
            // Made once: a second try must find what the database was made with.
            SecretOrigin::Generated(_) | SecretOrigin::Token(_) if path.exists() => continue,
            SecretOrigin::Generated(length) => Obtained {
                kept: random(*length, &path)?,
                shown: None,
            },
            SecretOrigin::Token(length) => {
                let token = random(*length, &path)?;
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

/// Returns where a token waits to be shown once.
pub(super) fn waiting(store: &Store, name: &str) -> Utf8PathBuf {
    store.path(&format!("{name}.shown-once"))
}

/// Takes the tokens that were made and not yet shown; afterwards nobody can read them any more.
///
/// # Errors
/// [`HostError::File`] when one cannot be read or removed.
pub fn take_tokens(deployment: &Deployment, part: &Part) -> Result<BTreeMap<String, Secret>, HostError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str()).map_err(|error| {
        HostError::Strange {
            path: "parts".into(),
            because: error.to_string(),
        }
    })?;
    let store = Store::new(layout.secrets());
    let mut tokens = BTreeMap::new();
    for name in deployment.secrets.keys() {
        let path = waiting(&store, name);
        match fs_err::read_to_string(&path) {
            Ok(token) => {
                fs_err::remove_file(&path).map_err(HostError::file("remove", &path))?;
                tokens.insert(name.clone(), Secret::new(token));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(HostError::file("read", &path)(error)),
        }
    }
    Ok(tokens)
}

fn random(length: u8, path: &Utf8Path) -> Result<Secret, HostError> {
    let mut bytes = vec![0; usize::from(length)];
    getrandom::fill(&mut bytes).map_err(|error| {
        HostError::file("make random bytes for", path)(std::io::Error::other(error.to_string()))
    })?;
    Ok(Secret::generate(SecretKind::Password, &bytes))
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn percent_encoded(value: &str) -> String {
    url::form_urlencoded::byte_serialize(value.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_filled_with_values_paths_and_escapes() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        fs_err::write(folder.join("key"), "p\"w d").unwrap();
        let filled = Store::new(folder)
            .fill("a=${secret:key} b=${secret-url:key} c=${secret-file:key}")
            .unwrap();
        assert_eq!(filled.expose(), format!("a=p\\\"w d b=p%22w%20d c={folder}/key"));
        assert!(Store::new(folder).fill("${secret:other}").is_err());
    }
}
