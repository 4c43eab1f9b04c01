//! The tables of inputs and outputs in the modules' READMEs, made from `variables.tf` and `outputs.tf`.
//!
//! `terraform fmt` lays a block out in one way, so lines are enough to read it by.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::workspace::files_below;

/// What stands above the tables; below it nothing is written by hand.
const MARK: &str = "<!-- Below this line `cargo xtask docs` writes. -->\n";

/// A variable or an output.
#[derive(Default)]
struct Block {
    name: String,
    description: String,
    kind: String,
    default: Option<String>,
}

/// Lists READMEs whose tables are not what the module says.
pub fn outdated(modules: &Path) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    each(modules, |readme, text, wanted| {
        if text != wanted {
            wrong.push(format!(
                "{}: its tables are old; `cargo xtask docs` writes them anew",
                readme.display()
            ));
        }
        Ok(())
    })?;
    Ok(wrong)
}

/// Writes all tables anew.
pub fn write(modules: &Path) -> anyhow::Result<()> {
    each(modules, |readme, _, wanted| Ok(fs::write(readme, wanted)?))
}

fn each(modules: &Path, mut with: impl FnMut(&Path, &str, &str) -> anyhow::Result<()>) -> anyhow::Result<()> {
    for variables in files_below(modules) {
        if !variables.ends_with("variables.tf") {
            continue;
        }
        let module = variables.parent().context("a file lies in a folder")?;
        let readme = module.join("README.md");
        let text =
            fs::read_to_string(&readme).with_context(|| format!("cannot read {}", readme.display()))?;
        let (by_hand, _) = text
            .split_once(MARK)
            .with_context(|| format!("{} lacks `{}`", readme.display(), MARK.trim()))?;
        let inputs = blocks(&fs::read_to_string(&variables)?, "variable");
        let outputs = blocks(&fs::read_to_string(module.join("outputs.tf"))?, "output");
        with(
            &readme,
            &text,
            &format!("{by_hand}{MARK}\n{}", tables(&inputs, &outputs)),
        )?;
    }
    Ok(())
}

/// Reads the blocks of one kind.
fn blocks(text: &str, kind: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(&format!("{kind} \"")) {
            found.push(Block {
                name: name.trim_end_matches("\" {").to_owned(),
                ..Block::default()
            });
        }
        let Some((key, value)) = line.strip_prefix("  ").and_then(|line| line.split_once('=')) else {
            continue;
        };
        let (Some(block), false) = (found.last_mut(), key.starts_with(' ')) else {
            continue;
        };
        match key.trim() {
            "description" => value
                .trim()
                .trim_matches('"')
                .replace("\\\"", "\"")
                .clone_into(&mut block.description),
            "type" => block.kind = whole(value, &mut lines),
            "default" => block.default = Some(whole(value, &mut lines)),
            _ => {}
        }
    }
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

/// Reads a value that may go on over lines, and writes it in one.
fn whole<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut value = first.trim().to_owned();
    let is_open = |text: &str| {
        let count = |any: &[char]| text.matches(any).count();
        count(&['(', '[', '{']) > count(&[')', ']', '}'])
    };
    while is_open(&value) {
        let Some(line) = lines.next() else { break };
        let word = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_first = value.ends_with(['(', '[', '{']);
        let is_last = word.starts_with([')', ']', '}']);
        let between = if is_first || is_last || value.ends_with(',') {
            " "
        } else {
            ", "
        };
        let _ = write!(value, "{between}{word}");
    }
    value
}

fn tables(inputs: &[Block], outputs: &[Block]) -> String {
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    let mut text = "## Inputs\n\n| name | what it is | type | default |\n|---|---|---|---|\n".to_owned();
    for Block {
        name,
        description,
        kind,
        default,
    } in inputs
    {
        let default = default.as_deref().map_or("required".to_owned(), code);
        let description = description.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| {} | {description} | {} | {default} |",
            code(name),
            code(kind)
        );
    }
    text.push_str("\n## Outputs\n\n| name | what it is |\n|---|---|\n");
    for Block {
        name, description, ..
    } in outputs
    {
        let _ = writeln!(text, "| {} | {} |", code(name), description.replace('|', "\\|"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_over_lines_is_written_in_one() {
        let text = "variable \"a\" {\n  description = \"What \\\"a\\\" is.\"\n  type = object({\n    b = string\n    c = \
                    optional(list(string), [])\n  })\n  default = null\n  validation {\n    condition = true\n  }\n}\n";
        let table = tables(&blocks(text, "variable"), &[]);
        let row =
            "| `a` | What \"a\" is. | `object({ b = string, c = optional(list(string), []) })` | `null` |\n";
        assert!(table.contains(row), "{table}");
    }
}
