//! What the customer said.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::{Document, Problems};
use crate::product::{Target, Version};

/// The schema line that every answers file carries.
pub const ANSWERS_SCHEMA: &str = "landfall/answers/v1";

/// The answers file `landfall.yaml`: written by the wizard, edited by people, safe to commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// `landfall/answers/v1`.
    pub schema: String,
    /// The product's name, or the folder of its definition.
    pub product: String,
    /// The release; the newest there is when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Version>,
    /// The installation's name: lower case letters, digits and dashes.
    pub name: String,
    /// The tier that was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Where the state lies: a folder relative to this file, or an object store's URL.
    #[serde(default = "default_state")]
    pub state: String,
    /// What mattered for choosing the mode.
    #[serde(default)]
    pub facts: BTreeMap<String, Value>,
    /// The parts of the installation, by a name of your choice.
    pub parts: BTreeMap<String, PartAnswers>,
    /// Who supplies each service (`supply`), and where it is.
    #[serde(default)]
    pub services: BTreeMap<String, BTreeMap<String, Value>>,
    /// The product's settings.
    #[serde(default)]
    pub settings: BTreeMap<String, Value>,
    /// References to secrets that you give: `file:PATH` or `env:NAME`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Value>,
}

/// One mode on one target.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartAnswers {
    /// The mode.
    pub mode: String,
    /// The target; may be left out where the mode has only one or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The region, where the mode offers several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What the target needs to know.
    #[serde(default)]
    pub options: BTreeMap<String, Value>,
}

/// The folder for state beside the answers file.
pub(super) fn default_state() -> String {
    ".landfall".to_owned()
}

impl Answers {
    /// Starts answers for a product.
    pub fn new(product: &str, name: &str) -> Self {
        Self {
            schema: ANSWERS_SCHEMA.to_owned(),
            product: product.to_owned(),
            release: None,
            name: name.to_owned(),
            tier: None,
            state: default_state(),
            facts: BTreeMap::new(),
            parts: BTreeMap::new(),
            services: BTreeMap::new(),
            settings: BTreeMap::new(),
            secrets: BTreeMap::new(),
        }
    }

    /// Reads the bytes of an answers file.
    ///
    /// # Errors
    /// [`Problems`] with the place of what is wrong.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Document<Self>, Problems> {
        Self::sound(Document::read(file, bytes, ANSWERS_SCHEMA)?)
    }

    /// Parses an answers file.
    ///
    /// # Errors
    /// [`Problems`] with the place of what is wrong.
    pub fn parse(file: &str, text: &str) -> Result<Document<Self>, Problems> {
        Self::sound(Document::parse_as(file, text, ANSWERS_SCHEMA)?)
    }

    /// Checks what holds for every product.
    fn sound(document: Document<Self>) -> Result<Document<Self>, Problems> {
        match wrong_state(&document.content.state) {
            Some(message) => Err(Problems::one(document.problem("state", message))),
            None => Ok(document),
        }
    }

    /// Reads the answer at a key path such as `services.database.host`.
    pub fn get(&self, key: &str) -> Option<Value> {
        let text = |text: &Option<String>| text.clone().map(Value::from);
        match key.split('.').collect::<Vec<_>>().as_slice() {
            ["tier"] => text(&self.tier),
            ["name"] => Some(self.name.as_str())
                .filter(|name| !name.is_empty())
                .map(Value::from),
            ["state"] => Some(Value::from(self.state.clone())),
            ["release"] => self.release.as_ref().map(|version| Value::from(version.as_str())),
            ["facts", key] => self.facts.get(*key).cloned(),
            ["settings", key] => self.settings.get(*key).cloned(),
            ["secrets", key] => self.secrets.get(*key).cloned(),
            ["services", service, key] => self.services.get(*service)?.get(*key).cloned(),
            ["parts", part, "mode"] => Some(&self.parts.get(*part)?.mode)
                .filter(|m| !m.is_empty())
                .map(|m| m.as_str().into()),
            ["parts", part, "target"] => self.parts.get(*part)?.target.map(|target| target.name().into()),
            ["parts", part, "region"] => text(&self.parts.get(*part)?.region),
            ["parts", part, "options", key] => self.parts.get(*part)?.options.get(*key).cloned(),
            _ => None,
        }
    }

    /// Writes the answer at a key path; says whether there is such a key.
    pub fn set(&mut self, key: &str, value: Value) -> bool {
        let text = || value.as_str().map(str::to_owned);
        match key.split('.').collect::<Vec<_>>().as_slice() {
            ["tier"] => self.tier = text(),
            ["name"] => self.name = text().unwrap_or_default(),
            ["state"] => self.state = text().unwrap_or_else(default_state),
            ["release"] => self.release = text().and_then(|text| text.parse().ok()),
            ["facts", key] => _ = self.facts.insert((*key).to_owned(), value),
            ["settings", key] => _ = self.settings.insert((*key).to_owned(), value),
            ["secrets", key] => _ = self.secrets.insert((*key).to_owned(), value),
            ["services", service, key] => {
                self.services
                    .entry((*service).to_owned())
                    .or_default()
                    .insert((*key).to_owned(), value);
            }
            ["parts", part, rest @ ..] => return self.set_part(part, rest, value),
            _ => return false,
        }
        true
    }

    /// Forgets the answer at a key path, and the maps that become empty by it.
    pub fn remove(&mut self, key: &str) {
        match key.split('.').collect::<Vec<_>>().as_slice() {
            ["tier"] => self.tier = None,
            ["name"] => self.name.clear(),
            ["state"] => self.state = default_state(),
            ["release"] => self.release = None,
            ["facts", key] => _ = self.facts.remove(*key),
            ["settings", key] => _ = self.settings.remove(*key),
            ["secrets", key] => _ = self.secrets.remove(*key),
            ["services", service, key] => {
                if let Some(fields) = self.services.get_mut(*service) {
                    fields.remove(*key);
                    self.services.retain(|_, fields| !fields.is_empty());
                }
            }
            ["parts", part, rest @ ..] => {
                if let Some(part) = self.parts.get_mut(*part) {
                    part.remove(rest);
                    self.parts.retain(|_, part| *part != PartAnswers::default());
                }
            }
            _ => {}
        }
    }

    fn set_part(&mut self, part: &str, rest: &[&str], value: Value) -> bool {
        let text = || value.as_str().map(str::to_owned);
        let part = self.parts.entry(part.to_owned()).or_default();
        match rest {
            ["mode"] => part.mode = text().unwrap_or_default(),
            ["target"] => part.target = text().and_then(|name| Target::by_name(&name)),
            ["region"] => part.region = text(),
            ["options", key] => _ = part.options.insert((*key).to_owned(), value),
            _ => return false,
        }
        true
    }
}

