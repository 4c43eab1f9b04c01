//! Finding what somebody changed by hand in the objects of a part's releases.
//!
//! Helm compares three sides too, and sets every field of the chart's: what was changed in one of them would be lost
//! with the next apply. An object cannot be kept against that, so it is a conflict unless the cluster would have it
//! the same.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use super::cluster::Cluster;
use super::error::ClusterError;
use super::look::{gone, place};
use super::objects::{Change, Placed, documents, is_same, owner, sides};
use super::place::STOPPED;
use super::release::{Chart, deployed, product, services, stamp, stamp_of, variant};
use super::render::bundled;
use super::workload::kind;
use crate::deployment::{Deployment, Part};
use crate::drivers::{Installed, World};
use crate::edits::{Decision, Decisions, Edit, Outcome, Vault};
use crate::plan::Purpose;
use crate::render::Artifacts;
use crate::tools::HelmRelease;

/// The folder under which objects are named as if they were files.
pub const OBJECTS: &str = "objects";

/// What somebody changed by hand in a part.
#[derive(Debug, Default)]
pub struct Edited {
    /// The objects.
    pub edits: BTreeMap<String, Edit>,
    /// The paths by which objects may be named, where that was looked at.
    pub known: Vec<Utf8PathBuf>,
}

/// Compares what is in the cluster with what was rendered last and what is rendered now.
///
/// Where nothing of a release is applied, its objects stay as they are: nothing is looked at unless something was said
/// about files.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked.
pub async fn edits(
    world: &World,
    purpose: Purpose,
    (deployment, part): (&Deployment, &Part),
    artifacts: &Artifacts,
    before: Installed<'_>,
    decisions: &Decisions,
) -> Result<Edited, ClusterError> {
    let place = place(deployment, part)?;
    let search = Search {
        cluster: Cluster::connect(world, &place)?,
        stops: purpose == Purpose::Stop,
        part,
        artifacts,
        before,
        decisions,
    };
    let serves = |deployment, part| !bundled(deployment, part).is_empty();
    let both = serves(deployment, part) && serves(before.deployment, before.part);
    let (mut edited, services) = tokio::try_join!(search.release(&place.name, product), async {
        match both {
            true => search.release(&place.services(), services).await,
            false => Ok(Edited::default()),
        }
    })?;
    edited.edits.extend(services.edits);
    edited.known.extend(services.known);
    Ok(edited)
}

struct Search<'a> {
    cluster: Cluster,
    /// Whether the releases are to run nothing.
    stops: bool,
    part: &'a Part,
    artifacts: &'a Artifacts,
    before: Installed<'a>,
    decisions: &'a Decisions,
}

impl Search<'_> {
    async fn release(&self, name: &str, chart: Chart) -> Result<Edited, ClusterError> {
        let mut edited = Edited::default();
        let history = self.cluster.api.releases(name, &self.cluster.cancel).await;
        let history = history.map_err(ClusterError::tool(format!("read the revisions of {name}")))?;
        let Some(last) = deployed(&history) else {
            return Ok(edited);
        };
        let more: &[&str] = if self.stops { &[STOPPED] } else { &[] };
        let (found, wanted) = (stamp_of(&history, last), chart(name, more));
        let applies = found != Some(stamp(self.artifacts, &wanted))
            || history.last().is_some_and(HelmRelease::is_pending)
            || !gone(&self.cluster, last).await?.is_empty();
        if !applies && *self.decisions == Decisions::default() {
            return Ok(edited);
        }
        let installed = variant(self.before.artifacts, name, chart, found.as_ref());
        let installed = installed.unwrap_or_else(|| chart(name, &[]));
        let (old, new, vault, scaled) = tokio::try_join!(
            self.cluster.rendered(self.before.artifacts, &installed),
            self.cluster.rendered(self.artifacts, &wanted),
            self.cluster.vault(),
            self.cluster.scaled(),
        )?;
        let new = documents(&new)?;
        let mut found = Vec::new();
        for placed in self.cluster.placed(&old).await? {
            let artifact = Utf8Path::new(OBJECTS).join(placed.name());
            edited.known.push(Utf8Path::new(&self.part.name).join(&artifact));
            edited.known.push(artifact.clone());
            // What is rendered no more goes away, whatever became of it.
            let Some(new) = new.iter().find(|new| is_same(new, &placed.rendered)) else {
                continue;
            };
            let mut changes = placed.changes(&scaled);
            // Who stops it wants no pods, however many somebody asked for.
            changes.retain(|change| !self.stops || change.path.names() != ["spec", "replicas"]);
            if changes.is_empty() {
                continue;
            }
            let expected = self.cluster.expected(new).await.ok().flatten();
            let conflict = lost(&placed, &changes, new, expected.as_ref().unwrap_or(new), &vault);
            if !conflict.is_empty() {
                let place = Utf8Path::new(name).join(placed.name());
                let decision = self.decisions.of(&self.part.name, &artifact, &place);
                found.push((artifact.into_string(), place, decision, conflict));
            }
        }
        // One that is overwritten is so by an apply, which takes the others along.
        let overwrites = |(_, _, decision, _): &Lost| *decision == Some(Decision::Overwrite);
        let applies = applies || found.iter().any(overwrites);
        let decided = found
            .into_iter()
            .map(|(artifact, place, decision, lost)| (artifact, decide(place, decision, applies, lost)));
        edited.edits.extend(decided);
        Ok(edited)
    }
}

