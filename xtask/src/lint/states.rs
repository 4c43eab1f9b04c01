//! What the test of a golden folder left in Terraform's states.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use super::text;

/// What one run of a test made.
pub struct State {
    /// The run's name: that of the layer that it applies.
    pub run: String,
    module: Value,
}

/// A line of `terraform test -json -verbose`; the provider's schemas, which are nearly all of it, are passed over.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "@testrun")]
    run: String,
    test_state: TestState,
}

#[derive(Deserialize)]
struct TestState {
    #[serde(default)]
    root_module: Value,
}

/// Reads what `terraform test -json -verbose` said it had made.
pub fn read(said: &str) -> anyhow::Result<Vec<State>> {
    let lines = said.lines().filter(|line| line.contains("\"test_state\""));
    let states = lines.map(|line| {
        let line: Line = serde_json::from_str(line).context("terraform does not speak JSON")?;
        Ok(State {
            run: line.run,
            module: line.test_state.root_module,
        })
    });
    states.collect()
}

impl State {
    /// Lists all that is in it, as Terraform describes it, with what is only looked at.
    pub fn resources(&self) -> Vec<&Value> {
        let mut found = Vec::new();
        let mut modules = vec![&self.module];
        while let Some(module) = modules.pop() {
            let list = |key: &str| module[key].as_array().map_or(&[][..], Vec::as_slice);
            found.extend(list("resources"));
            modules.extend(list("child_modules"));
        }
        found
    }

    /// Lists what it made of one type.
    pub fn of_type(&self, kind: &str) -> Vec<&Value> {
        let mut all = self.resources();
        all.retain(|resource| resource["mode"] == "managed" && text(&resource["type"]) == kind);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_in_modules_is_listed_too() {
        let said = r#"{"@level":"info","@message":"x"}
{"@testrun":"data","test_state":{"provider_schemas":{},"root_module":{"resources":[{"mode":"data","type":"a"}],"child_modules":[{"resources":[{"mode":"managed","type":"a"}]}]}}}"#;
        let states = read(said).unwrap();
        assert_eq!(states[0].run, "data");
        assert_eq!(states[0].resources().len(), 2);
        assert_eq!(states[0].of_type("a").len(), 1);
    }
}
