//! The ranking of modes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::entry;
use landfall::wizard::{Ranked, rank};

fn best(facts: &[(&str, Value)], tier: &str) -> Ranked {
    let facts: BTreeMap<String, Value> = facts
        .iter()
        .map(|(key, value)| ((*key).to_owned(), value.clone()))
        .collect();
    rank(entry("flowguard").product(), &facts, Some(tier)).remove(0)
}

#[test]
fn flowguards_table_ranks_first_what_the_page_names() {
    let rows: [(&str, Value, &str); 9] = [
        ("reachability", "public".into(), "our_cloud"),
        ("cloud_in_use", "aws".into(), "your_cloud/aws"),
        ("cloud_in_use", "azure".into(), "your_cloud/azure"),
        ("staging_locked", true.into(), "your_cloud/aws"),
        (
            "deployment_standard",
            "kubernetes".into(),
            "kubernetes/kubernetes",
        ),
        ("residency", "eu".into(), "our_cloud"),
        ("data_leaves_network", false.into(), "firewall/host"),
        ("own_ai", "bedrock".into(), "firewall/host"),
        ("lowest_setup", true.into(), "our_cloud"),
    ];
    for (fact, value, expected) in rows {
        let first = best(&[(fact, value)], "enterprise");
        assert_eq!(first.name(), expected, "{fact}: {first:?}");
        assert!(!first.reasons.is_empty());
    }
    let residency = best(&[("residency", "eu".into())], "pro");
    assert_eq!(residency.region.as_deref(), Some("westeurope"));
}

#[test]
fn a_candidate_closed_to_the_tier_comes_last_with_the_reason() {
    let facts = BTreeMap::from([("deployment_standard".to_owned(), Value::from("kubernetes"))]);
    let all = rank(entry("flowguard").product(), &facts, Some("business"));
    let closed: Vec<&Ranked> = all.iter().skip_while(|ranked| ranked.open).collect();
    assert!(closed.iter().all(|ranked| !ranked.open));
    assert_eq!(closed[0].mode, "kubernetes");
    assert_eq!(
        closed[0].closed_because.as_deref(),
        Some("FlowGuard offers it on Enterprise only; the tier here is Business")
    );
}

#[test]
fn a_region_closed_to_the_tier_is_not_proposed() {
    let facts = [("residency", Value::from("uk"))];
    assert_eq!(best(&facts, "pro").region, None);
    assert_eq!(best(&facts, "enterprise").region.as_deref(), Some("uksouth"));
}

#[test]
fn every_mode_that_stands_alone_is_ranked_on_each_of_its_targets() {
    let all = rank(entry("flowguard").product(), &BTreeMap::new(), None);
    let names: Vec<String> = all.iter().map(Ranked::name).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("agent")));
}
