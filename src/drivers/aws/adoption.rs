//! Taking over what was made and did not get into a state.
//!
//! Terraform tells what it made before it writes its state down: who is killed between the two leaves something there that the
//! next run would make once more, or stumble over. `templates/aws/adoption.yaml` says by which id each type is taken over.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::changes::Planned;
use super::error::AccountError;
use crate::aws::Tagged;
use crate::tools::ToolError;

const WAYS: &str = include_str!("../../../templates/aws/adoption.yaml");
/// The tag whose value differs between things of one installation.
const NAME: &str = "Name";

/// How a type of resource is taken over.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Way {
    /// How the ARNs begin of what is found by its tags: the service, and what follows the account.
    #[serde(default)]
    arn: Option<String>,
    /// What `import` wants, as a pattern.
    #[serde(default)]
    id: Option<String>,
    /// Whether its ARN ends with its name, which tells apart what has the same tags.
    #[serde(default)]
    named: bool,
    /// Whether it can just as well be made again.
    #[serde(default)]
    again: bool,
}

/// What is taken over in a layer.
#[derive(Debug)]
pub(super) struct Adoption {
    ways: BTreeMap<String, Way>,
    /// What an earlier run's Terraform told that it made, by address.
    told: BTreeMap<String, String>,
    /// What has the installation's tags.
    tagged: Vec<Tagged>,
    /// What is in the way of what is to be made.
    in_the_way: BTreeSet<String>,
    /// What is not there any more, though its tags may be.
    gone: BTreeSet<String>,
    /// The id of what Terraform is asked to take over, by address.
    pub(super) taken: BTreeMap<String, String>,
}

impl Adoption {
    /// Begins with what an earlier run's Terraform told, and with what has the installation's tags.
    pub(super) fn new(told: BTreeMap<String, String>, tagged: Vec<Tagged>) -> Result<Self, AccountError> {
        let ways = serde_yaml::from_str(WAYS)
            .map_err(|error| AccountError::strange(format!("aws/adoption.yaml: {error}")))?;
        Ok(Self {
            ways,
            told,
            tagged,
            in_the_way: BTreeSet::new(),
            gone: BTreeSet::new(),
            taken: BTreeMap::new(),
        })
    }

