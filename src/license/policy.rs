//! Says how one product treats its licenses.

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::claims::License;
use super::period::Period;

/// Says how a product treats its licenses: the `license` section of a product definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Tells that the product does not start without a license.
    pub required: bool,
    /// Names the only signature that is taken, whatever a token says about itself.
    pub algorithm: Algorithm,
    /// Names the file with the vendor's public key (PEM), relative to the product folder.
    ///
    /// Without it a license is read, but its signature is not checked here; the product does that.
    #[schemars(with = "Option<String>")]
    pub key: Option<Utf8PathBuf>,
    /// Names the product as a license does; without it any product's license is taken.
    pub product: Option<String>,
    /// Says under which names a license writes what.
    pub claims: ClaimNames,
    /// Lists the claims without which the product takes no license.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<RequiredClaim>,
    /// Lists the product's tiers, lowest first.
    pub tiers: Vec<String>,
    /// Lists how long before the end of a license somebody is told.
    pub notices: Vec<Period>,
    /// Says when the product itself looks at its license.
    pub check: Vec<CheckTime>,
    /// Says how a new license is brought in.
    pub renewal: Renewal,
    /// Tells that the product keeps a list of revoked licenses.
    pub revocations: bool,
    /// Tells that the product asks its vendor about the license, which an air-gapped site cannot.
    pub phone_home: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            required: true,
            algorithm: Algorithm::Rs256,
            key: None,
            product: None,
            claims: ClaimNames::default(),
            requires: Vec::new(),
            tiers: Vec::new(),
            notices: vec![Period::days(30)],
            check: vec![CheckTime::Startup],
            renewal: Renewal::default(),
            revocations: false,
            phone_home: false,
        }
    }
}

/// Names a way to sign: RFC 7518, section 3.1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Algorithm {
    /// Signs with RSA (PKCS #1 v1.5) and SHA-256.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
}

impl Algorithm {
    /// Returns its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
        }
    }
}

/// Says under which names a license writes what; a name may be a path through objects, as in `plan.seats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimNames {
    /// Names the product it is for.
    pub product: String,
    /// Names who it is for; `sub` is taken when it is not there.
    pub customer: String,
    /// Names the tier.
    pub tier: String,
    /// Names how many may use the product.
    pub seats: String,
    /// Names what is switched on.
    pub features: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            product: "product".into(),
            customer: "customer".into(),
            tier: "tier".into(),
            seats: "seats".into(),
            features: "features".into(),
        }
    }
}

/// Names a claim that a product may insist on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequiredClaim {
    /// Insists on a tier.
    Tier,
    /// Insists on how many may use it.
    Seats,
    /// Insists on at least one feature.
    Features,
}

impl Policy {
    /// Lists what the product insists on and a license does not say, each by the name it goes by in a license.
    pub fn missing(&self, license: &License) -> Vec<(RequiredClaim, &str)> {
        let lacks = |claim: &RequiredClaim| match claim {
            RequiredClaim::Tier => license.tier.is_none(),
            RequiredClaim::Seats => license.seats.is_none(),
            RequiredClaim::Features => license.features.is_empty(),
        };
        let named = |claim: RequiredClaim| match claim {
            RequiredClaim::Tier => (claim, self.claims.tier.as_str()),
            RequiredClaim::Seats => (claim, self.claims.seats.as_str()),
            RequiredClaim::Features => (claim, self.claims.features.as_str()),
        };
        self.requires
            .iter()
            .filter(|claim| lacks(claim))
            .map(|claim| named(*claim))
            .collect()
    }
}

/// Names a moment at which a product looks at its license.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CheckTime {
    /// Looks when it starts.
    Startup,
    /// Looks once a day.
    Daily,
    /// Looks on every request that needs the license.
    Request,
}

/// Says how a new license is brought in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// Says what makes the product see it.
    pub method: RenewalMethod,
    /// Names where it is sent; only for `reload`.
    #[serde(default)]
    pub endpoint: Option<RenewalEndpoint>,
}

impl Renewal {
    /// Returns where a running product takes a new license; none when it is restarted for it.
    pub fn reload(&self) -> Option<&RenewalEndpoint> {
        match self.method {
            RenewalMethod::Reload => self.endpoint.as_ref(),
            RenewalMethod::Restart => None,
        }
    }
}

/// Names what makes a product see a new license.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RenewalMethod {
    /// Sends it to the running product.
    Reload,
    /// Replaces the secret and restarts what reads it.
    #[default]
    Restart,
}

/// Names the address at which a running product takes a new license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenewalEndpoint {
    /// Names the component that listens.
    pub component: String,
    /// Names its port.
    pub port: String,
    /// Holds the path of the request.
    pub path: String,
}
