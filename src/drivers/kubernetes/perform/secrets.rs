//! Secrets and files in the cluster's own store.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::super::error::ClusterError;
use super::super::render::secret_key;
use super::super::secrets::{in_form, keys};
use super::Performer;
use crate::deployment::{Bound, SecretForm, SecretOrigin};
use crate::drivers::SecretError;
use crate::drivers::secrets::{obtain, percent_encoded};
use crate::secret::Secret;

/// The most that a Secret holds.
const LARGEST: usize = 1 << 20;

/// The label of what was there before a run.
const RUN: &str = "landfall-run";

/// Names the Secret that keeps what was in another before a run changed it.
pub(super) fn attic(object: &str) -> String {
    format!("{object}-before")
}

/// Names the Secret in which tokens wait to be shown once.
pub(in crate::drivers::kubernetes) fn waiting(object: &str) -> String {
    format!("{object}-shown-once")
}

impl Performer<'_> {
    /// Makes the secrets that are to be made, reads those that are given, and writes them all.
    pub(super) async fn write_secrets(
        &self,
        object: &str,
        origins: &BTreeMap<String, SecretOrigin>,
        others_stay: bool,
    ) -> Result<(), ClusterError> {
        let there = self.keep(object).await?;
        let made = obtain(
            self.world,
            |name| there.contains_key(name),
            &self.known(origins, &there),
        )?;
        let mut entries = left(others_stay, &there);
        let mut shown: BTreeMap<String, Secret> = BTreeMap::new();
        for name in origins.keys() {
            let value = match made.get(name) {
                Some(obtained) => {
                    if let Some(token) = &obtained.shown {
                        shown.insert(name.clone(), token.clone());
                    }
                    Some(&obtained.kept)
                }
                None => there.get(name),
            };
            if let Some(value) = value {
                entries.insert(name.clone(), value.clone());
            }
        }
        for (form, name) in keys(self.deployment, self.part) {
            if form == SecretForm::Url
                && let Some(value) = entries.get(&name).cloned()
            {
                entries.insert(
                    secret_key(form, &name),
                    Secret::new(in_form(form, value.expose())),
                );
            }
        }
        if !shown.is_empty() {
            self.cluster.write_secret(&waiting(object), &shown).await?;
        }
        self.write(object, &entries).await
    }

    /// Leaves out what is given, is there, and cannot be read here: another operator's machine need not have it.
    fn known(
        &self,
        origins: &BTreeMap<String, SecretOrigin>,
        there: &BTreeMap<String, Secret>,
    ) -> BTreeMap<String, SecretOrigin> {
        let readable = |name: &str, origin: &SecretOrigin| {
            !there.contains_key(name) || crate::drivers::secrets::given(self.world, name, origin).is_ok()
        };
        origins
            .iter()
            .filter(|(name, origin)| readable(name, origin))
            .map(|(name, origin)| (name.clone(), origin.clone()))
            .collect()
    }

    /// Writes files, references to secrets in them replaced.
    pub(super) async fn write_files(
        &self,
        object: &str,
        (rendered, given): (&BTreeMap<String, Utf8PathBuf>, &BTreeMap<String, Utf8PathBuf>),
        others_stay: bool,
    ) -> Result<(), ClusterError> {
        let there = self.keep(object).await?;
        let secrets = self.cluster.secret(&self.cluster.place.secrets()).await?;
        let secrets = secrets.unwrap_or_default();
        let mut entries = left(others_stay, &there);
        for (key, artifact) in rendered {
            entries.insert(key.clone(), fill(&self.artifact(artifact)?, &secrets)?);
        }
        for (key, source) in given {
            let path = self.world.answers.join(source);
            let text = match fs_err::read_to_string(&path) {
                Ok(text) => Secret::new(text),
                Err(error) => match there.get(key) {
                    Some(text) => text.clone(),
                    None => return Err(ClusterError::file("read", path)(error)),
                },
            };
            entries.insert(key.clone(), text);
        }
        self.write(object, &entries).await
    }

    async fn write(&self, object: &str, entries: &BTreeMap<String, Secret>) -> Result<(), ClusterError> {
        let size: usize = entries.values().map(|value| value.expose().len()).sum();
        if size > LARGEST {
            return Err(ClusterError::Unusable {
                kind: "the Secret",
                name: object.to_owned(),
                because: format!("it would hold {size} bytes, and a cluster takes {LARGEST}"),
            });
        }
        self.cluster.write_secret(object, entries).await
    }

    /// Keeps what is in a Secret, unless this run has done so already; returns it.
    async fn keep(&self, object: &str) -> Result<BTreeMap<String, Secret>, ClusterError> {
        let there = self.cluster.secret(object).await?;
        let kept = self.cluster.secret(&attic(object)).await?.unwrap_or_default();
        let ours =
            |kept: &BTreeMap<String, Secret>| kept.get(RUN).is_some_and(|run| run.expose() == self.run);
        if !ours(&kept) {
            let mut before = there.clone().unwrap_or_default();
            before.insert(RUN.to_owned(), Secret::new(self.run));
            self.cluster.write_secret(&attic(object), &before).await?;
        }
        Ok(there.unwrap_or_default())
    }

    /// Puts back what was in a Secret before this run; what was made stays for a second try.
    pub(super) async fn put_back(&self, object: &str) -> Result<(), ClusterError> {
        let Some(mut before) = self.cluster.secret(&attic(object)).await? else {
            return Ok(());
        };
        if before.remove(RUN).is_none_or(|run| run.expose() != self.run) {
            return Ok(());
        }
        let mut entries = self.cluster.secret(object).await?.unwrap_or_default();
        entries.extend(before);
        if entries.is_empty() {
            return Ok(());
        }
        self.cluster.write_secret(object, &entries).await
    }
}

/// Takes what stays in a Secret of what is there.
fn left(others_stay: bool, there: &BTreeMap<String, Secret>) -> BTreeMap<String, Secret> {
    match others_stay {
        true => there.clone(),
        false => BTreeMap::new(),
    }
}

/// Replaces every reference in a text by the secret's value; paths were replaced when it was rendered.
pub(in crate::drivers::kubernetes) fn fill(
    text: &str,
    secrets: &BTreeMap<String, Secret>,
) -> Result<Secret, ClusterError> {
    let filled = Bound::new(text).replace(|form, name| {
        let value = secrets.get(name).ok_or_else(|| SecretError::Missing {
            name: name.to_owned(),
            place: "the namespace".to_owned(),
            source: None,
        })?;
        Ok::<_, ClusterError>(match form {
            SecretForm::Url => percent_encoded(value.expose()),
            SecretForm::Value | SecretForm::File => value
                .expose()
                .replace('\\', "\\\\")
                .replace('"', "\\\"")
                .replace('\n', "\\n"),
        })
    })?;
    Ok(Secret::new(filled))
}