    /// Says whether there is nothing that could be taken over.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty() && self.tagged.is_empty()
    }

    /// Counts in what AWS said is there already, and what has the installation's tags now.
    ///
    /// Says whether that can change anything.
    pub(super) fn stumbled(&mut self, over: Vec<String>, tagged: Vec<Tagged>) -> bool {
        self.tagged = tagged;
        let before = self.in_the_way.len();
        self.in_the_way.extend(over);
        self.in_the_way.len() > before
    }

    /// Finds what is there of what a plan would make, and takes it over from now on; returns what is new.
    ///
    /// # Errors
    /// When its tags do not say which one it is.
    pub(super) fn find(&mut self, planned: &Planned) -> Result<Vec<(String, String)>, AccountError> {
        let mut found = BTreeMap::new();
        // What Terraform told is sure, and no longer free for others.
        for by_tags in [false, true] {
            for (address, change) in &planned.made {
                let Some(way) = self.ways.get(super::changes::kind(address)) else {
                    continue;
                };
                if way.again || self.taken.contains_key(address) || self.gone.contains(address) {
                    continue;
                }
                let after = change.get("after").unwrap_or(&Value::Null);
                let known = match by_tags {
                    false => self.told.get(address).map(String::as_str),
                    true => self.tagged_as(way, after, planned, address)?,
                };
                let by_name = (by_tags && self.in_the_way.contains(address)).then_some("");
                if let Some(id) = known.or(by_name).and_then(|known| way.id_of(after, known)) {
                    self.taken.insert(address.clone(), id.clone());
                    found.insert(address.clone(), id);
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// Finds the one ARN of a type that has exactly the tags that a plan would give, and that the state does not know.
    fn tagged_as(
        &self,
        way: &Way,
        after: &Value,
        planned: &Planned,
        address: &str,
    ) -> Result<Option<&str>, AccountError> {
        let (Some(_), Some(tags)) = (&way.arn, after.get("tags_all").and_then(Value::as_object)) else {
            return Ok(None);
        };
        let is_it = |tagged: &&Tagged| {
            let same =
                |(key, value): (&String, &String)| tags.get(key).and_then(Value::as_str) == Some(value);
            tagged.tags.len() == tags.len() && tagged.tags.iter().all(same)
        };
        let name = after.get("name").and_then(Value::as_str);
        let is_named = |tagged: &&Tagged| {
            let last = tagged.arn.rsplit('/').next();
            !way.named || name.is_some_and(|name| last == Some(name))
        };
        let is_free = |tagged: &&Tagged| {
            let known = |id: &str| planned.known.contains(id) || self.taken.values().any(|taken| taken == id);
            way.rest(&tagged.arn)
                .is_some_and(|rest| !known(&tagged.arn) && !known(rest))
        };
        let alike = self.tagged.iter().filter(is_it).filter(is_named);
        let found: Vec<&Tagged> = alike.filter(is_free).collect();
        match found.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some(&one.arn)),
            more => Err(AccountError::strange(format!(
                "{address}: an earlier run made it, and {} have its tags: remove all but one, or `terraform import` one, and go on",
                more.iter()
                    .map(|it| it.arn.as_str())
                    .collect::<Vec<_>>()
                    .join(" and "),
            ))),
        }
    }

    /// Gives up what Terraform says is not there; says whether there was any.
    pub(super) fn give_up(&mut self, failed: &AccountError) -> bool {
        let AccountError::Tool { source, .. } = failed else {
            return false;
        };
        let ToolError::Failed { said, .. } = source.as_ref() else {
            return false;
        };
        let is_named = |address: &String| {
            let mut said = said.0.iter();
            said.any(|line| {
                line.contains("Cannot import non-existent remote object") && line.contains(&**address)
            })
        };
        let gone: Vec<String> = self.taken.keys().filter(|it| is_named(it)).cloned().collect();
        self.taken.retain(|address, _| !gone.contains(address));
        let is_any = !gone.is_empty();
        self.gone.extend(gone);
        is_any
    }

    /// Refuses to take over what somebody else made.
    ///
    /// What has no tags is ours when it is exactly as it would be made.
    pub(super) fn are_ours(&self, planned: &Planned) -> Result<(), AccountError> {
        let mut others = Vec::new();
        for (address, change) in planned
            .imported
            .iter()
            .filter(|(it, _)| self.taken.contains_key(*it))
        {
            let tags = |when: &str| change.get(when)?.get("tags_all")?.as_object().cloned();
            let is_ours = match tags("after") {
                Some(wanted) => {
                    let has = tags("before").unwrap_or_default();
                    let mut common = wanted.iter().filter(|(key, _)| *key != NAME);
                    common.all(|(key, value)| has.get(key) == Some(value))
                }
                None => change.get("before") == change.get("after"),
            };
            if !is_ours {
                others.push(format!("{address} ({})", self.taken[address]));
            }
        }
        match others.is_empty() {
            true => Ok(()),
            false => Err(AccountError::Occupied { others }),
        }
    }
}

impl Way {
    /// Returns what follows the beginning that the ARNs of this type have.
    fn rest<'a>(&self, arn: &'a str) -> Option<&'a str> {
        let (service, begin) = self.arn.as_deref()?.split_once(':')?;
        let mut pieces = arn.splitn(6, ':');
        let is_it = pieces.next() == Some("arn") && pieces.nth(1) == Some(service);
        let rest = pieces.nth(2).filter(|_| is_it)?;
        rest.strip_prefix(begin)
    }

    /// Returns what `import` wants of something that has an ARN, or an id that Terraform told; none where that cannot be told.
    fn id_of(&self, after: &Value, known: &str) -> Option<String> {
        let rest = self.rest(known);
        let Some(pattern) = &self.id else {
            let id = rest.unwrap_or(known);
            return (!id.is_empty()).then(|| id.to_owned());
        };
        let rest = rest.unwrap_or_default();
        let mut id = String::new();
        let mut pieces = pattern.split(['{', '}']);
        // Text and names take turns.
        while let Some(text) = pieces.next() {
            id.push_str(text);
            let Some(name) = pieces.next() else { break };
            let part = match name.split_once('.') {
                _ if name == "told" => known,
                _ if name == "arn" => known,
                _ if name == "rest" => rest,
                Some(("rest", index)) => rest.split('/').nth(index.parse().ok()?)?,
                _ => after.get(name)?.as_str()?,
            };
            id.push_str(Some(part).filter(|part| !part.is_empty())?);
        }
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(address: &str, after: Value) -> Planned {
        Planned {
            made: BTreeMap::from([(address.to_owned(), json!({ "after": after }))]),
            ..Planned::default()
        }
    }

    fn tagged(arn: &str, name: &str) -> Tagged {
        let tags = [("installation", "shop"), ("Name", name)];
        Tagged {
            arn: arn.to_owned(),
            tags: tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        }
    }

    fn found(adoption: &mut Adoption, planned: &Planned) -> Vec<String> {
        let found = adoption.find(planned).unwrap();
        found.into_iter().map(|(_, id)| id).collect()
    }

    const VPC: &str = "arn:aws:ec2:eu-west-1:123456789012:vpc/vpc-1";

    #[test]
    fn what_has_all_the_tags_is_it_unless_the_state_knows_it() {
        let plan = planned(
            "aws_vpc.this",
            json!({ "tags_all": { "installation": "shop", "Name": "one" } }),
        );
        let new = |tagged| Adoption::new(BTreeMap::new(), tagged).unwrap();
        assert_eq!(found(&mut new(vec![tagged(VPC, "one")]), &plan), ["vpc-1"]);
        assert!(found(&mut new(vec![tagged(VPC, "two")]), &plan).is_empty());
        let subnet = VPC.replace("vpc/", "subnet/");
        assert!(found(&mut new(vec![tagged(&subnet, "one")]), &plan).is_empty());
        let mut known = plan.clone();
        known.known.insert("vpc-1".to_owned());
        assert!(found(&mut new(vec![tagged(VPC, "one")]), &known).is_empty());
        let twice = new(vec![
            tagged(VPC, "one"),
            tagged(&VPC.replace("vpc-1", "vpc-2"), "one"),
        ])
        .find(&plan);
        assert!(twice.unwrap_err().to_string().contains("vpc-2"));
    }

    #[test]
    fn what_terraform_told_comes_before_tags_and_names_tell_alike_things_apart() {
        let service = |name: &str| format!("arn:aws:ecs:eu-west-1:123456789012:service/shop/{name}");
        let alike = |name: &str| Tagged {
            arn: service(name),
            tags: BTreeMap::from([("installation".to_owned(), "shop".to_owned())]),
        };
        let after = |name: &str| json!({ "after": { "name": name, "tags_all": { "installation": "shop" } } });
        let address = |name: &str| format!("module.service[\"{name}\"].aws_ecs_service.this");
        let plan = Planned {
            made: ["api", "web", "worker"]
                .map(|name| (address(name), after(name)))
                .into(),
            ..Planned::default()
        };
        let told = BTreeMap::from([(address("worker"), service("worker"))]);
        let mut adoption = Adoption::new(told, vec![alike("web"), alike("worker")]).unwrap();
        assert_eq!(found(&mut adoption, &plan), ["shop/web", "shop/worker"]);
        assert!(!adoption.taken.contains_key(&address("api")));
    }

    #[test]
    fn ids_are_put_together_as_import_wants_them() {
        let told = |address: &str, id: &str| BTreeMap::from([(address.to_owned(), id.to_owned())]);
        for (address, after, id, wanted) in [
            (
                "aws_route.a",
                json!({ "route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0" }),
                "r-1",
                "rtb-1_0.0.0.0/0",
            ),
            ("aws_backup_selection.a", json!({ "plan_id": "p" }), "s", "p|s"),
            ("aws_subnet.a", json!({}), "subnet-1", "subnet-1"),
            (
                "aws_lb.a",
                json!({}),
                "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1",
                "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/a/1",
            ),
            (
                "aws_wafv2_web_acl.a",
                json!({}),
                "arn:aws:wafv2:r:1:regional/webacl/name/id",
                "id/name/REGIONAL",
            ),
        ] {
            let mut adoption = Adoption::new(told(address, id), Vec::new()).unwrap();
            assert_eq!(
                found(&mut adoption, &planned(address, after)),
                [wanted],
                "{address}"
            );
        }
        let mut again = Adoption::new(told("aws_iam_role_policy.a", "x"), Vec::new()).unwrap();
        assert!(found(&mut again, &planned("aws_iam_role_policy.a", json!({}))).is_empty());
    }

    #[test]
    fn what_is_in_the_way_is_found_by_its_name_and_counts_once() {
        let plan = planned("module.a.aws_iam_role.this[\"b\"]", json!({ "name": "shop-b" }));
        let mut adoption = Adoption::new(BTreeMap::new(), Vec::new()).unwrap();
        assert!(found(&mut adoption, &plan).is_empty());
        let address: Vec<String> = plan.made.keys().cloned().collect();
        assert!(adoption.stumbled(address.clone(), Vec::new()));
        assert_eq!(found(&mut adoption, &plan), ["shop-b"]);
        assert!(!adoption.stumbled(address, Vec::new()));
    }

    #[test]
    fn what_somebody_else_made_is_not_taken_over() {
        let address = "aws_iam_role.this".to_owned();
        let mut adoption = Adoption::new(BTreeMap::new(), Vec::new()).unwrap();
        adoption.taken.insert(address.clone(), "shop-b".to_owned());
        let with = |before: Value, after: Value| {
            let imported = BTreeMap::from([(address.clone(), json!({ "before": before, "after": after }))]);
            adoption.are_ours(&Planned {
                imported,
                ..Planned::default()
            })
        };
        let ours = json!({ "tags_all": { "installation": "shop", "Name": "a" } });
        with(
            json!({ "tags_all": { "installation": "shop", "x": "y" } }),
            ours.clone(),
        )
        .unwrap();
        with(json!({ "a": 1 }), json!({ "a": 1 })).unwrap();
        assert!(with(json!({ "tags_all": {} }), ours.clone()).is_err());
        assert!(with(json!({ "a": 2 }), json!({ "a": 1 })).is_err());
        let error = with(json!({ "tags_all": { "installation": "other" } }), ours).unwrap_err();
        assert!(
            error.to_string().contains("aws_iam_role.this (shop-b)"),
            "{error}"
        );
    }

    #[test]
    fn what_is_gone_is_made_anew() {
        let mut adoption = Adoption::new(BTreeMap::new(), Vec::new()).unwrap();
        adoption
            .taken
            .insert("aws_kms_key.this".to_owned(), "1".to_owned());
        let failed = |line: &str| {
            AccountError::tool("plan")(ToolError::Failed {
                doing: "planning".to_owned(),
                program: "terraform".to_owned(),
                status: "1".to_owned(),
                code: Some(1),
                said: crate::tools::Said(vec![line.to_owned()]),
            })
        };
        assert!(!adoption.give_up(&failed("no credentials for aws_kms_key.this")));
        assert!(adoption.give_up(&failed(
            "Cannot import non-existent remote object: While attempting to import an existing object to \"aws_kms_key.this\", ..."
        )));
        assert!(adoption.taken.is_empty());
    }
}
