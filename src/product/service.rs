//! What a component needs from elsewhere, and who may supply it.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Question, Supply};

/// Something a component needs; exactly one of the sections from `sql` to `license` says which kind it is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name people read.
    pub title: String,
    /// Who may supply it, the default first.
    pub supplies: Vec<Supply>,
    /// Whether the product works without it.
    #[serde(default)]
    pub optional: bool,
    /// A relational database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<Sql>,
    /// A Redis-compatible cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// An object store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Objects>,
    /// An OIDC identity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    /// A Temporal server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporal: Option<Temporal>,
    /// An AI endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai: Option<Ai>,
    /// A signed license.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<crate::license::Policy>,
}

/// The kind of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKind {
    /// A relational database.
    Sql,
    /// A Redis-compatible cache.
    Cache,
    /// An object store.
    Objects,
    /// An OIDC identity provider.
    Oidc,
    /// A Temporal server.
    Temporal,
    /// An AI endpoint.
    Ai,
    /// A signed license.
    License,
}

impl ServiceKind {
    /// Returns the section's name in a definition.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Cache => "cache",
            Self::Objects => "objects",
            Self::Oidc => "oidc",
            Self::Temporal => "temporal",
            Self::Ai => "ai",
            Self::License => "license",
        }
    }
}

impl fmt::Display for ServiceKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Service {
    /// Lists the kinds whose sections are present; a sound definition has exactly one.
    pub fn sections(&self) -> Vec<ServiceKind> {
        let present = [
            (self.sql.is_some(), ServiceKind::Sql),
            (self.cache.is_some(), ServiceKind::Cache),
            (self.objects.is_some(), ServiceKind::Objects),
            (self.oidc.is_some(), ServiceKind::Oidc),
            (self.temporal.is_some(), ServiceKind::Temporal),
            (self.ai.is_some(), ServiceKind::Ai),
            (self.license.is_some(), ServiceKind::License),
        ];
        present
            .into_iter()
            .filter_map(|(present, kind)| present.then_some(kind))
            .collect()
    }

    /// Returns the kind; the check of the definition has made sure that there is one.
    pub fn kind(&self) -> ServiceKind {
        self.sections().first().copied().unwrap_or(ServiceKind::Sql)
    }
}

/// A database engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// PostgreSQL, Aurora and RDS for PostgreSQL included.
    Postgresql,
    /// SQL Server, Azure SQL included.
    Sqlserver,
}

impl Engine {
    /// Returns the name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgresql => "postgresql",
            Self::Sqlserver => "sqlserver",
        }
    }

    /// Returns the name people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Postgresql => "PostgreSQL",
            Self::Sqlserver => "SQL Server",
        }
    }

    /// Returns the port its servers listen on by default.
    pub fn port(self) -> u16 {
        match self {
            Self::Postgresql => 5432,
            Self::Sqlserver => 1433,
        }
    }
}

/// A relational database.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sql {
    /// The oldest version of each engine that works, the first in the alphabet being the default.
    pub engines: BTreeMap<Engine, String>,
    /// The database's name.
    pub database: String,
    /// The user the product connects as.
    pub user: String,
}

/// A Redis-compatible cache.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// The oldest version that works.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// An object store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Objects {
    /// What the product can store objects with, the default first.
    pub drivers: Vec<ObjectDriver>,
    /// The bucket's, container's or folder's name.
    pub bucket: String,
}

/// How objects are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectDriver {
    /// Amazon S3 or what speaks its API.
    S3,
    /// Azure Blob Storage.
    AzureBlob,
    /// A folder.
    Filesystem,
}

impl ObjectDriver {
    /// Returns the name people read.
    pub fn title(self) -> &'static str {
        match self {
            Self::S3 => "S3, or what speaks its API",
            Self::AzureBlob => "Azure Blob Storage",
            Self::Filesystem => "A folder",
        }
    }

    /// Returns the name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::AzureBlob => "azure-blob",
            Self::Filesystem => "filesystem",
        }
    }
}

/// An OIDC identity provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// The claims the product reads, by the name it gives them.
    #[serde(default)]
    pub claims: BTreeMap<String, Claim>,
    /// Known providers and where they keep those claims.
    #[serde(default)]
    pub presets: BTreeMap<String, Preset>,
    /// The audience the product expects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Whether the product signs in by itself and so needs a client id and secret.
    #[serde(default)]
    pub client: bool,
    /// What to know before it is switched on.
    #[serde(default)]
    pub warnings: Vec<String>,
}

/// A claim of a token.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Where it stands by default, a dotted path.
    pub path: String,
    /// What it is for.
    #[serde(default)]
    pub purpose: String,
    /// The values it may hold.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether it may come as JSON inside a string.
    #[serde(default)]
    pub stringified: bool,
}

/// A known provider.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The name people read.
    pub title: String,
    /// What its issuer URL looks like.
    #[serde(default)]
    pub issuer: String,
    /// Where its signing keys are below the issuer URL, when it has no discovery document that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jwks_path: Option<String>,
    /// Where it keeps claims, when not at their default path.
    #[serde(default)]
    pub claims: BTreeMap<String, String>,
    /// What to set up on its side.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// A Temporal server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Temporal {
    /// The namespace the product works in.
    pub namespace: String,
}

/// An AI endpoint.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ai {
    /// The providers it can be, by the name the product knows.
    pub providers: BTreeMap<String, String>,
}

/// A secret of the product's own.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretDefinition {
    /// The name people read.
    pub title: String,
    /// Where it comes from.
    pub kind: SecretKind,
    /// Its length in characters, for one that is generated.
    #[serde(default = "forty")]
    pub length: u8,
    /// When it is needed at all: an expression over the context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether a given one may be left out.
    #[serde(default)]
    pub optional: bool,
}

fn forty() -> u8 {
    40
}

/// Where a secret comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// Landfall makes it in the target's own store.
    Generated,
    /// The customer gives a reference to it.
    Given,
    /// Landfall makes it, shows it once and keeps its SHA-256 alone.
    Token,
}

/// The questions that each kind of service asks, by who supplies it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindQuestions {
    /// Asked whoever supplies it.
    #[serde(default)]
    pub always: Vec<Question>,
    /// Asked when the customer supplies it.
    #[serde(default)]
    pub yours: Vec<Question>,
    /// Asked when Landfall runs it.
    #[serde(default)]
    pub bundled: Vec<Question>,
    /// Asked when the cloud supplies it.
    #[serde(default)]
    pub managed: Vec<Question>,
}

impl KindQuestions {
    /// Lists what is asked for a supply.
    pub fn of(&self, supply: Supply) -> impl Iterator<Item = &Question> {
        let rest: &[Question] = match supply {
            Supply::Yours => &self.yours,
            Supply::Bundled => &self.bundled,
            Supply::Managed => &self.managed,
            Supply::None => &[],
        };
        self.always
            .iter()
            .filter(move |_| supply != Supply::None)
            .chain(rest)
    }
}

/// Returns the questions of every kind of service, from `services.yaml` beside this file.
pub fn kinds() -> &'static BTreeMap<ServiceKind, KindQuestions> {
    static KINDS: std::sync::LazyLock<BTreeMap<ServiceKind, KindQuestions>> =
        std::sync::LazyLock::new(|| {
            serde_yaml::from_str(include_str!("services.yaml"))
                .expect("a unit test parses this embedded file")
        });
    &KINDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_questions_cover_every_kind() {
        assert_eq!(kinds().len(), 7);
    }
}
