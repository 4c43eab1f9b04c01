//! tflint on modules, examples and rendered layers, with the rules for Terraform's own language.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::exceptions::{Exceptions, Finding};
use super::{answer, json, text};
use crate::cluster;
use crate::workspace::program;

const TOOL: &str = "tflint";
/// Which rules there are, beside the modules.
const SETTINGS: &str = ".tflint.hcl";

/// Looks at every folder below the copy; what it finds in a module it may find again where that is called.
pub fn check(folder: &Path, exceptions: &Exceptions) -> anyhow::Result<Vec<String>> {
    let path = match cluster::tflint() {
        Ok(path) => path,
        Err(error) => {
            println!("SKIPPED: tflint did not look at the Terraform modules: {error:#}");
            return Ok(Vec::new());
        }
    };
    let answer = answer(
        program(path)
            .args(["--recursive", "--format=json"])
            .arg(format!("--config={}", folder.join(SETTINGS).display()))
            .current_dir(folder)
            // No rules but those of the settings, and nothing of a developer's own.
            .env_remove("TFLINT_PLUGIN_DIR")
            .env_remove("TFLINT_CONFIG_FILE"),
    )?;
    let said = json(&answer, TOOL)?;
    let list = |key: &str| said[key].as_array().map_or(&[][..], Vec::as_slice);
    let errors: Vec<&str> = list("errors").iter().map(|it| text(&it["message"])).collect();
    ensure!(
        errors.is_empty(),
        "tflint could not read everything: {}",
        errors.join("\n")
    );
    let findings: anyhow::Result<BTreeSet<Finding>> = list("issues")
        .iter()
        .map(|issue| finding(folder, issue))
        .collect();
    let (left, open): (Vec<Finding>, Vec<Finding>) = findings?
        .into_iter()
        .partition(|finding| exceptions.covers(finding));
    println!(
        "tflint looked at Terraform; {} findings are left on purpose",
        left.len()
    );
    let mut wrong: Vec<String> = open.iter().map(Finding::line).collect();
    wrong.extend(exceptions.unmet_by(TOOL));
    Ok(wrong)
}

/// Reads what it found at `<module>:<address>`, or `<golden folder>/<layer>:<address>`.
fn finding(folder: &Path, issue: &Value) -> anyhow::Result<Finding> {
    let file = text(&issue["range"]["filename"]);
    let lines = fs::read_to_string(folder.join(file)).with_context(|| format!("tflint names {file}"))?;
    let line = issue["range"]["start"]["line"].as_u64().unwrap_or(1);
    Ok(Finding {
        tool: TOOL,
        check: text(&issue["rule"]["name"]).to_owned(),
        place: format!("{}:{}", place(file), address(&lines, usize::try_from(line)?)),
        // Where a file lies in the copy says nothing, and makes two of one finding.
        words: text(&issue["message"]).replace(file, &file_name(file)),
    })
}

fn file_name(file: &str) -> String {
    let name = Path::new(file).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Names the folder of a file: a module by its name, a layer that was rendered with its golden folder.
fn place(file: &str) -> String {
    let folders: Vec<&str> = file.split('/').collect();
    match folders.as_slice() {
        ["golden", case, layer, _] => format!("{case}/{layer}"),
        [.., module, _] => (*module).to_owned(),
        _ => String::new(),
    }
}

/// Gives the address of the block that a line is in; `terraform fmt` has every block of a file begin its line.
fn address(text: &str, line: usize) -> String {
    let before: Vec<&str> = text.lines().take(line).collect();
    let head = before
        .iter()
        .rev()
        .find(|line| line.ends_with('{') && line.starts_with(|first: char| first.is_ascii_lowercase()));
    let words = head.map_or("", |head| head.trim_end_matches('{').trim_end());
    let words = words.replace('"', "");
    words
        .trim_start_matches("resource ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_named_by_the_block_that_it_is_in() {
        let text = "# Words.\nresource \"aws_lb\" \"this\" {\n  name = var.name\n}\n\nvariable \"a\" {\n  type = any\n}\n";
        assert_eq!(address(text, 3), "aws_lb.this");
        assert_eq!(address(text, 6), "variable.a");
        assert_eq!(address(text, 1), "");
    }

    #[test]
    fn a_module_is_called_the_same_wherever_it_is_copied() {
        assert_eq!(place("modules/network/main.tf"), "network");
        assert_eq!(place("golden/sample-aws/modules/network/main.tf"), "network");
        assert_eq!(place("golden/sample-aws/data/main.tf"), "sample-aws/data");
        assert_eq!(place("examples/data/main.tf"), "data");
    }
}
