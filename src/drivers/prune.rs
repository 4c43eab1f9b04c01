//! What is kept for going back, and what may go.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DriverError, host, hosts, plan_of};
use crate::deployment::Deployment;
use crate::oci::Digest;
use crate::plan::{Action, Plan, Purpose, Step, StepId, Undo};
use crate::render::Artifacts;

/// What must be kept, as the history says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keeping {
    /// The versions that may be gone back to, and the installed one.
    pub versions: BTreeSet<String>,
    /// The runs whose replaced files are kept.
    pub runs: BTreeSet<String>,
    /// Whether data was put back by the run that installed what is installed.
    pub rolled_back: bool,
    /// The images of those versions.
    pub images: BTreeSet<Digest>,
    /// The folder of fetched images; none leaves it alone.
    pub cache: Option<Utf8PathBuf>,
}

/// A kind of thing that takes room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Folders of releases, with their unpacked images.
    Releases,
    /// Databases that were saved before they were changed.
    Snapshots,
    /// What earlier runs had replaced.
    Attic,
    /// Fetched images.
    Images,
}

impl Kind {
    fn subject(self) -> &'static str {
        match self {
            Self::Releases => "releases",
            Self::Snapshots => "snapshots",
            Self::Attic => "attic",
            Self::Images => "images",
        }
    }

    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Releases => (
                "old releases",
                "they are gone; an upgrade or `up` unpacks them again",
            ),
            Self::Snapshots => (
                "databases saved before earlier upgrades",
                "what was saved is gone for good",
            ),
            Self::Attic => ("what earlier runs replaced", "it is gone; those runs are over"),
            Self::Images => (
                "fetched images",
                "they are gone; they are fetched again when needed",
            ),
        }
    }
}

/// Something that nobody needs any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leftover {
    /// What it is.
    pub kind: Kind,
    /// The part it belongs to.
    pub part: String,
    /// Where it lies.
    pub path: Utf8PathBuf,
    /// How many bytes it takes.
    pub bytes: u64,
}

/// Looks for what nobody needs any more.
///
/// # Errors
/// [`DriverError`] when something is there and cannot be looked at.
pub fn leftovers(deployment: &Deployment, keeping: &Keeping) -> Result<Vec<Leftover>, DriverError> {
    let mut all = Vec::new();
    for (index, part) in hosts(deployment).enumerate() {
        all.extend(host::leftovers(deployment, part, keeping)?);
        if index == 0 {
            all.extend(host::fetched(part, keeping)?);
        }
    }
    Ok(all)
}

/// Plans removing what nobody needs any more. Pure.
///
/// # Errors
/// [`DriverError`] when, by a mistake of ours, the steps have no order.
pub fn plan_prune(
    deployment: &Deployment,
    artifacts: &Artifacts,
    leftovers: &[Leftover],
) -> Result<Plan, DriverError> {
    let groups: BTreeSet<(&str, Kind)> = leftovers
        .iter()
        .map(|leftover| (leftover.part.as_str(), leftover.kind))
        .collect();
    let several = deployment.parts.len() > 1;
    let mut steps: Vec<Step> = Vec::new();
    for (part, kind) in groups {
        let of_group: Vec<&Leftover> = leftovers
            .iter()
            .filter(|leftover| leftover.part == part && leftover.kind == kind)
            .collect();
        let folders: Vec<Utf8PathBuf> = of_group.iter().map(|leftover| leftover.path.clone()).collect();
        let bytes = of_group.iter().map(|leftover| leftover.bytes).sum();
        let (what, gone) = kind.told();
        let subject = match several {
            true => format!("{part}-{}", kind.subject()),
            false => kind.subject().to_owned(),
        };
        steps.push(Step {
            id: StepId::new(&subject, "prune"),
            title: format!("remove {what}: {} ({})", named(&folders), size(bytes)),
            part: part.to_owned(),
            stage: None,
            opens: false,
            action: Action::RemoveFolders { folders },
            undo: Undo::Impossible(gone.to_owned()),
            needs: BTreeSet::new(),
        });
    }
    let observed = serde_json::to_value(leftovers).unwrap_or(Value::Null);
    plan_of(Purpose::Prune, deployment, artifacts, observed, steps)
}

/// How many things are named; the rest is counted.
const NAMED: usize = 5;

fn named(folders: &[Utf8PathBuf]) -> String {
    let names = folders.iter().filter_map(|path| path.file_name()).take(NAMED);
    let mut text = names.collect::<Vec<_>>().join(", ");
    if folders.len() > NAMED {
        text.push_str(&format!(" and {} more", folders.len() - NAMED));
    }
    text
}

fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["bytes", "KiB", "MiB", "GiB"];
    let mut unit = 0;
    let mut left = bytes;
    while left >= 10_240 && unit + 1 < UNITS.len() {
        left /= 1024;
        unit += 1;
    }
    format!("{left} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_names_are_short() {
        assert_eq!(size(10), "10 bytes");
        assert_eq!(size(123 << 20), "123 MiB");
        let folders: Vec<Utf8PathBuf> = (0..7).map(|number| format!("/x/1.{number}").into()).collect();
        assert_eq!(named(&folders), "1.0, 1.1, 1.2, 1.3, 1.4 and 2 more");
    }
}
