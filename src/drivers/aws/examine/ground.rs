//! Networks, subnets and zones: those that are there, and those that are asked for.

use std::collections::BTreeMap;

use super::super::place::{Nat, Vpc};
use super::Ask;
use crate::aws::{NetworkSeen as Network, RouteSeen, SubnetSeen};
use crate::doctor::{Fact, Looked, NetworkSeen, RangeSeen, SubnetFound, SubnetUse, SubnetsSeen};

/// How many addresses a load balancer wants to have free in each of its subnets.
const BALANCER: u64 = 8;

/// What the region has of networks.
pub(super) struct Ground {
    networks: Looked<Vec<Network>>,
    subnets: Looked<Vec<SubnetSeen>>,
}

impl Ground {
    pub(super) async fn look(ask: Ask<'_>) -> Self {
        let networks = ask.look(ask.aws.networks(ask.cancel));
        let subnets = ask.look(ask.aws.subnets(ask.cancel));
        let (networks, subnets) = tokio::join!(networks, subnets);
        Self { networks, subnets }
    }

    pub(super) fn count_networks(&self) -> Looked<u64> {
        let networks = self.networks.as_ref().map_err(Clone::clone)?;
        Ok(networks.len() as u64)
    }

    /// Counts what stands in subnets, in the zone that has most of it among those that are asked for.
    pub(super) fn fullest_zone(&self, standing: &[String], zones: &[String]) -> Looked<u64> {
        let subnets = self.subnets.as_ref().map_err(Clone::clone)?;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for id in standing {
            let subnet = subnets.iter().find(|subnet| subnet.id == *id);
            if let Some(subnet) = subnet.filter(|subnet| zones.contains(&subnet.zone)) {
                *counts.entry(&subnet.zone).or_default() += 1;
            }
        }
        Ok(counts.into_values().max().unwrap_or_default())
    }

    /// Looks at the network that is asked for.
    pub(super) async fn facts(&self, ask: Ask<'_>) -> Vec<Fact> {
        match ask.place.options.vpc {
            Vpc::New => self.new_network(ask).await,
            Vpc::Existing => self.your_network(ask).await,
        }
    }

    async fn new_network(&self, ask: Ask<'_>) -> Vec<Fact> {
        let options = &ask.place.options;
        let is_other = |network: &&Network| network.installation.as_ref() != Some(&ask.place.name);
        let others = self.networks.as_ref().map_err(Clone::clone).map(|networks| {
            let others = networks.iter().filter(is_other);
            others
                .map(|network| (network.id.clone(), network.cidrs.clone()))
                .collect()
        });
        let found = ask.look(ask.aws.zones(ask.cancel)).await;
        let mut facts = vec![Fact::Zones(options.zones.clone(), found)];
        if let Some(cidr) = options.cidr.clone() {
            facts.push(Fact::Range(RangeSeen { cidr, others }));
        }
        facts
    }

    async fn your_network(&self, ask: Ask<'_>) -> Vec<Fact> {
        let options = &ask.place.options;
        let id = options.vpc_id.clone().unwrap_or_default();
        let networks = self.networks.as_ref().map_err(Clone::clone);
        let there = networks.map(|networks| networks.iter().any(|network| network.id == id));
        let names = ask.look(ask.aws.network_names(&id, ask.cancel));
        let routes = ask.look(ask.aws.routes(&id, ask.cancel));
        let (names, routes) = tokio::join!(names, routes);
        let found = self.subnets_of(&id, &routes);
        let subnets = |role: SubnetUse, wanted: &[String], needed: u64| {
            Fact::Subnets(SubnetsSeen {
                role,
                network: id.clone(),
                wanted: wanted.to_vec(),
                needed,
                outward: options.nat != Nat::None,
                found: found.clone(),
            })
        };
        let mut facts = vec![Fact::Network(NetworkSeen {
            id: id.clone(),
            endpoints: ask.needs.endpoints,
            there: there.clone(),
            names,
        })];
        if there == Ok(false) {
            return facts;
        }
        if ask.needs.reached && !options.internal {
            facts.push(subnets(SubnetUse::Public, &options.public_subnets, BALANCER));
        }
        facts.push(subnets(
            SubnetUse::Private,
            &options.private_subnets,
            ask.free_for_tasks(),
        ));
        if let Some(instances) = ask.needs.instances {
            let needed = ask.new_only(instances);
            facts.push(subnets(SubnetUse::Isolated, &options.isolated_subnets, needed));
        }
        facts
    }

    /// Lists the subnets of the region, with where those of a network send what goes to everywhere else.
    fn subnets_of(&self, network: &str, routes: &Looked<Vec<RouteSeen>>) -> Looked<Vec<SubnetFound>> {
        let subnets = self.subnets.as_ref().map_err(Clone::clone)?;
        let outward = |subnet: &SubnetSeen| match routes {
            Err(why) => Err(why.clone()),
            Ok(routes) => {
                let own = routes.iter().find(|table| table.subnets.contains(&subnet.id));
                let table = own.or_else(|| routes.iter().find(|table| table.is_main));
                Ok(table.and_then(|table| table.outward.clone()))
            }
        };
        let found = |subnet: &SubnetSeen| SubnetFound {
            id: subnet.id.clone(),
            network: subnet.network.clone(),
            zone: subnet.zone.clone(),
            free: subnet.free,
            outward: match subnet.network == network {
                true => outward(subnet),
                false => Ok(None),
            },
        };
        Ok(subnets.iter().map(found).collect())
    }
}
