//! What things are called at AWS, and the options they follow from.

use camino::Utf8PathBuf;
use serde::Deserialize;

use crate::deployment::{Deployment, Part};
use crate::drivers::options::{options, unusable};
use crate::render::RenderError;

/// How long an installation's name may be: the names of keys and buckets go on behind it.
const LONGEST_NAME: usize = 16;
/// The folders of the layers, each with a state of its own, in the order in which they are applied.
pub(super) const BOOTSTRAP: &str = "bootstrap";
/// What data and application stand on.
pub(super) const FOUNDATION: &str = "foundation";
/// What must not be lost.
pub(super) const DATA: &str = "data";
/// What runs.
pub(super) const APPLICATION: &str = "application";
/// All of them.
pub(super) const LAYERS: [&str; 4] = [BOOTSTRAP, FOUNDATION, DATA, APPLICATION];
/// The modules that the layers call.
pub(super) const MODULES: &str = "modules";
/// The application's images by digest: the one file that an upgrade to a release without other changes touches.
pub(super) const IMAGES: &str = "application/images.auto.tfvars.json";
/// Where components find secrets as files.
pub(super) const SECRET_FOLDER: &str = "/run/secrets/landfall";
/// Where components find the certificates that AWS's databases are checked with.
pub(super) const CERTIFICATES: &str = "/run/certificates/database.pem";
/// The task that runs the migration, and the key of the output that says how it is started.
pub(super) const MIGRATION: &str = "migration";
/// The task that makes the product's user of a managed database.
pub(super) const DATABASE_USER: &str = "database-user";
/// The image with a shell, and with `psql` where there is a managed database.
pub(super) const TOOLS: &str = "tools";

/// The aws target's options, as `templates/aws/options.yaml` asks for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    /// The region.
    pub region: String,
    /// The one account that this is for.
    pub account: String,
    /// The host name under which people reach it.
    pub domain: String,
    /// Where its certificate comes from.
    pub certificate: Certificate,
    /// The certificate, when it is given.
    #[serde(default)]
    pub certificate_arn: Option<String>,
    /// The zone of Route 53, when the certificate is made.
    #[serde(default)]
    pub zone_id: Option<String>,
    /// How much there is of everything.
    pub size: Size,
    /// Whether database, cache and what is in front of them outlive a zone.
    pub multi_az: bool,
    /// Whether the network is made.
    pub vpc: Vpc,
    /// Addresses of a new network.
    #[serde(default)]
    pub cidr: Option<String>,
    /// Zones of a new network.
    #[serde(default)]
    pub zones: Vec<String>,
    /// The network that is there.
    #[serde(default)]
    pub vpc_id: Option<String>,
    /// Its subnets for the load balancer.
    #[serde(default)]
    pub public_subnets: Vec<String>,
    /// Its subnets for tasks.
    #[serde(default)]
    pub private_subnets: Vec<String>,
    /// Its subnets for database and cache.
    #[serde(default)]
    pub isolated_subnets: Vec<String>,
    /// How tasks reach the internet.
    pub nat: Nat,
    /// Services of AWS that get an interface in the network, beside those that are needed.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Other addresses that tasks may reach, as `cidr:port`.
    #[serde(default)]
    pub egress: Vec<String>,
    /// Whether the load balancer has private addresses alone.
    pub internal: bool,
    /// Networks that people come from.
    pub allowed_cidrs: Vec<String>,
    /// From where tasks pull images.
    pub images: Images,
    /// The mirror.
    #[serde(default)]
    pub registry: Option<String>,
    /// The secret with the registry's credentials.
    #[serde(default)]
    pub registry_credentials: Option<String>,
    /// The image with a shell.
    #[serde(default)]
    pub tools_image: Option<String>,
    /// What images are made for.
    pub architecture: Architecture,
    /// Which PostgreSQL of AWS's.
    pub database_kind: DatabaseKind,
    /// Its version.
    pub database_version: String,
    /// The file with the certificates it is checked with.
    #[serde(default)]
    pub database_ca: Option<Utf8PathBuf>,
    /// The cache's engine.
    pub cache_engine: CacheEngine,
    /// Its version.
    pub cache_version: String,
    /// Whether a firewall looks at every request.
    pub waf: bool,
    /// Addresses that alarms go to.
    #[serde(default)]
    pub alarm_emails: Vec<String>,
    /// What a month may cost, in dollars.
    #[serde(default)]
    pub budget: Option<u32>,
    /// Whether AWS Backup saves the data.
    pub backup: bool,
    /// The policy that bounds every role.
    #[serde(default)]
    pub permissions_boundary: Option<String>,
    /// Tags of everything, as `name=value`.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where the layers' states lie.
    pub state: State,
    /// The bucket, when it is there.
    #[serde(default)]
    pub state_bucket: Option<String>,
}

/// Where the certificate of the host name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// AWS makes and renews it; a zone proves whose name it is.
    Zone,
    /// It is there.
    Given,
}

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// To try it out, or for a few people.
    Small,
    /// For a company.
    Standard,
    /// For many.
    Large,
}

/// Whether the network is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vpc {
    /// It is made.
    New,
    /// It is there.
    Existing,
}

/// How tasks reach the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nat {
    /// Through one gateway.
    One,
    /// Through one in each zone.
    PerZone,
    /// Not at all: AWS is reached by endpoints.
    None,
}

/// From where tasks pull images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Images {
    /// From the registries that the release names.
    Release,
    /// From a registry of the customer's.
    Mirror,
    /// From repositories that the foundation makes.
    Ecr,
}

/// What images are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Intel and AMD.
    Amd64,
    /// Graviton.
    Arm64,
}

