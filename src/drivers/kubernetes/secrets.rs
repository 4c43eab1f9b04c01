//! What of secrets and files a part's pods read, and how they compare with where they come from.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::place::{Place, Snapshot};
use super::render::{bundled, file_key, store};
use crate::deployment::{Bound, Deployment, Part, Piece, SecretForm, SecretOrigin};
use crate::drivers::secrets::percent_encoded;

/// The files that are kept in a Secret, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// Rendered files that hold secrets, by artifact.
    pub(super) rendered: BTreeMap<String, Utf8PathBuf>,
    /// Files of the customer's.
    pub(super) given: BTreeMap<String, Utf8PathBuf>,
}

impl Files {
    /// Lists all keys.
    pub(super) fn keys(&self) -> Vec<String> {
        self.rendered.keys().chain(self.given.keys()).cloned().collect()
    }

    /// Says whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.rendered.is_empty() && self.given.is_empty()
    }
}

/// Lists the files that pods of a part read from a Secret.
pub(super) fn files(part: &Part, place: &Place) -> Files {
    let mut files = Files::default();
    for component in &part.components {
        for (name, _) in component.files.iter().filter(|(_, file)| file.is_private()) {
            let key = file_key(component, name);
            files.rendered.insert(key.clone(), format!("files/{key}").into());
        }
        for (name, handed) in &component.provisioned {
            files
                .given
                .insert(file_key(component, name), handed.source.clone());
        }
    }
    if let Some(ca) = &place.options.ca {
        files.given.insert("ca.crt".to_owned(), ca.clone());
    }
    files
}

/// Lists the secrets that a part's pods read, each in the form they read it.
pub(super) fn keys(deployment: &Deployment, part: &Part) -> BTreeSet<(SecretForm, String)> {
    let mut keys: BTreeSet<(SecretForm, String)> = part
        .components
        .iter()
        .flat_map(|component| component.texts())
        .flat_map(Bound::pieces)
        .filter_map(|piece| match piece {
            Piece::Secret(SecretForm::Url, name) => Some((SecretForm::Url, name.to_owned())),
            Piece::Secret(_, name) => Some((SecretForm::Value, name.to_owned())),
            _ => None,
        })
        .collect();
    for (name, _) in bundled(deployment, part) {
        for secret in [format!("{name}_password")] {
            if deployment.secrets.contains_key(&secret) {
                keys.insert((SecretForm::Value, secret));
            }
        }
    }
    if let Ok(place) = Place::of(deployment, part)
        && place.options.snapshot == Snapshot::Objects
        && let Some((_, store)) = store(deployment)
    {
        let fields = ["access_key", "secret_key"].map(|field| Bound::new(store.text(field)));
        let names = fields.iter().flat_map(Bound::secrets);
        keys.extend(names.map(|name| (SecretForm::Value, name.to_owned())));
    }
    keys
}

/// Names the secrets of a part with where they come from.
pub(super) fn origins(deployment: &Deployment, part: &Part) -> BTreeMap<String, SecretOrigin> {
    let wanted: BTreeSet<String> = keys(deployment, part).into_iter().map(|(_, name)| name).collect();
    deployment
        .secrets
        .iter()
        .filter(|(name, _)| wanted.contains(*name))
        .map(|(name, origin)| (name.clone(), origin.clone()))
        .collect()
}

/// Writes a secret in the form that an entry holds.
pub(super) fn in_form(form: SecretForm, value: &str) -> String {
    match form {
        SecretForm::Url => percent_encoded(value),
        SecretForm::Value | SecretForm::File => value.to_owned(),
    }
}