/// Says what is wrong with a place for state. It is not shown: it may hold a key.
pub fn wrong_state(state: &str) -> Option<&'static str> {
    let Some((scheme, rest)) = state.split_once("://") else {
        return (state.trim().is_empty() || state.contains('\0'))
            .then_some("expected a folder, `s3://bucket/path` or `az://container/path`");
    };
    let bucket = rest.split('/').next().unwrap_or_default();
    let abfs = matches!(scheme, "abfs" | "abfss");
    if !abfs && !matches!(scheme, "s3" | "s3a" | "az" | "azure") {
        return Some("expected a folder, `s3://bucket/path` or `az://container/path`");
    }
    // `abfss://container@account...` has an `@` of its own; nothing has a password.
    if bucket.contains('@') && (!abfs || bucket.split('@').next().is_some_and(|user| user.contains(':'))) {
        return Some("credentials do not belong here: give them in the environment, as AWS_* or AZURE_*");
    }
    if rest.contains('?') {
        return Some("a signature does not belong here: give it in the environment, as AWS_* or AZURE_*");
    }
    bucket
        .is_empty()
        .then_some("expected the name of a bucket or container after `://`")
}

impl PartAnswers {
    fn remove(&mut self, key: &[&str]) {
        match key {
            ["mode"] => self.mode.clear(),
            ["target"] => self.target = None,
            ["region"] => self.region = None,
            ["options", key] => _ = self.options.remove(*key),
            _ => {}
        }
    }
}
/// Changes the release in the text of an answers file, and nothing else; none when the text names none.
pub fn with_release(text: &str, version: &Version) -> Option<String> {
    let mut found = false;
    let line = |line: &str| {
        let Some(rest) = line.strip_prefix("release:").filter(|_| !found) else {
            return line.to_owned();
        };
        found = true;
        // What follows the value is a comment of the customer's.
        let ending = if line.ends_with('\n') { "\n" } else { "" };
        let comment = rest.find(" #").map_or("", |start| rest[start..].trim_end());
        format!("release: \"{version}\"{comment}{ending}")
    };
    let text: String = text.split_inclusive('\n').map(line).collect();
    found.then_some(text)
}

#[cfg(test)]
mod release_tests {
    use super::with_release;

    #[test]
    fn the_release_changes_and_nothing_else() {
        let version = "2.0.0".parse().unwrap();
        let text = "# mine\nproduct: notes\nrelease: \"1.0.0\" # pinned\nparts:\n  release: 3\n";
        assert_eq!(
            with_release(text, &version).unwrap(),
            "# mine\nproduct: notes\nrelease: \"2.0.0\" # pinned\nparts:\n  release: 3\n"
        );
        assert_eq!(
            with_release("release: 1.0", &version).unwrap(),
            "release: \"2.0.0\""
        );
        assert_eq!(with_release("product: notes\n", &version), None);
    }
}
