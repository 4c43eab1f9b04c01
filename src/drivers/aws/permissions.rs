//! What whoever applies a part has to be allowed: policies of IAM, made of what the layers make.
//!
//! `templates/aws/permissions.yaml` says it for each type of resource. Statements that differ in their actions alone are put
//! together, and what is too long for one policy is parted into several.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::place::{Place, Vpc};
use super::render::{Made, When, made};
use crate::aws::Question;
use crate::deployment::{Deployment, Part};
use crate::render::RenderError;

/// What types of resources take.
const RIGHTS: &str = include_str!("../../../templates/aws/permissions.yaml");
/// How many characters a managed policy may have, without white space.
pub const LARGEST_POLICY: usize = 6144;

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rights {
    conditions: BTreeMap<String, Value>,
    always: Vec<Right>,
    state: Vec<Right>,
    calls: Vec<Right>,
    types: BTreeMap<String, Vec<Right>>,
}

/// One statement of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Right {
    actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    given: Option<String>,
    #[serde(default)]
    when: Option<When>,
}

/// A policy of IAM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    statement: Vec<Statement>,
}

/// A statement of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: &'static str,
    action: Vec<String>,
    resource: Vec<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    condition: Map<String, Value>,
}

impl Document {
    fn of(statement: Vec<Statement>) -> Self {
        Self {
            version: "2012-10-17",
            statement,
        }
    }

    /// Counts its characters as IAM does.
    pub fn len(&self) -> usize {
        let text = serde_json::to_string(self).unwrap_or_default();
        text.chars().filter(|letter| !letter.is_whitespace()).count()
    }

    /// Asks for each of its statements whether it holds.
    pub(super) fn questions(&self) -> impl Iterator<Item = Question> {
        self.statement.iter().map(Statement::question)
    }

    /// Says whether it allows nothing.
    pub fn is_empty(&self) -> bool {
        self.statement.is_empty()
    }
}

impl Statement {
    /// Asks whether it holds under the circumstances that its own condition names.
    fn question(&self) -> Question {
        let mut context = Vec::new();
        for (operator, keys) in &self.condition {
            for (key, wanted) in keys.as_object().into_iter().flatten() {
                let (kind, values) = match (operator.as_str(), wanted) {
                    // What must be missing is not given; what must be there is, whatever it says.
                    ("Null", wanted) if wanted == "true" => continue,
                    ("Null", _) => ("string", vec!["given".to_owned()]),
                    ("Bool", wanted) => ("boolean", texts(wanted)),
                    // One of those that it may be.
                    (_, wanted) => ("string", texts(wanted).into_iter().take(1).collect()),
                };
                context.push((key.clone(), kind, values));
            }
        }
        Question {
            actions: self.action.clone(),
            resources: self.resource.clone(),
            context,
        }
    }
}

