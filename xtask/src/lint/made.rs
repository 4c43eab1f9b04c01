//! What Terraform makes of the golden layers, kept in `tests/data/aws-made.json` for the tests of Landfall to compare with:
//! they need no provider then.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::scan::Folders;
use super::states::State;
use super::text;
use crate::ground::variable;
use crate::workspace::root;

/// Where it is kept.
const FILE: &str = "tests/data/aws-made.json";

/// How many of each type there are, by the test that made them; types that are looked at begin with `data.`.
type Made = BTreeMap<String, BTreeMap<String, u64>>;

/// Counts what the runs of a test made.
fn count(states: &[State]) -> Made {
    let mut made = Made::new();
    for state in states {
        let counts = made.entry(state.run.clone()).or_default();
        for resource in state.resources() {
            let prefix = if resource["mode"] == "data" { "data." } else { "" };
            *counts
                .entry(format!("{prefix}{}", text(&resource["type"])))
                .or_default() += 1;
        }
    }
    made
}

/// Gives the errors among what it said.
pub fn errors(said: &str) -> String {
    let messages = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let errors = messages.filter(|message| message["@level"] == "error");
    let words = errors.map(|message| {
        let (what, why) = (text(&message["@message"]), text(&message["diagnostic"]["detail"]));
        format!("{what} {why}").trim().to_owned()
    });
    words.collect::<Vec<_>>().join("\n")
}

/// Compares with what is kept; writes it anew with `LANDFALL_BLESS=1`.
pub fn outdated(folders: &Folders) -> anyhow::Result<Option<String>> {
    let file = root().join(FILE);
    let made: BTreeMap<&String, Made> = folders
        .iter()
        .map(|(name, states)| (name, count(states)))
        .collect();
    let new = format!("{}\n", serde_json::to_string_pretty(&made)?);
    if variable("LANDFALL_BLESS").as_deref() == Some("1") {
        fs::write(&file, &new)?;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    Ok((kept != new)
        .then(|| format!("{FILE} is not what Terraform makes: LANDFALL_BLESS=1 cargo xtask lint")))
}

/// Names a golden folder as it is kept.
pub fn case(application: &Path) -> Option<String> {
    Some(application.parent()?.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::states;

    #[test]
    fn things_are_counted_by_run_and_type() {
        let said = r#"{"@level":"info","@message":"x"}
{"@testrun":"data","test_state":{"root_module":{"resources":[{"mode":"data","type":"a"}],"child_modules":[{"resources":[{"mode":"managed","type":"b"},{"mode":"managed","type":"b"}]}]}}}
{"@level":"error","@message":"Error: no","diagnostic":{"detail":"because"}}"#;
        let counts = BTreeMap::from([("b".to_owned(), 2), ("data.a".to_owned(), 1)]);
        let states = states::read(said).unwrap();
        assert_eq!(count(&states), Made::from([("data".to_owned(), counts)]));
        assert_eq!(errors(said), "Error: no because");
    }
}
