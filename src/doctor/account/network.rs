//! Networks: addresses, names, subnets, ways out, zones.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::super::{Finding, Level, Looked};
use super::{NetworkSeen, RangeSeen, SubnetFound, SubnetUse, SubnetsSeen, unseen};

/// Looks for networks with the same addresses.
pub(super) fn range(seen: &RangeSeen) -> Finding {
    let subject = seen.cidr.as_str();
    let others = match &seen.others {
        Err(why) => return unseen("network", subject, why),
        Ok(others) => others,
    };
    let shares = |(_, cidrs): &&(String, Vec<String>)| cidrs.iter().any(|other| overlap(other, subject));
    let shared: Vec<&str> = others.iter().filter(shares).map(|(id, _)| id.as_str()).collect();
    if shared.is_empty() {
        return Finding::ok(
            "network",
            subject,
            "no network of the account has these addresses",
        );
    }
    let message = format!(
        "{} has some of the same addresses: the networks could never be connected",
        shared.join(", ")
    );
    Finding::new("network", subject, Level::Warning, message).fix("answer `cidr` with a free range")
}

/// Says whether two ranges have an address in common; what is no range has none.
fn overlap(one: &str, other: &str) -> bool {
    let (Some((first, last)), Some((from, to))) = (bounds(one), bounds(other)) else {
        return false;
    };
    first <= to && from <= last
}

fn bounds(cidr: &str) -> Option<(u32, u32)> {
    let (address, length) = cidr.split_once('/')?;
    let (address, length) = (
        u32::from(address.parse::<Ipv4Addr>().ok()?),
        length.parse::<u32>().ok()?,
    );
    let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
    (length <= 32).then_some((address & !hosts, address | hosts))
}

pub(super) fn network(seen: &NetworkSeen) -> Vec<Finding> {
    let subject = seen.id.as_str();
    let blocker =
        |message: &str, fix: &str| Finding::new("network", subject, Level::Blocker, message).fix(fix);
    match &seen.there {
        Err(why) => return vec![unseen("network", subject, why)],
        Ok(false) => {
            let fix = "name one of this account and region as `vpc_id`";
            return vec![blocker("there is no such network", fix)];
        }
        Ok(true) => {}
    }
    let finding = match &seen.names {
        Err(why) => unseen("network", subject, why),
        Ok((false, _)) => blocker(
            "it resolves no names, which tasks find each other, database and cache by",
            &format!("aws ec2 modify-vpc-attribute --vpc-id {subject} --enable-dns-support"),
        ),
        Ok((true, false)) if seen.endpoints => blocker(
            "its machines get no names, without which private endpoints are not found",
            &format!("aws ec2 modify-vpc-attribute --vpc-id {subject} --enable-dns-hostnames"),
        ),
        Ok(_) => Finding::ok("network", subject, "it is there, and resolves names"),
    };
    vec![finding]
}

/// Judges subnets of one kind.
pub(super) fn subnets(part: &str, seen: &SubnetsSeen) -> Vec<Finding> {
    let subject = format!("parts.{part}.options.{}", seen.role.option());
    let found = match &seen.found {
        Err(why) => return vec![unseen("subnet", &subject, why)],
        Ok(found) => found,
    };
    let blocker = |message: String| Finding::new("subnet", &subject, Level::Blocker, message);
    let is_ours = |id: &&String| found.iter().any(|it| it.id == **id && it.network == seen.network);
    let strange: Vec<&str> = seen
        .wanted
        .iter()
        .filter(|id| !is_ours(id))
        .map(String::as_str)
        .collect();
    if !strange.is_empty() {
        let message = format!("{} is not in the network {}", strange.join(", "), seen.network);
        return vec![blocker(message).fix("name subnets of that network")];
    }
    let own: Vec<&SubnetFound> = found.iter().filter(|it| seen.wanted.contains(&it.id)).collect();
    let zones: BTreeSet<&str> = own.iter().map(|it| it.zone.as_str()).collect();
    let mut findings = Vec::new();
    if zones.len() < own.len() || zones.len() < 2 {
        let message = format!("{} subnets are in {} zones", own.len(), zones.len());
        findings.push(blocker(message).fix("name two or more, each in another zone"));
    }
    findings.extend(room(&subject, seen, &own));
    findings.extend(own.iter().filter_map(|it| way_out(seen, it)));
    if findings.is_empty() {
        let zones: Vec<&str> = zones.into_iter().collect();
        findings.push(Finding::ok(
            "subnet",
            &subject,
            format!("they are in {}", zones.join(", ")),
        ));
    }
    findings
}

/// Says when there are too few free addresses.
fn room(subject: &str, seen: &SubnetsSeen, own: &[&SubnetFound]) -> Option<Finding> {
    let needed = seen.needed;
    let message = match seen.role {
        SubnetUse::Public => {
            let small = own.iter().find(|it| it.free < needed)?;
            format!(
                "{} has {} free addresses, and a load balancer takes {needed} or more",
                small.id, small.free
            )
        }
        SubnetUse::Private | SubnetUse::Isolated => {
            let free: u64 = own.iter().map(|it| it.free).sum();
            if free >= needed {
                return None;
            }
            format!("they have {free} free addresses together, and {needed} are needed")
        }
    };
    let finding = Finding::new("subnet", subject, Level::Blocker, message);
    Some(finding.fix("name larger subnets, or free addresses in these"))
}

/// Says when what is sent to the internet does not get there.
fn way_out(seen: &SubnetsSeen, subnet: &SubnetFound) -> Option<Finding> {
    let subject = subnet.id.as_str();
    let outward = match &subnet.outward {
        Err(why) => return Some(unseen("route", subject, why)),
        Ok(outward) => outward.as_deref(),
    };
    let is_internet = outward.is_some_and(|gateway| gateway.starts_with("igw-"));
    match seen.role {
        SubnetUse::Public if !is_internet => {
            let message =
                "nothing from the internet gets there: its route for 0.0.0.0/0 is to no internet gateway";
            Some(
                Finding::new("route", subject, Level::Blocker, message)
                    .fix("name public subnets, or answer `internal` with true"),
            )
        }
        SubnetUse::Private if seen.outward && (outward.is_none() || is_internet) => {
            let message = "tasks have no public addresses, and there is no NAT for 0.0.0.0/0: registries and AWS may be \
                           out of their reach";
            Some(
                Finding::new("route", subject, Level::Warning, message)
                    .fix("add a route to a NAT gateway, or answer `nat` with none"),
            )
        }
        _ => None,
    }
}

impl SubnetUse {
    /// Names the option that they are given by.
    fn option(self) -> &'static str {
        match self {
            Self::Public => "public_subnets",
            Self::Private => "private_subnets",
            Self::Isolated => "isolated_subnets",
        }
    }
}

/// Compares zones that are asked for with those that there are.
pub(super) fn zones(part: &str, wanted: &[String], found: &Looked<Vec<String>>) -> Finding {
    let subject = format!("parts.{part}.options.zones");
    let found = match found {
        Err(why) => return unseen("zones", &subject, why),
        Ok(found) => found,
    };
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|zone| !found.contains(zone))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Finding::ok("zones", &subject, format!("{} are there", wanted.join(", ")));
    }
    let message = format!("there is no {} for this account", missing.join(", "));
    Finding::new("zones", &subject, Level::Blocker, message).fix(format!("there are: {}", found.join(", ")))
}
