//! What the customer changed by hand, over all parts.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::Value;

use super::DriverError;
use super::data::{BEFORE, SAVED};
use crate::deployment::{Deployment, Part};
use crate::edits::{Decisions, EDITS, Edit, Outcome};
use crate::render::Artifacts;

/// What is installed, as the journal recorded it.
#[derive(Debug, Clone)]
pub struct Before {
    /// The deployment.
    pub deployment: Deployment,
    /// What was rendered for it; what was kept or merged is left out.
    pub artifacts: Artifacts,
}

impl Before {
    /// Takes what a run recorded.
    pub fn new(deployment: Deployment, recorded: &Artifacts) -> Self {
        Self {
            deployment,
            artifacts: rendered_only(recorded),
        }
    }
}

/// Leaves out what was kept or merged, what an earlier run had saved data with, and what it could have gone back to.
pub fn rendered_only(recorded: &Artifacts) -> Artifacts {
    let mut artifacts = Artifacts::default();
    for (path, artifact) in recorded.iter() {
        let within = path.components().nth(1).map(|piece| piece.as_str());
        if within.is_none_or(|within| ![EDITS, SAVED, BEFORE].contains(&within)) {
            artifacts.add(path.clone(), artifact.text.clone());
        }
    }
    artifacts
}

/// A part as the journal says it was installed.
#[derive(Debug, Clone, Copy)]
pub struct Installed<'a> {
    /// The deployment.
    pub deployment: &'a Deployment,
    /// The part.
    pub part: &'a Part,
    /// What was rendered for it.
    pub artifacts: &'a Artifacts,
}

/// The files that the customer changed by hand, part by part.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    pub(super) parts: BTreeMap<String, BTreeMap<String, Edit>>,
    /// The texts to place, below [`EDITS`] of each part.
    pub texts: Artifacts,
}

impl Edits {
    pub(super) fn part(&self, name: &str) -> &BTreeMap<String, Edit> {
        static NONE: BTreeMap<String, Edit> = BTreeMap::new();
        self.parts.get(name).unwrap_or(&NONE)
    }
}

/// Reads the edits of every part from what was observed; of several stages, those of the last that has any on a file.
pub fn edits_of(observed: &Value) -> Vec<(String, String, Edit)> {
    let mut all = BTreeMap::new();
    for parts in stages(observed) {
        for (part, seen) in parts.as_object().into_iter().flatten() {
            let edits = seen.get("edits").and_then(Value::as_object);
            for (artifact, edit) in edits.into_iter().flatten() {
                if let Ok(edit) = serde_json::from_value::<Edit>(edit.clone()) {
                    all.insert((part.clone(), artifact.clone()), edit);
                }
            }
        }
    }
    all.into_iter()
        .map(|((part, artifact), edit)| (part, artifact, edit))
        .collect()
}

/// Lists what was observed of each stage, or of the one place there is.
fn stages(observed: &Value) -> Vec<&Value> {
    match observed.get("stages").and_then(Value::as_array) {
        Some(stages) => stages.iter().filter_map(|stage| stage.get("parts")).collect(),
        None => vec![observed],
    }
}

/// Reads what was decided when a plan was made.
pub fn decisions_of(observed: &Value) -> Decisions {
    let mut decisions = Decisions::default();
    for (part, artifact, edit) in edits_of(observed) {
        decisions.remember(Utf8Path::new(&part).join(artifact).into_string(), &edit);
    }
    decisions
}

/// Refuses what nobody has decided.
///
/// # Errors
/// [`DriverError::Conflicts`] with each file and what is in conflict.
pub(super) fn settled(observed: &Value) -> Result<(), DriverError> {
    let conflicts: Vec<(String, Vec<String>)> = edits_of(observed)
        .into_iter()
        .filter(|(.., edit)| edit.outcome == Outcome::Conflict)
        .map(|(_, artifact, edit)| (format!("{artifact} ({})", edit.from), edit.conflict))
        .collect();
    match conflicts.is_empty() {
        true => Ok(()),
        false => Err(DriverError::Conflicts { conflicts }),
    }
}