/// An object by its artifact and place, what was said about it, and what would be undone.
type Lost = (String, Utf8PathBuf, Option<Decision>, Vec<String>);

fn decide(place: Utf8PathBuf, decision: Option<Decision>, applies: bool, lost: Vec<String>) -> Edit {
    let (outcome, decided) = match decision {
        Some(Decision::Overwrite) => (Outcome::Overwritten, true),
        decision if !applies => (Outcome::Kept, decision.is_some()),
        _ => (Outcome::Conflict, false),
    };
    Edit {
        from: place,
        outcome,
        decided,
        text: None,
        conflict: if outcome == Outcome::Conflict {
            lost
        } else {
            Vec::new()
        },
    }
}

/// Lists the changes that an apply would undo, for people.
fn lost(placed: &Placed, changes: &[Change], new: &Value, expected: &Value, vault: &Vault) -> Vec<String> {
    let kind = kind(&placed.rendered);
    let told = |change: &Change| {
        let owner = placed.live.as_ref().and_then(|live| owner(live, &change.path));
        let wanted = change.path.find(expected).filter(|_| sets(new, change));
        sides(kind, change, wanted, owner.as_ref(), vault)
    };
    changes
        .iter()
        .filter(|change| change.path.find(expected) != change.live.as_ref() || !sets(new, change))
        .map(told)
        .collect()
}

/// Says whether what is rendered now says anything about what was changed.
fn sets(new: &Value, change: &Change) -> bool {
    change.live.is_none() || change.path.find(new).is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::objects::{Measure, Scaled};
    use super::*;

    fn deployment(image: &str, replicas: u32) -> Value {
        json!({ "kind": "Deployment", "metadata": { "name": "notes-api" }, "spec": {
            "replicas": replicas, "containers": [{ "name": "api", "image": image }],
        } })
    }

    fn edited(live: Value, new: &Value) -> Vec<String> {
        let rendered = deployment("api:1", 2);
        let placed = Placed {
            expected: rendered.clone(),
            rendered,
            measure: Measure::Exact,
            live: Some(live),
            refused: None,
        };
        let changes = placed.changes(&Scaled::default());
        lost(&placed, &changes, new, new, &Vault::default())
    }

    #[test]
    fn what_an_apply_would_undo_is_told_with_all_three_sides() {
        let found = edited(deployment("api:mine", 2), &deployment("api:2", 2));
        assert_eq!(
            found,
            [
                "spec.containers[api].image\nwas   | image: api:1\nyours | image: api:mine\nnew   | image: api:2"
            ]
        );
    }

    #[test]
    fn an_object_stays_only_where_nothing_is_applied() {
        let outcome = |decision, applies| decide("notes/x".into(), decision, applies, Vec::new()).outcome;
        assert_eq!(outcome(None, false), Outcome::Kept);
        assert_eq!(outcome(None, true), Outcome::Conflict);
        assert_eq!(outcome(Some(Decision::Keep), true), Outcome::Conflict);
        assert_eq!(outcome(Some(Decision::Overwrite), false), Outcome::Overwritten);
    }

    #[test]
    fn a_change_that_is_rendered_now_is_no_conflict() {
        assert_eq!(
            edited(deployment("api:2", 2), &deployment("api:2", 2)),
            Vec::<String>::new()
        );
        assert_eq!(edited(deployment("api:1", 5), &deployment("api:2", 2)).len(), 1);
    }

    #[test]
    fn a_change_of_a_field_that_is_rendered_no_more_is_a_conflict() {
        let mut new = deployment("api:2", 2);
        new["spec"].as_object_mut().unwrap().remove("replicas");
        let found = edited(deployment("api:1", 5), &new);
        assert!(found[0].ends_with("new   | (nothing)"), "{found:?}");
    }
}
