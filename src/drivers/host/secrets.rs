//! The installation's own store of secrets: files of mode 0600 that only the services' user can read.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::error::HostError;
use super::layout::Layout;
use crate::deployment::{Bound, Deployment, Part, SecretForm, SecretOrigin};
use crate::drivers::Likeness;
use crate::drivers::secrets::{given, percent_encoded};
use crate::drivers::{SecretError, World};
use crate::secret::Secret;

/// The store of one installation.
#[derive(Debug, Clone)]
pub(super) struct Store {
    folder: Utf8PathBuf,
}

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
        fs_err::read_to_string(&path).map(Secret::new).map_err(|source| {
            HostError::Secret(SecretError::Missing {
                name: name.to_owned(),
                place: path.into_string(),
                source: Some(source),
            })
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
            Ok::<_, HostError>(match form {
                SecretForm::File => self.path(name).into_string(),
                SecretForm::Value => escaped(self.read(name)?.expose()),
                SecretForm::Url => percent_encoded(self.read(name)?.expose()),
            })
        })?;
        Ok(Secret::new(filled))
    }
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
    let layout = Layout::known(deployment, part)?;
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

/// Reads the secrets of the store that hold licenses.
///
/// # Errors
/// [`HostError::Strange`] when the part's options are not usable. One that is not there is left out.
pub fn stored(deployment: &Deployment, part: &Part) -> Result<BTreeMap<String, Secret>, HostError> {
    let store = Store::new(Layout::known(deployment, part)?.secrets());
    let read = |(.., name): (&String, &_, &str)| Some((name.to_owned(), store.read(name).ok()?));
    Ok(deployment.licenses().filter_map(read).collect())
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use camino::Utf8Path;

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
