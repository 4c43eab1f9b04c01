//! What no state tells, because it is said to Terraform itself: read where it is written.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

use super::condition::Conditions;
use crate::lint::exceptions::is_like;
use crate::lint::extension;
use crate::workspace::{files_below, root};

/// Files of Terraform, and what all of them have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Paths in the repository, with `*` for anything; each is that of a file at least.
    files: Vec<String>,
    has: Conditions,
}

impl Written {
    /// Says which files lack it.
    pub fn gone(&self) -> anyhow::Result<Vec<String>> {
        let all = files();
        let mut gone = Vec::new();
        for pattern in &self.files {
            let mut found = all.iter().filter(|(name, _)| is_like(name, pattern)).peekable();
            if found.peek().is_none() {
                gone.push(format!("no file is called {pattern}"));
            }
            for (name, path) in found {
                let text = fs::read_to_string(path)?;
                let file: Value = hcl::from_str(&text).with_context(|| format!("cannot read {name}"))?;
                gone.extend(self.has.unmet(&file).map(|path| format!("{name}, at {path}")));
            }
        }
        Ok(gone)
    }
}

/// Lists the files of Terraform by their paths in the repository.
fn files() -> Vec<(String, PathBuf)> {
    let mut all = files_below(&root().join("terraform"));
    all.extend(files_below(&root().join("tests/golden")));
    all.retain(|file| extension(file, &["tf"]));
    let named = all.into_iter().map(|file| {
        let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
        (name, file)
    });
    named.collect()
}
