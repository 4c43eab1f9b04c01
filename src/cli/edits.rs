//! Words about files that were changed by hand, and the options that decide about them.

use clap::Args;
use serde_json::Value;

use super::error::CommandError;
use super::exit::Exit;
use crate::drivers::{self, DriverError, OBJECTS};
use crate::edits::{Decisions, Outcome};
use crate::plan::Plan;

/// Decisions about files that you changed by hand.
#[derive(Debug, Clone, Default, Args)]
pub struct EditArgs {
    /// Keep this file as you changed it, although it changed in what is rendered too; or `all`. May be given several
    /// times.
    #[arg(long, value_name = "PATH")]
    pub keep: Vec<String>,
    /// Write this file anew over your changes; or `all`. May be given several times.
    #[arg(long, value_name = "PATH")]
    pub overwrite: Vec<String>,
}

impl EditArgs {
    /// Returns the decisions: those of the command line, or else those that a saved plan was made with.
    pub fn decisions(&self, saved: Option<&Plan>) -> Decisions {
        let given = Decisions {
            keep: self.keep.clone(),
            overwrite: self.overwrite.clone(),
        };
        match saved {
            Some(saved) if given == Decisions::default() => drivers::decisions_of(&saved.observed),
            _ => given,
        }
    }
}

/// Tells what becomes of the files that the customer changed, a line for each.
pub fn lines(observed: &Value) -> Vec<String> {
    let line = |(_, artifact, edit): (String, String, crate::edits::Edit)| {
        let what = match edit.outcome {
            Outcome::Kept | Outcome::Copied => "kept, edited by you",
            Outcome::Merged => "merge of your edits with what is new",
            Outcome::Overwritten => "WRITTEN ANEW over your edits",
            Outcome::Conflict => "in conflict with your edits",
        };
        format!("{artifact}: {what}")
    };
    drivers::edits_of(observed).into_iter().map(line).collect()
}

/// Shows conflicts with the ways out.
pub fn conflict(conflicts: Vec<(String, Vec<String>)>) -> CommandError {
    let error = DriverError::Conflicts {
        conflicts: conflicts.clone(),
    };
    let mut failed = CommandError::new(Exit::Input, error.to_string());
    for (name, hunks) in &conflicts {
        let text: Vec<String> = hunks.iter().map(|hunk| indented(hunk)).collect();
        failed.causes.push(format!("{name}:\n{}", text.join("\n")));
    }
    let path = conflicts
        .first()
        .and_then(|(name, _)| name.split(" (").next())
        .unwrap_or("PATH");
    if path.starts_with(OBJECTS) {
        let all = if conflicts.len() > 1 {
            "for each, or `--overwrite all`"
        } else {
            ""
        };
        return failed
            .hint(
                format!("take what is rendered with `--overwrite {path}` {all}")
                    .trim_end()
                    .to_owned(),
            )
            .hint("or put yours into the answers: helm sets every field that the chart sets, so an object cannot be kept");
    }
    failed
        .hint(format!(
            "keep yours with `--keep {path}`, take the new one with `--overwrite {path}`"
        ))
        .hint("or bring the file in line by hand and try again")
}

fn indented(hunk: &str) -> String {
    let lines: Vec<String> = hunk.lines().map(|line| format!("    {line}")).collect();
    lines.join("\n")
}
