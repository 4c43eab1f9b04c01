//! What can be found out before anything is touched.
//!
//! [`examine`] looks at the machine and at every service that the customer supplies, all at once, and reports what it
//! found as [`Finding`]s in a stable order. A problem is data here, never an error. It only looks and writes nothing.
//! The outside is a [`World`], so that tests can make one up; [`Ground`] is the real one.

mod account;
mod clock;
mod cluster;
mod database;
mod error;
mod identity;
mod license;
mod machine;
mod objects;
mod probe;
mod reach;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;
mod world;

pub use account::{
    AccountSeen, BoundSeen, BucketSeen, CertificateFound, CertificateSeen, Fact, Holder, NetworkSeen,
    RangeSeen, SubnetFound, SubnetUse, SubnetsSeen, ZoneSeen,
};
pub use cluster::{
    AdmissionSeen, Amounts, ClassSeen, ClusterFound, ClusterNeeds, ClusterSeen, ContainerNeed, GatewayNeed,
    GatewaySeen, ImageAnswer, ImageSeen, LimitSeen, ListenerSeen, Looked, NamespaceSeen, PodNeed, QuotaSeen,
    Right, RightsSeen, VersionsSeen, VolumeNeed,
};
pub use error::ProbeError;
pub use probe::Ground;
pub use world::{CacheAt, DatabaseAt, FileSeen, Response, World};

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use serde::Serialize;

use crate::deployment::Deployment;
use crate::license::Policy;
use crate::product::{ServiceKind, Supply, Target};

/// How long a check may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(5);

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// It may do harm.
    Warning,
    /// Nothing can be done before it is set right.
    Blocker,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name, such as `port`.
    pub check: &'static str,
    /// What was looked at, such as `127.0.0.1:8080` or `services.database`.
    pub subject: String,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub message: String,
    /// What to do about it: a command or a sentence.
    pub fix: Option<String>,
}

/// What is examined.
#[derive(Debug, Clone, Copy)]
pub struct Examination<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// Whether nothing of it is up yet; otherwise its own ports are taken, and rightly so.
    pub fresh: bool,
    /// The programs that will be needed, as they were found.
    pub tools: &'a [ToolSeen],
    /// The clusters of its parts, as they were found.
    pub clusters: &'a [ClusterSeen],
    /// The accounts of its parts, as they were found.
    pub accounts: &'a [AccountSeen],
    /// How the license of each license service is judged, by the service's name.
    pub licenses: &'a BTreeMap<String, LicenseRules>,
    /// A URL whose answer tells the time, beside those of the services.
    pub clock: Option<&'a str>,
}

/// A program that will be needed, as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSeen {
    /// The program's name.
    pub name: String,
    /// The oldest version that works; none means any.
    pub oldest: Option<String>,
    /// What was found: the version, or why there is none.
    pub found: Result<String, String>,
    /// How to get it.
    pub fix: Option<String>,
}

/// What a license is judged by.
#[derive(Debug, Clone, Default)]
pub struct LicenseRules {
    /// The product's policy.
    pub policy: Policy,
    /// The vendor's public key (PEM); none means that the signature is not checked.
    pub key: Option<Vec<u8>>,
    /// The ids of revoked licenses.
    pub revoked: Vec<String>,
}

/// Runs every check that fits the deployment, all at once, each for five seconds at the most.
pub async fn examine(what: &Examination<'_>, world: &dyn World) -> Vec<Finding> {
    examine_within(what, world, PATIENCE).await
}

/// Says whether nothing that was found is in the way.
pub fn is_clear(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Blocker)
}

async fn examine_within(what: &Examination<'_>, world: &dyn World, patience: Duration) -> Vec<Finding> {
    let cx = Context {
        what,
        world,
        unreachable: unreachable_level(what.deployment),
    };
    let mut checks = Vec::new();
    machine::checks(&cx, &mut checks);
    for seen in what.clusters {
        checks.push(Check::new(
            "cluster",
            &seen.part,
            async move { cluster::judge(seen) },
        ));
    }
    let now = world.now().as_second();
    for seen in what.accounts {
        checks.push(Check::new("account", &seen.part, async move {
            account::judge(seen, now)
        }));
    }
    clock::checks(&cx, &mut checks);
    secrets::checks(&cx, &mut checks);
    for (name, service) in &what.deployment.services {
        match (service.kind, service.supply) {
            (ServiceKind::License, _) => license::checks(&cx, name, &mut checks),
            (_, Supply::Managed | Supply::None) => {}
            (ServiceKind::Objects, _) => objects::checks(&cx, name, service, &mut checks),
            (_, Supply::Bundled) => {}
            (ServiceKind::Sql, _) => database::checks(&cx, name, service, &mut checks),
            (ServiceKind::Oidc, _) => identity::checks(&cx, name, service, &mut checks),
            (ServiceKind::Cache | ServiceKind::Temporal | ServiceKind::Ai, _) => {
                reach::checks(&cx, name, service, &mut checks);
            }
        }
    }
    let runs = checks
        .into_iter()
        .map(|check| within(check, patience, cx.unreachable));
    join_all(runs).await.into_iter().flatten().collect()
}

/// Says how bad it is that a service does not answer here.
///
/// Where the product runs on this machine, it would not reach it either. Elsewhere it may well: a database in a
/// private network is not for the operator's laptop.
fn unreachable_level(deployment: &Deployment) -> Level {
    let here = |target: Option<Target>| matches!(target, Some(Target::Host | Target::Compose));
    if deployment.parts.values().any(|part| here(part.target)) {
        Level::Blocker
    } else {
        Level::Warning
    }
}

/// What checks share.
struct Context<'a> {
    what: &'a Examination<'a>,
    world: &'a dyn World,
    unreachable: Level,
}

/// One check, not yet run.
struct Check<'a> {
    name: &'static str,
    subject: String,
    run: BoxFuture<'a, Vec<Finding>>,
}

impl<'a> Check<'a> {
    fn new(
        name: &'static str,
        subject: impl Into<String>,
        run: impl Future<Output = Vec<Finding>> + Send + 'a,
    ) -> Self {
        let (subject, run) = (subject.into(), run.boxed());
        Self { name, subject, run }
    }
}

async fn within(check: Check<'_>, patience: Duration, level: Level) -> Vec<Finding> {
    match tokio::time::timeout(patience, check.run).await {
        Ok(findings) => findings,
        Err(_) => {
            let message = format!("no answer within {} seconds", patience.as_secs());
            let fix = "check the address, and firewalls on the way".to_owned();
            vec![Finding::new(check.name, &check.subject, level, message).fix(fix)]
        }
    }
}

impl Finding {
    fn new(check: &'static str, subject: &str, level: Level, message: impl Into<String>) -> Self {
        Self {
            check,
            subject: subject.to_owned(),
            level,
            message: message.into(),
            fix: None,
        }
    }

    fn ok(check: &'static str, subject: &str, message: impl Into<String>) -> Self {
        Self::new(check, subject, Level::Ok, message)
    }

    fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
