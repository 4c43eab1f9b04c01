//! What was found of an account, as plain data.

use crate::doctor::{ImageSeen, Looked};

/// An account as it was found, for one part.
#[derive(Debug, Clone)]
pub struct AccountSeen {
    /// The part.
    pub part: String,
    /// The account and region, such as `000000000042 in eu-west-1`.
    pub place: String,
    /// Who is signed in; or why nobody is, and what to do.
    pub identity: Result<String, (String, Option<String>)>,
    /// What was looked at; an error when the part cannot be rendered.
    pub facts: Looked<Vec<Fact>>,
}

/// One thing that a part needs of its account, beside what is there.
#[derive(Debug, Clone)]
pub enum Fact {
    /// What AWS bounds.
    Quotas(Vec<BoundSeen>),
    /// The roles that AWS's services have in the account, by name: those that are there.
    Roles(Vec<(String, Looked<bool>)>),
    /// A certificate that was given.
    Certificate(CertificateSeen),
    /// The zone that proves whose the domain is.
    Zone(ZoneSeen),
    /// A network that will be made, beside those that are there.
    Range(RangeSeen),
    /// A network that was given.
    Network(NetworkSeen),
    /// Subnets that were given.
    Subnets(SubnetsSeen),
    /// Zones of the region: those that are asked for, and those that it has.
    Zones(Vec<String>, Looked<Vec<String>>),
    /// An image.
    Image(ImageSeen),
    /// The version of a database's engine, and whether the region has it.
    Engine(String, Looked<bool>),
    /// The bucket of the states.
    Bucket(BucketSeen),
    /// A secret that the answers name: by which option, its ARN, and whether it is there.
    Secret(&'static str, String, Looked<bool>),
}

/// Something that AWS bounds.
#[derive(Debug, Clone)]
pub struct BoundSeen {
    /// What it bounds, such as `VPCs`.
    pub title: String,
    /// AWS's codes of service and quota.
    pub code: (String, String),
    /// How many the part needs at most.
    pub needed: u64,
    /// How many there are, in the fullest zone where it is bounded for each; none when that is not counted.
    pub used: Option<Looked<u64>>,
    /// Whether what the part needs is among those already.
    pub there: bool,
    /// How many there may be; none inside when AWS does not know the quota.
    pub limit: Looked<Option<u64>>,
}

/// A certificate that was given.
#[derive(Debug, Clone)]
pub struct CertificateSeen {
    /// Its ARN.
    pub arn: String,
    /// The region that it is needed in.
    pub region: String,
    /// The name that it must be for.
    pub domain: String,
    /// What was found.
    pub found: Looked<Option<CertificateFound>>,
}

/// A certificate as it is.
#[derive(Debug, Clone, Default)]
pub struct CertificateFound {
    /// Its state, such as `ISSUED`.
    pub status: String,
    /// When it ends, in seconds since 1970.
    pub ends: Option<i64>,
    /// The names that it is for.
    pub names: Vec<String>,
}

/// The zone that proves whose the domain is.
#[derive(Debug, Clone)]
pub struct ZoneSeen {
    /// Its id.
    pub id: String,
    /// The name that is to be in it.
    pub domain: String,
    /// Its name, and whether it is private; none when it is not there.
    pub found: Looked<Option<(String, bool)>>,
}

/// A network that will be made.
#[derive(Debug, Clone)]
pub struct RangeSeen {
    /// Its addresses.
    pub cidr: String,
    /// Networks that are there, with their addresses.
    pub others: Looked<Vec<(String, Vec<String>)>>,
}

/// A network that was given.
#[derive(Debug, Clone)]
pub struct NetworkSeen {
    /// Its id.
    pub id: String,
    /// Whether services of AWS get an interface in it, which are found by name.
    pub endpoints: bool,
    /// Whether it is there, or why that could not be told.
    pub there: Looked<bool>,
    /// Whether it resolves names, and whether it gives some to its machines.
    pub names: Looked<(bool, bool)>,
}

/// What subnets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubnetUse {
    /// The load balancer for the internet.
    Public,
    /// Tasks.
    Private,
    /// Database and cache.
    Isolated,
}

/// Subnets that were given.
#[derive(Debug, Clone)]
pub struct SubnetsSeen {
    /// What they are for.
    pub role: SubnetUse,
    /// The network that they must be in.
    pub network: String,
    /// Their ids.
    pub wanted: Vec<String>,
    /// How many addresses are needed: in each for a load balancer, in all together otherwise.
    pub needed: u64,
    /// Whether registries and AWS are to be reached from there over the internet.
    pub outward: bool,
    /// The subnets of the region.
    pub found: Looked<Vec<SubnetFound>>,
}

/// A subnet as it is.
#[derive(Debug, Clone)]
pub struct SubnetFound {
    /// Its id.
    pub id: String,
    /// The network that it is in.
    pub network: String,
    /// Its zone.
    pub zone: String,
    /// How many addresses are free.
    pub free: u64,
    /// The gateway for everywhere else, such as `nat-1`; none inside when nothing leaves.
    pub outward: Looked<Option<String>>,
}

/// What there is under the name of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// It is this account's.
    Ours,
    /// There is none.
    Nobody,
    /// Somebody else's, or it may not be looked at.
    Closed,
}

/// The bucket of the states.
#[derive(Debug, Clone)]
pub struct BucketSeen {
    /// Its name.
    pub name: String,
    /// Whether Landfall makes it.
    pub made: bool,
    /// Whose it is.
    pub holder: Looked<Holder>,
}