/// Which PostgreSQL of AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// Aurora Serverless v2.
    Aurora,
    /// RDS.
    Postgres,
}

/// The cache's engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheEngine {
    /// Valkey.
    Valkey,
    /// Redis.
    Redis,
}

impl CacheEngine {
    /// Names it as AWS does.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valkey => "valkey",
            Self::Redis => "redis",
        }
    }
}

impl Architecture {
    /// Names it as images do.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Where the layers' states lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// In a bucket that the bootstrap layer makes.
    S3,
    /// In a bucket that is there.
    Bucket,
    /// Beside each layer.
    Local,
}

/// The names of one part in its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The options.
    pub options: Options,
    /// The installation's name, with which the names of all that is made begin.
    pub name: String,
}

impl Place {
    /// Reads the names from a part.
    ///
    /// # Errors
    /// [`RenderError::Options`] when an option has a value that no account could have.
    pub fn of(deployment: &Deployment, part: &Part) -> Result<Self, RenderError> {
        let fail = |message: String| unusable(part, message);
        let options: Options = options(part)?;
        if !(3..=LONGEST_NAME).contains(&deployment.name.len()) {
            return Err(fail(format!(
                "the installation's name has 3 to {LONGEST_NAME} characters at AWS, because names of keys and buckets \
                 begin with it: `{}` has {}",
                deployment.name,
                deployment.name.len()
            )));
        }
        options.check().map_err(fail)?;
        let account = |part: &Part| ["account", "region"].map(|key| part.options.get(key).cloned());
        // Everything is named after the installation, so the things of two parts would be the same ones.
        let other = deployment.parts.values().find(|other| {
            other.name != part.name && other.target == part.target && account(other) == account(part)
        });
        if let Some(other) = other {
            return Err(fail(format!(
                "part `{}` lies in the same account and region: each needs its own",
                other.name
            )));
        }
        Ok(Self {
            options,
            name: deployment.name.clone(),
        })
    }

    /// Names the bucket of the layers' states; none when they lie beside the layers.
    pub fn state_bucket(&self) -> Option<String> {
        match self.options.state {
            State::Local => None,
            State::Bucket => self.options.state_bucket.clone(),
            State::S3 => Some(format!("{}-state-{}", self.name, self.options.account)),
        }
    }

    /// Names the registry of the account itself.
    pub fn ecr(&self) -> String {
        let Options { account, region, .. } = &self.options;
        let top = if region.starts_with("cn-") { ".cn" } else { "" };
        format!("{account}.dkr.ecr.{region}.amazonaws.com{top}")
    }
}

impl Options {
    /// Finds what the types of the questions cannot rule out.
    fn check(&self) -> Result<(), String> {
        let is_account = self.account.len() == 12 && self.account.bytes().all(|byte| byte.is_ascii_digit());
        if !is_account {
            return Err(format!("`account` has 12 digits, not `{}`", self.account));
        }
        match self.certificate {
            Certificate::Given => is_arn("certificate_arn", self.certificate_arn.as_deref(), "acm")?,
            Certificate::Zone if self.zone_id.is_none() => {
                return Err("`certificate: zone` needs `zone_id`".to_owned());
            }
            Certificate::Zone => {}
        }
        for (key, arn, service) in [
            (
                "registry_credentials",
                &self.registry_credentials,
                "secretsmanager",
            ),
            ("permissions_boundary", &self.permissions_boundary, "iam"),
        ] {
            if arn.is_some() {
                is_arn(key, arn.as_deref(), service)?;
            }
        }
        if self.vpc == Vpc::Existing {
            self.check_existing()?;
        }
        if self.images == Images::Mirror && self.registry.is_none() {
            return Err("`images: mirror` needs `registry`".to_owned());
        }
        if self.nat == Nat::None && self.images == Images::Release {
            return Err(
                "without NAT no registry of the internet is reached: answer `images` with `ecr` or `mirror`"
                    .to_owned(),
            );
        }
        if self
            .tools_image
            .as_ref()
            .is_some_and(|image| !image.contains("@sha256:"))
        {
            return Err("`tools_image` takes reference@sha256:digest".to_owned());
        }
        if self.state == State::Bucket && self.state_bucket.is_none() {
            return Err("`state: bucket` needs `state_bucket`".to_owned());
        }
        if let Some(tag) = self.tags.iter().find(|tag| !tag.contains('=')) {
            return Err(format!("`tags` are name=value, not `{tag}`"));
        }
        Ok(())
    }

    fn check_existing(&self) -> Result<(), String> {
        if self.vpc_id.is_none() {
            return Err("`vpc: existing` needs `vpc_id`".to_owned());
        }
        let kinds = [
            ("public_subnets", &self.public_subnets, !self.internal),
            ("private_subnets", &self.private_subnets, true),
            ("isolated_subnets", &self.isolated_subnets, true),
        ];
        match kinds
            .iter()
            .find(|(_, subnets, needed)| *needed && subnets.len() < 2)
        {
            Some((key, ..)) => Err(format!(
                "`vpc: existing` needs two subnets or more in `{key}`, each in another zone"
            )),
            None => Ok(()),
        }
    }
}

fn is_arn(key: &str, arn: Option<&str>, service: &str) -> Result<(), String> {
    let arn = arn.unwrap_or_default();
    let mut pieces = arn.split(':');
    if pieces.next() == Some("arn") && pieces.nth(1) == Some(service) {
        return Ok(());
    }
    Err(format!("`{key}` takes an ARN of {service}, not `{arn}`"))
}

/// Writes a name the way AWS takes it.
pub(super) fn dashed(name: &str) -> String {
    name.replace('_', "-")
}
