//! What a vendor says about the licenses of its product.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a product's licenses are signed, checked, announced and renewed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The vendor's public key, a PEM file in the product's folder; none means that only the product can check it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// How licenses are signed.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// What the `product` claim of a license must be; none means that it is not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// The claims that say what a license grants, such as `tier`, `seats` and `features`.
    #[serde(default)]
    pub grants: Vec<String>,
    /// When the product itself checks its license.
    #[serde(default)]
    pub checked: Vec<Moment>,
    /// How many days before the expiry somebody is warned, the earliest first.
    #[serde(default)]
    pub notices: Vec<u16>,
    /// How a new license is put in force without a restart; none means that a restart is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<Reload>,
    /// Whether the product keeps a list of licenses that are blocked although their signature holds.
    #[serde(default)]
    pub revocations: bool,
    /// Whether the product asks its vendor about the license over the internet.
    #[serde(default)]
    pub phone_home: bool,
}

/// How licenses are signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// RSA with SHA-256.
    #[default]
    RS256,
    /// Ed25519.
    EdDSA,
}

/// When a product checks its license.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// Before it starts; it refuses to run without a valid one.
    Startup,
    /// Once a day; it stops when the license has expired.
    Daily,
    /// On every request that needs the license.
    Request,
}

/// An HTTP POST whose body is the new license; the old one stays in force if the new one is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reload {
    /// The component that takes it.
    pub component: String,
    /// The name of its port.
    pub port: String,
    /// The path.
    pub path: String,
}