/// Gives a text, or those of a list.
fn texts(value: &Value) -> Vec<String> {
    let all = value
        .as_array()
        .map_or(std::slice::from_ref(value), Vec::as_slice);
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Lists the policies that whoever applies a part needs all of.
///
/// # Errors
/// As [`super::render()`].
pub fn permissions(deployment: &Deployment, part: &Part) -> Result<Vec<Document>, RenderError> {
    let fail = |message: String| RenderError::Template {
        template: "aws/permissions.yaml".to_owned(),
        message,
    };
    let rights: Rights = serde_yaml::from_str(RIGHTS).map_err(|error| fail(error.to_string()))?;
    let made = made(deployment, part)?;
    let names = names(&Place::of(deployment, part)?, part, &made);
    let types = made.layers.values().flatten().collect::<BTreeSet<_>>();
    let mut asked: Vec<&Right> = [&rights.always, &rights.state, &rights.calls]
        .into_iter()
        .flatten()
        .collect();
    for type_ in types {
        let of_type = rights.types.get(type_);
        asked.extend(of_type.ok_or_else(|| fail(format!("nothing is said of {type_}")))?);
    }
    let mut merged: BTreeMap<(String, Vec<String>), Statement> = BTreeMap::new();
    for right in asked
        .into_iter()
        .filter(|right| right.when.is_none_or(|when| made.holding.contains(&when)))
    {
        let condition = match &right.given {
            None => Map::new(),
            Some(name) => {
                let condition = rights.conditions.get(name);
                filled(
                    condition.ok_or_else(|| fail(format!("there is no condition {name}")))?,
                    &names,
                )
            }
        };
        if let Some(resource) = resources(right, &names) {
            let key = (Value::from(condition.clone()).to_string(), resource.clone());
            let statement = merged.entry(key).or_insert_with(|| Statement {
                effect: "Allow",
                action: Vec::new(),
                resource,
                condition,
            });
            statement.action.extend(right.actions.iter().cloned());
        }
    }
    Ok(parted(merged.into_values().map(sorted).collect()))
}

fn sorted(mut statement: Statement) -> Statement {
    statement.action.sort_unstable();
    statement.action.dedup();
    statement
}

/// What braces in the file stand for; what a deployment has not is not there.
fn names(place: &Place, part: &Part, made: &Made) -> BTreeMap<&'static str, String> {
    let options = &place.options;
    let partition = match options.region.split('-').next() {
        Some("cn") => "aws-cn",
        _ if options.region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    };
    let named = [
        ("account", Some(options.account.clone())),
        ("boundary", options.permissions_boundary.clone()),
        ("certificate", options.certificate_arn.clone()),
        ("credentials", options.registry_credentials.clone()),
        ("name", Some(place.name.clone())),
        ("objects", made.bucket.clone()),
        ("part", Some(part.name.clone())),
        ("partition", Some(partition.to_owned())),
        ("region", Some(options.region.clone())),
        ("state", place.state_bucket()),
        (
            "vpc",
            options.vpc_id.clone().filter(|_| options.vpc == Vpc::Existing),
        ),
        ("zone", options.zone_id.clone()),
    ];
    named
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// Puts names into a text; none when one of them is not there.
fn fill(text: &str, names: &BTreeMap<&'static str, String>) -> Option<String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(names.get(name)?);
        rest = after;
    }
    Some(filled + rest)
}

/// Gives the ARNs that a right is about; none when it is only about what a deployment has not.
fn resources(right: &Right, names: &BTreeMap<&'static str, String>) -> Option<Vec<String>> {
    if right.resources.is_empty() {
        return Some(vec!["*".to_owned()]);
    }
    let whole = |short: &String| match short.split_once(':') {
        Some((service, resource)) if service != "arn" => {
            format!("arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}")
        }
        _ => short.clone(),
    };
    let filled = right
        .resources
        .iter()
        .filter_map(|short| fill(&whole(short), names));
    let found: BTreeSet<String> = filled.collect();
    (!found.is_empty()).then(|| found.into_iter().collect())
}

/// Fills a condition, less what it says of something that a deployment has not.
fn filled(condition: &Value, names: &BTreeMap<&'static str, String>) -> Map<String, Value> {
    let mut filled = Map::new();
    for (operator, keys) in condition.as_object().into_iter().flatten() {
        let one = |value: &Value| match value {
            Value::Array(values) => values
                .iter()
                .map(|value| fill(value.as_str()?, names))
                .collect::<Option<Vec<_>>>()
                .map(Value::from),
            value => fill(value.as_str()?, names).map(Value::from),
        };
        let keys = keys.as_object().into_iter().flatten();
        let keys: Map<String, Value> = keys
            .filter_map(|(key, value)| Some((key.clone(), one(value)?)))
            .collect();
        if !keys.is_empty() {
            filled.insert(operator.clone(), keys.into());
        }
    }
    filled
}

/// Parts statements into as few policies as they fit in, in their order.
fn parted(statements: Vec<Statement>) -> Vec<Document> {
    let mut documents = vec![Document::of(Vec::new())];
    for statement in statements.into_iter().flat_map(halved) {
        let Some(last) = documents.last_mut() else { break };
        last.statement.push(statement);
        if last.len() > LARGEST_POLICY && last.statement.len() > 1 {
            let statement = last.statement.pop();
            documents.push(Document::of(statement.into_iter().collect()));
        }
    }
    documents
}

