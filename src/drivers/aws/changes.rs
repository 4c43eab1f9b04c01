//! What a plan of Terraform's says, in the form that is shown, approved and compared.
//!
//! The form of the plan: <https://developer.hashicorp.com/terraform/internals/json-format>.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::error::AccountError;
use super::observe::Observed;
use super::place::APPLICATION;
use super::stand_ins::StandIns;
use crate::oci::Digest;
use crate::plan::LayerChange;

/// What holds data that nothing brings back, by type. Of the application's secrets there is none: they are put together
/// out of others.
const HOLDS_DATA: [&str; 6] = [
    "aws_db_instance",
    "aws_elasticache_replication_group",
    "aws_kms_key",
    "aws_rds_cluster",
    "aws_s3_bucket",
    "aws_secretsmanager_secret",
];

/// A plan of Terraform's that was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned {
    /// What it does.
    pub(super) change: LayerChange,
    /// How many resources the state has before.
    pub(super) resources: usize,
    /// What the layer will give, with stand-ins for what only an apply can tell.
    pub(super) outputs: BTreeMap<String, Value>,
    /// The outputs that have stand-ins.
    pub(super) unknown: Vec<String>,
    /// The plan's own words on what is made, by address.
    pub(super) made: BTreeMap<String, Value>,
    /// And on what is taken over.
    pub(super) imported: BTreeMap<String, Value>,
    /// The ids and ARNs of what the state has.
    pub(super) known: BTreeSet<String>,
}

impl Planned {
    /// Reads a plan.
    pub(super) fn of(plan: &Value, stand_ins: &StandIns) -> Self {
        let changes: Vec<(&str, String, &Value)> = entries(plan, "resource_changes")
            .filter(|entry| text(entry, "mode") == "managed")
            .filter_map(|entry| Some((text(entry, "address"), action(entry)?, entry)))
            .collect();
        let outputs = plan.get("output_changes").and_then(Value::as_object);
        let mut planned = Self {
            resources: plan.pointer("/prior_state/values/root_module").map_or(0, count),
            ..Self::default()
        };
        let mut given = Map::new();
        for (name, output) in outputs.into_iter().flatten() {
            if actions(output) != ["no-op"] {
                given.insert(name.clone(), output.clone());
            }
            let unknown = output.get("after_unknown").unwrap_or(&Value::Null);
            let after = output.get("after").unwrap_or(&Value::Null);
            let mut is_unknown = false;
            let value = stand_ins.fill(after, unknown, name, &mut is_unknown);
            planned.outputs.insert(name.clone(), value);
            if is_unknown {
                planned.unknown.push(name.clone());
            }
        }
        for (address, action, entry) in &changes {
            let change = entry.get("change").cloned().unwrap_or_default();
            match action.as_str() {
                "create" => drop(planned.made.insert((*address).to_owned(), change)),
                _ if is_taken(&change) => drop(planned.imported.insert((*address).to_owned(), change)),
                _ => {}
            }
        }
        planned.known = entries(plan, "resource_changes").flat_map(ids).collect();
        planned.change.resources = changes
            .iter()
            .map(|(address, action, _)| ((*address).to_owned(), action.clone()))
            .collect();
        if !changes.is_empty() || !given.is_empty() {
            let changes: Vec<Value> = changes
                .iter()
                .map(|(address, _, entry)| json!([address, entry.get("change")]))
                .collect();
            planned.change.digest = Some(digest(&json!([changes, given])));
        }
        planned
    }
}

/// Refuses to bring anything in line where that would remove data. Who removes or only looks is not held up by it.
///
/// # Errors
/// [`AccountError::LosesData`] with what would go.
pub fn loses_nothing(observed: &Observed) -> Result<(), AccountError> {
    let mut layers = observed.layers.iter();
    layers.try_for_each(|(layer, seen)| keeps_data(layer, &seen.change))
}

/// Refuses what removes data.
pub(super) fn keeps_data(layer: &str, change: &LayerChange) -> Result<(), AccountError> {
    if layer == APPLICATION {
        return Ok(());
    }
    let lost = change.resources.iter().filter(|(address, action)| {
        ["delete", "replace"].contains(&action.as_str()) && HOLDS_DATA.contains(&kind(address))
    });
    let resources: Vec<String> = lost.map(|(address, _)| address.clone()).collect();
    match resources.is_empty() {
        true => Ok(()),
        false => Err(AccountError::LosesData { resources }),
    }
}

/// Refuses what nobody approved.
///
/// What was approved and is done already may be missing; what was made by half may be changed or made anew.
pub(super) fn is_approved(
    layer: &str,
    now: &LayerChange,
    approved: Option<&LayerChange>,
    changes_in_place: bool,
) -> Result<(), AccountError> {
    let allowed = |(address, action): &(&String, &String)| {
        let known = approved.and_then(|approved| approved.resources.get(*address));
        let begun = known.is_some_and(|known| {
            let ways: &[&str] = match known.as_str() {
                "create" => &["create", "update", "replace", "import"],
                "replace" => &["replace", "create", "update", "delete"],
                "import" => &["import", "update"],
                "update" => &["update"],
                _ => &["delete"],
            };
            ways.contains(&action.as_str())
        });
        begun || (changes_in_place && action.as_str() == "update")
    };
    let more = now.resources.iter().filter(|entry| !allowed(entry));
    let more: Vec<String> = more
        .map(|(address, action)| format!("{action} {address}"))
        .collect();
    match more.is_empty() {
        true => Ok(()),
        false => Err(AccountError::NotApproved {
            layer: layer.to_owned(),
            more,
        }),
    }
}

