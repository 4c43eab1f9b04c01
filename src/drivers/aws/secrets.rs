//! Secrets on their way to Secrets Manager: through Terraform, as values that it keeps nowhere.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::Account;
use super::error::AccountError;
use super::place::DATA;
use super::render::kept;
use crate::deployment::{Deployment, Part, SecretOrigin};
use crate::drivers::World;
use crate::drivers::secrets::{given, obtain};
use crate::secret::Secret;

/// How often each secret was changed, where that is more than once.
pub(super) type Revisions = BTreeMap<String, u64>;

/// The file with tokens that were made and not shown yet.
const TOKENS: &str = "tokens.json";

/// What is known of the secrets of the data layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Stored {
    /// The ARN of each that is there.
    arns: BTreeMap<String, String>,
    /// How often each was written.
    revisions: Revisions,
}

impl Stored {
    /// Reads it from the data layer's state.
    pub(super) fn of(state: &Value) -> Self {
        let arns = state.pointer("/values/outputs/for_application/value/data/secret_arns");
        let arns = arns.and_then(Value::as_object).into_iter().flatten();
        let mut stored = Self {
            arns: arns
                .filter_map(|(name, arn)| Some((name.clone(), arn.as_str()?.to_owned())))
                .collect(),
            revisions: Revisions::new(),
        };
        if let Some(module) = state.pointer("/values/root_module") {
            stored.read(module);
        }
        stored
    }

    fn read(&mut self, module: &Value) {
        let list = |name: &str| module.get(name).and_then(Value::as_array).into_iter().flatten();
        for resource in list("resources") {
            let name = resource.get("index").and_then(Value::as_str);
            let revision = resource
                .pointer("/values/secret_string_wo_version")
                .and_then(Value::as_u64);
            if let Some((name, revision)) = name.zip(revision) {
                self.revisions.insert(name.to_owned(), revision);
            }
        }
        for child in list("child_modules") {
            self.read(child);
        }
    }

    /// Returns how often each was written, where that is more than once.
    pub(super) fn written(&self) -> Revisions {
        let more = self.revisions.iter().filter(|(_, revision)| **revision > 1);
        more.map(|(name, revision)| (name.clone(), *revision)).collect()
    }

    /// Says whether a secret has a value.
    fn has(&self, name: &str) -> bool {
        self.revisions.contains_key(name)
    }
}

/// Says where the value of each secret of a part comes from.
pub(super) fn origins(
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, SecretOrigin>, AccountError> {
    Ok(kept(deployment, part)?)
}

impl Account {
    /// Reads what is known of the stored secrets.
    pub(super) async fn stored(&self) -> Result<Stored, AccountError> {
        if !self.folder.layer(DATA).is_dir() {
            return Ok(Stored::default());
        }
        let state = self.terraform(DATA).state(&self.cancel).await;
        let state = state.map_err(AccountError::tool("read the state of the data layer"))?;
        Ok(Stored::of(&state))
    }

    /// Counts how often each secret was changed, with one more where what is given is not what is stored.
    ///
    /// What cannot be read now is taken as unchanged.
    pub(super) async fn revisions(
        &self,
        world: &World,
        stored: &Stored,
        origins: &BTreeMap<String, SecretOrigin>,
    ) -> Result<Revisions, AccountError> {
        let mut revisions = Revisions::new();
        for (name, origin) in origins {
            let Some(mut revision) = stored.revisions.get(name).copied() else {
                continue;
            };
            if let (Ok(Some(given)), Some(arn)) = (given(world, name, origin), stored.arns.get(name)) {
                let there = self.aws.secret((name, arn), &self.cancel).await?;
                if there.is_none_or(|there| there.expose() != given.expose()) {
                    revision += 1;
                }
            }
            if revision > 1 {
                revisions.insert(name.clone(), revision);
            }
        }
        Ok(revisions)
    }

    /// Returns the values that the data layer has to write: those that are new or changed.
    pub(super) fn new_values(
        &self,
        world: &World,
        (stored, revisions): (&Stored, &Revisions),
        origins: &BTreeMap<String, SecretOrigin>,
    ) -> Result<BTreeMap<String, Secret>, AccountError> {
        let is_written = |name: &String| {
            let now = revisions.get(name).copied().unwrap_or(1);
            stored.revisions.get(name) != Some(&now)
        };
        let written = origins.iter().filter(|(name, _)| is_written(name));
        let written = written
            .map(|(name, origin)| (name.clone(), origin.clone()))
            .collect();
        let obtained = obtain(world, |name| stored.has(name), &written)?;
        let tokens = obtained
            .iter()
            .filter_map(|(name, one)| Some((name, one.shown.as_ref()?)));
        let tokens: BTreeMap<String, &str> = tokens
            .map(|(name, token)| (name.clone(), token.expose()))
            .collect();
        if !tokens.is_empty() {
            self.keep_tokens(&tokens)?;
        }
        Ok(obtained.into_iter().map(|(name, one)| (name, one.kept)).collect())
    }

    /// Returns the values that texts of the application are put together of.
    pub(super) async fn stored_values(
        &self,
        stored: &Stored,
    ) -> Result<BTreeMap<String, Secret>, AccountError> {
        let mut values = BTreeMap::new();
        for (name, arn) in &stored.arns {
            if let Some(value) = self.aws.secret((name, arn), &self.cancel).await? {
                values.insert(name.clone(), value);
            }
        }
        Ok(values)
    }

    /// Keeps tokens until they are shown: whoever is killed in between shows them after `resume`.
    fn keep_tokens(&self, tokens: &BTreeMap<String, &str>) -> Result<(), AccountError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let path = self.folder.0.join(TOKENS);
        let text = Secret::new(serde_json::to_string(tokens).unwrap_or_default());
        let write = || {
            let mut options = std::fs::OpenOptions::new();
            let mut file = options
                .create(true)
                .write(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?;
            std::io::Write::write_all(&mut file, text.expose().as_bytes())?;
            file.sync_all()
        };
        write().map_err(AccountError::file("write", &path))
    }
}

/// Takes the tokens that were made and not yet shown; afterwards nobody can read them any more.
///
/// # Errors
/// [`AccountError`] when they cannot be removed from where they wait.
pub fn take_tokens(
    world: &World,
    deployment: &Deployment,
    part: &Part,
) -> Result<BTreeMap<String, Secret>, AccountError> {
    let path = super::account::folder_of(world, deployment, part).0.join(TOKENS);
    let Ok(text) = fs_err::read_to_string(&path).map(Secret::new) else {
        return Ok(BTreeMap::new());
    };
    super::folder::remove(&path)?;
    let tokens: BTreeMap<String, String> = serde_json::from_str(text.expose()).unwrap_or_default();
    Ok(tokens
        .into_iter()
        .map(|(name, token)| (name, Secret::new(token)))
        .collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_stored_is_read_from_the_state() {
        let version = |name: &str, revision: u64| json!({ "index": name, "values": { "secret_string_wo_version": revision } });
        let state = json!({ "values": {
            "outputs": { "for_application": { "value": { "data": { "secret_arns": { "a": "arn:a" } } } } },
            "root_module": { "child_modules": [{ "resources": [version("a", 3), { "values": {} }] }] },
        } });
        let stored = Stored::of(&state);
        assert_eq!(stored.arns["a"], "arn:a");
        assert_eq!(stored.revisions, BTreeMap::from([("a".to_owned(), 3)]));
        assert!(!Stored::of(&json!({ "format_version": "1.0" })).has("a"));
    }
}