/// Parts a statement that is too long for a policy of its own.
fn halved(mut statement: Statement) -> Vec<Statement> {
    let is_too_long = Document::of(vec![statement.clone()]).len() > LARGEST_POLICY;
    if !is_too_long || statement.action.len() < 2 {
        return vec![statement];
    }
    let mut second = statement.clone();
    second.action = statement.action.split_off(statement.action.len() / 2);
    [statement, second].into_iter().flat_map(halved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(actions: usize, resource: &str) -> Statement {
        Statement {
            effect: "Allow",
            action: (0..actions)
                .map(|number| format!("service:Action{number:04}"))
                .collect(),
            resource: vec![resource.to_owned()],
            condition: Map::new(),
        }
    }

    #[test]
    fn nothing_is_lost_when_policies_are_parted_and_each_fits() {
        let all = vec![statement(900, "a"), statement(100, "b"), statement(100, "c")];
        let parted = parted(all);
        assert!(parted.len() > 3, "{}", parted.len());
        let mut counted: BTreeMap<String, usize> = BTreeMap::new();
        for document in &parted {
            assert!(document.len() <= LARGEST_POLICY, "{}", document.len());
            for statement in &document.statement {
                *counted.entry(statement.resource[0].clone()).or_default() += statement.action.len();
            }
        }
        assert_eq!(counted.into_values().collect::<Vec<_>>(), [900, 100, 100]);
    }

    #[test]
    fn what_a_deployment_has_not_is_left_out() {
        let names = BTreeMap::from([("name", "notes".to_owned()), ("partition", "aws".to_owned())]);
        assert_eq!(
            fill("arn:{partition}:s3:::{name}-*", &names).unwrap(),
            "arn:aws:s3:::notes-*"
        );
        assert_eq!(fill("{objects}", &names), None);
        let condition =
            serde_json::json!({ "StringEquals": { "a": "{boundary}" }, "ArnLike": { "b": ["{name}", "x"] } });
        let wanted = serde_json::json!({ "ArnLike": { "b": ["notes", "x"] } });
        assert_eq!(Value::from(filled(&condition, &names)), wanted);
    }

    #[test]
    fn a_statement_is_asked_about_where_its_condition_holds() {
        let condition = serde_json::json!({
            "StringEquals": { "aws:RequestTag/installation": "notes", "iam:AWSServiceName": ["a", "b"] },
            "Null": { "ec2:CreateAction": "false", "aws:ResourceTag/installation": "true" },
            "Bool": { "kms:GrantIsForAWSResource": "true" },
        });
        let statement = Statement {
            condition: condition.as_object().unwrap().clone(),
            ..statement(2, "arn:aws:ec2:::x")
        };
        let mut question = statement.question();
        question.context.sort_unstable();
        assert_eq!(question.actions, ["service:Action0000", "service:Action0001"]);
        assert_eq!(question.resources, ["arn:aws:ec2:::x"]);
        let entry = |key: &str, kind, value: &str| (key.to_owned(), kind, vec![value.to_owned()]);
        assert_eq!(
            question.context,
            [
                entry("aws:RequestTag/installation", "string", "notes"),
                entry("ec2:CreateAction", "string", "given"),
                entry("iam:AWSServiceName", "string", "a"),
                entry("kms:GrantIsForAWSResource", "boolean", "true"),
            ]
        );
    }

    #[test]
    fn every_condition_is_used_and_there() {
        let rights: Rights = serde_yaml::from_str(RIGHTS).unwrap();
        let types = rights.types.values().flatten();
        let all = types
            .chain(&rights.always)
            .chain(&rights.state)
            .chain(&rights.calls);
        let used: BTreeSet<&String> = all.filter_map(|right| right.given.as_ref()).collect();
        assert_eq!(used, rights.conditions.keys().collect());
    }
}