/// Returns the type of the resource at an address, such as `aws_vpc` of `module.network.aws_vpc.this[0]`.
pub(super) fn kind(address: &str) -> &str {
    let pieces: Vec<&str> = address.split('.').collect();
    let from = pieces.iter().rposition(|piece| piece.starts_with("aws_"));
    from.and_then(|index| pieces.get(index).copied())
        .unwrap_or_default()
}

/// Names what is done to a resource; none where that is nothing.
fn action(entry: &Value) -> Option<String> {
    let change = entry.get("change")?;
    let done = match actions(change).as_slice() {
        ["no-op"] | ["read"] if is_taken(change) => "import",
        ["no-op"] | ["read"] => return None,
        [one] => one,
        _ => "replace",
    };
    Some(done.to_owned())
}

/// Says whether something is taken over that the state has not.
fn is_taken(change: &Value) -> bool {
    change.get("importing").is_some_and(|it| !it.is_null())
}

/// Returns the ids by which what the state has is known; what is taken over is not in it yet.
fn ids(entry: &Value) -> Vec<String> {
    let Some(change) = entry.get("change").filter(|change| !is_taken(change)) else {
        return Vec::new();
    };
    let before = change.get("before");
    let id = |name| before?.get(name)?.as_str().map(str::to_owned);
    ["id", "arn"].into_iter().filter_map(id).collect()
}

fn actions(change: &Value) -> Vec<&str> {
    let actions = change.get("actions").and_then(Value::as_array);
    actions.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn entries<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Counts the resources of a module and those below it.
fn count(module: &Value) -> usize {
    let own = entries(module, "resources").filter(|entry| text(entry, "mode") == "managed");
    own.count() + entries(module, "child_modules").map(count).sum::<usize>()
}

fn digest(value: &Value) -> Digest {
    Digest::of(value.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Value {
        json!({
            "prior_state": { "values": { "root_module": { "child_modules": [{ "resources": [
                { "mode": "managed" }, { "mode": "data" }] }] } } },
            "resource_changes": [
                { "address": "module.a.aws_kms_key.this", "mode": "managed", "change": { "actions": ["no-op"] } },
                { "address": "module.a.data.aws_region.this", "mode": "data", "change": { "actions": ["read"] } },
                { "address": "module.b.aws_rds_cluster.this[\"1\"]", "mode": "managed",
                  "change": { "actions": ["delete", "create"], "after": { "a": 1 } } },
            ],
            "output_changes": {
                "for_data": { "actions": ["create"], "after": { "foundation": { "log_bucket": "b" } },
                              "after_unknown": { "foundation": { "vpc_id": true } } },
                "known": { "actions": ["no-op"], "after": 1, "after_unknown": false },
            },
        })
    }

    fn stand_ins() -> StandIns {
        StandIns::new("eu-west-1", "123456789012")
    }

    #[test]
    fn what_is_done_is_read_and_what_is_unknown_stands_in() {
        let planned = Planned::of(&plan(), &stand_ins());
        assert_eq!(planned.resources, 1);
        assert_eq!(planned.change.counted(), "1 to replace");
        assert_eq!(planned.unknown, ["for_data"]);
        assert_eq!(planned.outputs["for_data"]["foundation"]["log_bucket"], "b");
        let id = planned.outputs["for_data"]["foundation"]["vpc_id"].as_str();
        assert!(id.unwrap().starts_with("vpc-"));
        assert_eq!(planned.outputs["known"], 1);
    }

    #[test]
    fn another_value_is_another_plan_and_no_other_preview() {
        let other = plan().to_string().replace("\"a\":1", "\"a\":2");
        let other: Value = serde_json::from_str(&other).unwrap();
        let [one, two] = [plan(), other].map(|plan| Planned::of(&plan, &stand_ins()));
        assert_ne!(one.change.digest, two.change.digest);
        assert_eq!(one.change.into_preview(), two.change.into_preview());
    }

    #[test]
    fn data_is_not_removed_and_nothing_is_done_that_nobody_approved() {
        let change = Planned::of(&plan(), &stand_ins()).change;
        let error = keeps_data("data", &change).unwrap_err().to_string();
        assert!(error.contains("module.b.aws_rds_cluster.this"), "{error}");
        keeps_data(APPLICATION, &change).unwrap();
        is_approved("data", &change, Some(&change), false).unwrap();
        is_approved("data", &LayerChange::default(), Some(&change), false).unwrap();
        let error = is_approved("data", &change, None, true).unwrap_err().to_string();
        assert!(error.contains("replace module.b.aws_rds_cluster"), "{error}");
    }

    #[test]
    fn what_was_made_by_half_may_be_finished_and_no_more() {
        let of = |action: &str| LayerChange {
            resources: BTreeMap::from([("aws_vpc.this".to_owned(), action.to_owned())]),
            ..LayerChange::default()
        };
        for then in ["create", "update", "replace"] {
            is_approved("data", &of(then), Some(&of("create")), false).unwrap();
        }
        assert!(is_approved("data", &of("delete"), Some(&of("create")), false).is_err());
        assert!(is_approved("data", &of("replace"), Some(&of("update")), false).is_err());
        is_approved("data", &of("update"), None, true).unwrap();
    }
}
