//! What was never answered, and would be decided differently now.

use serde_json::Value;

use super::{Answers, Bound, Deployment, outline};
use crate::product::Product;

/// A default that is another one now.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ChangedDefault {
    /// The key path in the answers file.
    pub key: String,
    /// What is installed.
    pub old: Value,
    /// What would be taken now.
    pub new: Value,
}

/// Compares what was decided for the installed release with what a product decides by itself now.
///
/// Only what the customer may answer and has not counts: what a mode decides is no default. What the recorded deployment
/// does not hold, as one of an older version of Landfall, cannot be compared.
pub fn changed_defaults(installed: &Deployment, product: &Product, answers: &Answers) -> Vec<ChangedDefault> {
    let changed = |asked: &super::Asked| {
        if asked.answer.is_some() || asked.fixed.is_some() {
            return None;
        }
        let old = recorded(installed, &asked.key)?;
        // What a cloud says once it has made a service was never a default.
        if old
            .as_str()
            .is_some_and(|old| Bound::new(old).outputs().count() > 0)
        {
            return None;
        }
        let new = match &asked.default {
            Some(new) => new.clone(),
            None if asked.key.starts_with("settings.") => "".into(),
            // What a service is asked for and has no default is worked out from other answers.
            None => return None,
        };
        (old != new).then(|| ChangedDefault {
            key: asked.key.clone(),
            old,
            new,
        })
    };
    outline(product, answers)
        .asked
        .iter()
        .filter_map(changed)
        .collect()
}

fn recorded(installed: &Deployment, key: &str) -> Option<Value> {
    match key.split('.').collect::<Vec<_>>().as_slice() {
        ["settings", key] => installed.settings.get(*key).cloned(),
        ["parts", part, "options", key] => installed.parts.get(*part)?.options.get(*key).cloned(),
        ["services", service, "supply"] => {
            serde_json::to_value(installed.services.get(*service)?.supply).ok()
        }
        ["services", service, key] => installed.services.get(*service)?.fields.get(*key).cloned(),
        _ => None,
    }
}

/// Writes answers into the text of an answers file, comments and order kept; none when there is no place for one.
///
/// The caller reads the result back to see that it says what is meant.
pub fn with_answers(text: &str, answers: &[(String, Value)]) -> Option<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (key, value) in answers {
        let path: Vec<&str> = key.split('.').collect();
        insert(&mut lines, &path, &value.to_string())?;
    }
    Some(lines.join("\n") + "\n")
}

fn insert(lines: &mut Vec<String>, path: &[&str], value: &str) -> Option<()> {
    let (mut at, mut end, mut indent) = (0, lines.len(), 0);
    for (depth, key) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        let found = (at..end).find(|line| is_key(&lines[*line], indent, key));
        let Some(line) = found else {
            let mut more = vec![];
            for (deeper, key) in path.iter().enumerate().skip(depth) {
                let pad = " ".repeat(indent + 2 * (deeper - depth));
                let ending = if deeper + 1 == path.len() {
                    format!(" {value}")
                } else {
                    String::new()
                };
                more.push(format!("{pad}{key}:{ending}"));
            }
            lines.splice(at..at, more);
            return Some(());
        };
        if last {
            lines[line] = format!("{}{key}: {value}", " ".repeat(indent));
            return Some(());
        }
        let rest = lines[line].trim_start()[key.len() + 1..].trim();
        let rest = rest.split(" #").next().unwrap_or_default().trim();
        match rest {
            "" => {}
            "{}" => lines[line] = format!("{}{key}:", " ".repeat(indent)),
            other if other.starts_with('#') => {}
            _ => return None,
        }
        at = line + 1;
        end = (at..end)
            .find(|line| deep(&lines[*line]).is_some_and(|found| found <= indent))
            .unwrap_or(end);
        indent = (at..end)
            .find_map(|line| deep(&lines[line]))
            .unwrap_or(indent + 2);
    }
    None
}

fn is_key(line: &str, indent: usize, key: &str) -> bool {
    deep(line) == Some(indent)
        && line
            .trim_start()
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(':'))
}

/// Returns how far a line is indented, unless it is empty or a comment.
fn deep(line: &str) -> Option<usize> {
    let bare = line.trim_start();
    (!bare.is_empty() && !bare.starts_with('#')).then(|| line.len() - bare.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_written_where_they_belong_and_nothing_else_changes() {
        let text = "# mine\nname: x\nsettings:\n  # of mine\n  a: 1 # one\nservices:\n    db:\n        port: 1\nparts: {}\n";
        let answers = [
            ("settings.b".to_owned(), Value::from(5)),
            ("settings.a".to_owned(), "two: 2".into()),
            ("services.db.name".to_owned(), "notes".into()),
            ("services.cache.supply".to_owned(), "none".into()),
            ("parts.main.options.port".to_owned(), 80.into()),
        ];
        let written = with_answers(text, &answers).unwrap();
        assert!(
            written.starts_with("# mine\nname: x\n") && written.contains("  # of mine\n"),
            "{written}"
        );
        let read: Value = serde_yaml::from_str(&written).unwrap();
        let wanted = serde_json::json!({
            "name": "x", "settings": { "a": "two: 2", "b": 5 },
            "services": { "db": { "name": "notes", "port": 1 }, "cache": { "supply": "none" } },
            "parts": { "main": { "options": { "port": 80 } } },
        });
        assert_eq!(read, wanted, "{written}");
    }

    #[test]
    fn a_section_that_is_not_there_is_made_and_one_in_a_line_is_refused() {
        let five = [("settings.b".to_owned(), Value::from(5))];
        let read: Value = serde_yaml::from_str(&with_answers("name: x\n", &five).unwrap()).unwrap();
        assert_eq!(read, serde_json::json!({ "name": "x", "settings": { "b": 5 } }));
        assert_eq!(with_answers("settings: { a: 1 }\n", &five), None);
    }
}
