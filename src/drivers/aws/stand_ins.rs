//! What stands in for values that only an apply can tell, so that the layers above can be planned before.

use serde_json::{Map, Value};

/// By path of the output; of those that fit, the longest counts. A star stands for anything.
static TABLE: &str = include_str!("stand-ins.json");

/// Values that AWS could have given, for one account and region.
#[derive(Debug, Clone)]
pub(super) struct StandIns(Vec<(String, Value)>);

impl StandIns {
    pub(super) fn new(region: &str, account: &str) -> Self {
        let text = TABLE.replace("{region}", region).replace("{account}", account);
        let table: Map<String, Value> = serde_json::from_str(&text).unwrap_or_default();
        Self(table.into_iter().collect())
    }

    /// Puts stand-ins where a value is not known, and says whether there were any.
    pub(super) fn fill(&self, known: &Value, unknown: &Value, path: &str, any: &mut bool) -> Value {
        match unknown {
            Value::Bool(true) => {
                *any = true;
                self.at(path)
            }
            Value::Object(unknown) => {
                let mut filled = known.as_object().cloned().unwrap_or_default();
                for (name, unknown) in unknown {
                    let known = filled.get(name).cloned().unwrap_or_default();
                    let path = format!("{path}.{name}");
                    filled.insert(name.clone(), self.fill(&known, unknown, &path, any));
                }
                filled.into()
            }
            Value::Array(unknown) => {
                let known = known.as_array().cloned().unwrap_or_default();
                let each = unknown.iter().enumerate().map(|(index, unknown)| {
                    let known = known.get(index).cloned().unwrap_or_default();
                    self.fill(&known, unknown, &format!("{path}.{index}"), any)
                });
                each.collect()
            }
            _ => known.clone(),
        }
    }

    fn at(&self, path: &str) -> Value {
        let fitting = self.0.iter().filter(|(pattern, _)| fits(pattern, path));
        let found = fitting.max_by_key(|(pattern, _)| pattern.len());
        found.map_or(Value::Null, |(_, value)| value.clone())
    }
}

/// Says whether a path fits a pattern, in which each star stands for any text.
fn fits(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let pieces: Vec<&str> = pieces.collect();
    let Some((last, middle)) = pieces.split_last() else {
        return rest.is_empty();
    };
    for piece in middle {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_json_and_patterns_fit() {
        let stand_ins = StandIns::new("eu-west-1", "123456789012");
        let at = |path: &str| stand_ins.at(path).as_str().unwrap_or_default().to_owned();
        assert!(at("for_data.foundation.key_arns.data").starts_with("arn:aws:kms:eu-west-1:123456789012:"));
        assert!(at("for_application.data.secret_arns.session_key").contains(":secretsmanager:"));
        assert!(at("for_application.foundation.private_subnet_ids.1").starts_with("subnet-"));
        assert!(at("for_application.data.objects.statements.0.resources.1").starts_with("arn:"));
        assert_eq!(at("for_application.data.something"), "stand-in");
        assert_eq!(stand_ins.at("for_application.data.cache.port"), 6379);
    }

    #[test]
    fn lists_and_objects_are_filled_where_they_are_unknown() {
        let stand_ins = StandIns::new("eu-west-1", "123456789012");
        let mut any = false;
        let known = json!({ "ids": ["a", null], "same": 1 });
        let filled = stand_ins.fill(
            &known,
            &json!({ "ids": [false, true], "same": false }),
            "x",
            &mut any,
        );
        assert!(any);
        assert_eq!(filled, json!({ "ids": ["a", "stand-in"], "same": 1 }));
    }
}
