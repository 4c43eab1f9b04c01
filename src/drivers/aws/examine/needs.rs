//! What a part needs of what AWS bounds, and which of AWS's roles: `templates/aws/account.yaml` beside what it makes.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::render::{made, things};
use crate::cost::Thing;
use crate::deployment::{Deployment, Part};
use crate::render::RenderError;

/// What an account is compared with.
const ACCOUNT: &str = include_str!("../../../../templates/aws/account.yaml");

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    quotas: Vec<Quota>,
    roles: Vec<Role>,
}

/// Something that AWS bounds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Quota {
    pub(super) title: String,
    pub(super) service: String,
    pub(super) code: String,
    of: Vec<String>,
    #[serde(default)]
    measure: Option<String>,
    #[serde(default)]
    pub(super) used: Option<Counted>,
    #[serde(default)]
    zoned: bool,
}

/// What is counted in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Counted {
    Addresses,
    Balancers,
    CacheNodes,
    DatabaseClusters,
    DatabaseInstances,
    InternetGateways,
    NatGateways,
    Networks,
}

/// A role of one of AWS's services.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    name: String,
    of: Vec<String>,
}

/// What a part needs.
#[derive(Debug)]
pub(super) struct Needed {
    /// What is bounded, with how many are needed.
    pub(super) quotas: Vec<(Quota, u64)>,
    /// Names of roles.
    pub(super) roles: Vec<String>,
}

impl Needed {
    /// Works out what a part needs.
    ///
    /// # Errors
    /// As rendering.
    pub(super) fn of(deployment: &Deployment, part: &Part) -> Result<Self, RenderError> {
        let limits: Limits = serde_yaml::from_str(ACCOUNT).map_err(|error| RenderError::Template {
            template: "aws/account.yaml".to_owned(),
            message: error.to_string(),
        })?;
        let things = things(deployment, part)?;
        let made = made(deployment, part)?;
        let types: BTreeSet<&str> = made.layers.values().flatten().map(String::as_str).collect();
        let quotas = limits.quotas.into_iter().filter_map(|quota| {
            let needed = quota.needed(&things, &types);
            (needed > 0).then_some((quota, needed))
        });
        let is_made = |role: &Role| role.of.iter().any(|type_| types.contains(type_.as_str()));
        let roles = limits.roles.into_iter().filter(is_made);
        Ok(Self {
            quotas: quotas.collect(),
            roles: roles.map(|role| role.name).collect(),
        })
    }
}

impl Quota {
    /// Counts how many are needed: of what has a price by its measures, of all else one.
    fn needed(&self, things: &[Thing], types: &BTreeSet<&str>) -> u64 {
        let of_type = |type_: &String| {
            let own = things
                .iter()
                .filter(|thing| thing.kind == *type_ || thing.word() == type_);
            let counts: Vec<u64> = own.map(|thing| self.counted(thing)).collect();
            match counts.is_empty() {
                true => u64::from(types.contains(type_.as_str())),
                false => counts.iter().sum(),
            }
        };
        let all = self.of.iter().map(of_type).sum();
        // There is at most one of ours in each zone.
        if self.zoned { u64::min(all, 1) } else { all }
    }

    fn counted(&self, thing: &Thing) -> u64 {
        let measure = self.measure.as_deref().map(|name| thing.measures.get(name));
        match measure {
            None => thing.count,
            Some(measure) => thing.count * measure.map_or(0, |band| band.high.whole()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::{Amount, Band};

    fn limits() -> Limits {
        serde_yaml::from_str(ACCOUNT).unwrap()
    }

    fn needed(title: &str, things: &[Thing], types: &[&str]) -> u64 {
        let limits = limits();
        let quota = limits.quotas.iter().find(|quota| quota.title == title).unwrap();
        quota.needed(things, &types.iter().copied().collect())
    }

    #[test]
    fn as_many_are_needed_as_are_made() {
        let gateways = [Thing::new("foundation", "aws_nat_gateway").times(3)];
        assert_eq!(needed("NAT gateways in a zone", &gateways, &[]), 1);
        let addresses = [Thing::new("foundation", "aws_eip").named("NAT").times(3)];
        assert_eq!(needed("Elastic IP addresses", &addresses, &["aws_eip"]), 3);
        assert_eq!(needed("VPCs", &[], &["aws_vpc"]), 1);
        assert_eq!(needed("VPCs", &[], &["data.aws_vpc"]), 0);
        let balancer = [Thing::new("application", "aws_lb/public")];
        assert_eq!(needed("application load balancers", &balancer, &["aws_lb"]), 1);
        let gateway = [Thing::new("foundation", "aws_vpc_endpoint/gateway")];
        assert_eq!(
            needed("interface endpoints in a VPC", &gateway, &["aws_vpc_endpoint"]),
            0
        );
    }

    #[test]
    fn measures_count_at_their_most_and_whole() {
        let service = |most| {
            let vcpu = Band::new(Amount::thousandths(250), Amount::thousandths(most));
            Thing::new("application", "aws_ecs_service/amd64").measuring("vcpu", vcpu)
        };
        assert_eq!(needed("Fargate vCPUs", &[service(2500), service(1000)], &[]), 4);
        let nodes = Band::just(Amount::of(2));
        let cache = Thing::new("data", "aws_elasticache_replication_group/redis/cache.t4g.micro");
        assert_eq!(
            needed("nodes of ElastiCache", &[cache.measuring("nodes", nodes)], &[]),
            2
        );
    }

    #[test]
    fn every_type_is_one_that_modules_make() {
        let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/terraform/modules");
        let mut text = String::new();
        for module in fs_err::read_dir(modules).unwrap() {
            let folder = module.unwrap().path();
            for file in fs_err::read_dir(&folder).into_iter().flatten() {
                let path = file.unwrap().path();
                if path.extension().is_some_and(|extension| extension == "tf") {
                    text += &fs_err::read_to_string(path).unwrap();
                }
            }
        }
        let limits = limits();
        let quotas = limits.quotas.iter().flat_map(|quota| &quota.of);
        for type_ in quotas.chain(limits.roles.iter().flat_map(|role| &role.of)) {
            let word = type_.split('/').next().unwrap();
            assert!(text.contains(&format!("resource \"{word}\"")), "{type_}");
        }
    }
}
