//! Files that the customer changed by hand: what is placed instead of what was rendered, and what is left alone.

use camino::{Utf8Path, Utf8PathBuf};

use super::Up;
use super::places::placements;
use crate::edits::{EDITS, Edit, Outcome};
use crate::plan::{Handed, Placement};

impl Up<'_> {
    fn edit(&self, artifact: &Utf8Path) -> Option<&Edit> {
        self.observed.edits.get(artifact.as_str())
    }

    /// Says whether a rendered file is not written: it stays as the customer made it, or is copied.
    pub(super) fn stays(&self, artifact: &Utf8Path) -> bool {
        self.edit(artifact).is_some_and(|edit| {
            matches!(edit.outcome, Outcome::Kept | Outcome::Copied) && edit.text.is_none()
        })
    }

    /// Returns the artifact that is placed for one: what was kept or merged, or the rendered one.
    pub(super) fn placed(&self, artifact: Utf8PathBuf) -> Utf8PathBuf {
        match self.edit(&artifact) {
            Some(edit) if edit.text.is_some() => Utf8Path::new(EDITS).join(artifact),
            _ => artifact,
        }
    }

    pub(super) fn edited(&self, placement: Placement) -> Placement {
        Placement {
            artifact: self.placed(placement.artifact),
            to: placement.to,
        }
    }

    /// Lists the files that go along to the new release as they are.
    pub(super) fn carried(&self) -> Vec<Handed> {
        let copied = |placement: Placement| {
            let edit = self.edit(&placement.artifact)?;
            (edit.outcome == Outcome::Copied && edit.from != placement.to).then(|| Handed {
                component: String::new(),
                source: edit.from.clone(),
                to: placement.to,
            })
        };
        placements(&self.layout, self.part, self.artifacts)
            .into_iter()
            .filter_map(copied)
            .collect()
    }

    /// Says whether a file of a unit's is written anew over the customer's: what runs may have read theirs.
    pub(super) fn overwritten(&self, subject: &str) -> bool {
        let unit = self.layout.unit(subject);
        let own = |artifact: &Utf8Path| {
            artifact.starts_with(format!("config/{subject}"))
                || artifact == format!("env/{subject}.env")
                || (subject == super::super::render::PROXY && artifact == "proxy.yaml")
                || artifact.file_stem() == Some(&unit)
        };
        self.observed
            .edits
            .iter()
            .any(|(artifact, edit)| edit.outcome == Outcome::Overwritten && own(Utf8Path::new(artifact)))
    }
}
