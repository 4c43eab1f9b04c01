//! What is asked of a value that Terraform made or reads: paths into it, and what lies at their ends.

use std::collections::BTreeMap;
use std::slice::from_ref;

use serde::Deserialize;
use serde_json::Value;

use crate::lint::exceptions::is_like;

/// Conditions by the paths of what they are about; all of them must hold.
#[derive(Debug, Default, Deserialize)]
pub struct Conditions(BTreeMap<String, Condition>);

/// What a path must lead to. Null and what is empty are not there.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum Condition {
    /// Something, and nothing that is otherwise.
    All { all: Box<Self> },
    /// Nothing for which any of these holds.
    Neither { none: Vec<Self> },
    /// Something for which one of these holds.
    Either { any: Vec<Self> },
    /// Something that meets conditions of its own.
    With { with: Conditions },
    /// A number that is neither less nor more.
    Between { least: f64, most: f64 },
    /// This very value; a text with `*` for anything; `*` alone for whatever is there; null for nothing.
    Is(Value),
}

impl Conditions {
    /// Names the first path that does not lead to what it should.
    pub fn unmet(&self, value: &Value) -> Option<&str> {
        let mut all = self.0.iter();
        all.find(|(path, condition)| !condition.holds(&reached(value, path)))
            .map(|(path, _)| path.as_str())
    }

    pub fn hold(&self, value: &Value) -> bool {
        self.unmet(value).is_none()
    }
}

impl Condition {
    pub fn holds(&self, found: &[Value]) -> bool {
        match self {
            Self::All { all } => !found.is_empty() && found.iter().all(|one| all.holds(from_ref(one))),
            Self::Neither { none } => !none.iter().any(|condition| condition.holds(found)),
            Self::Either { any } => any.iter().any(|condition| condition.holds(found)),
            Self::With { with } => found.iter().any(|one| with.hold(one)),
            Self::Between { least, most } => found
                .iter()
                .filter_map(Value::as_f64)
                .any(|number| (*least..=*most).contains(&number)),
            Self::Is(Value::Null) => found.is_empty(),
            Self::Is(Value::String(pattern)) => found.iter().any(|one| match one {
                Value::String(text) => is_like(text, pattern),
                _ => pattern == "*",
            }),
            Self::Is(value) => found.contains(value),
        }
    }
}

/// Follows a path of keys and numbers, in which `*` is every element. A text that it goes into is read as JSON, and a list
/// that it ends at as what is in it.
pub fn reached(value: &Value, path: &str) -> Vec<Value> {
    let steps: Vec<&str> = path.split('.').collect();
    let mut found = Vec::new();
    follow(value, &steps, &mut found);
    found
}

fn follow(value: &Value, steps: &[&str], found: &mut Vec<Value>) {
    let Some((step, rest)) = steps.split_first() else {
        match value {
            Value::Null => {}
            Value::String(text) if text.is_empty() => {}
            Value::Array(all) => found.extend_from_slice(all),
            _ => found.push(value.clone()),
        }
        return;
    };
    match value {
        Value::String(text) => {
            if let Ok(inner @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(text) {
                follow(&inner, steps, found);
            }
        }
        Value::Array(all) if *step == "*" => all.iter().for_each(|one| follow(one, rest, found)),
        Value::Object(all) if *step == "*" => all.values().for_each(|one| follow(one, rest, found)),
        Value::Array(all) => {
            let one = step.parse().ok().and_then(|at: usize| all.get(at));
            one.into_iter().for_each(|one| follow(one, rest, found));
        }
        Value::Object(all) => all
            .get(*step)
            .into_iter()
            .for_each(|one| follow(one, rest, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn hold(conditions: &str) -> bool {
        let value = json!({
            "on": true, "days": 30, "name": "notes-1", "no": null, "list": [],
            "rules": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}],
            "policy": r#"{"Statement":[{"Effect":"Deny","Action":["s3:Get"]}]}"#,
        });
        let conditions: Conditions = serde_yaml::from_str(conditions).unwrap();
        conditions.hold(&value)
    }

    #[test]
    fn a_condition_holds_for_what_its_path_leads_to() {
        assert!(hold("{on: true, name: 'notes-*', rules.1.value: '2'}"));
        assert!(hold("{days: {least: 7, most: 30}}") && !hold("{days: {least: 0, most: 0}}"));
        assert!(hold(
            "{policy.Statement.*: {with: {Effect: Deny, Action: 's3:*'}}}"
        ));
        assert!(!hold("{on: false}") && !hold("{name: notes}"));
    }

    #[test]
    fn what_is_null_or_empty_is_not_there() {
        assert!(hold("{no: null, list: null, other.path: null, on: '*'}"));
        assert!(!hold("{no: '*'}") && !hold("{list: '*'}") && !hold("{on: null}"));
    }

    #[test]
    fn two_things_that_are_asked_of_one_element_must_both_be_in_it() {
        assert!(hold("{rules.*: {with: {name: a, value: '1'}}}"));
        assert!(!hold("{rules.*: {with: {name: a, value: '2'}}}"));
        assert!(hold("{rules.*.name: {all: {any: [a, b]}}}") && !hold("{rules.*.name: {all: a}}"));
        assert!(hold("{rules.*.name: {none: [c]}}") && !hold("{rules.*.name: {none: [a]}}"));
    }
}
