//! What earlier upgrades made of data, and where they had saved it before.

use std::collections::BTreeMap;

use super::error::Result;
use super::execute::recorded;
use crate::drivers::Saved;
use crate::journal::{Installation, RecordedRun, RunId};
use crate::plan::{Action, ClusterAction, DatabaseJob, Purpose, Step, Undo};
use crate::render::Artifacts;

/// An upgrade that changed data.
pub struct Upgraded {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: jiff::Timestamp,
    /// What it changed.
    pub changes: Vec<Change>,
}

/// A change of data that an upgrade made.
pub struct Change {
    /// Where each database was saved before, by service.
    pub saved: BTreeMap<String, Saved>,
    /// Whether the old version works on what it left.
    pub keeps: bool,
}

impl Upgraded {
    /// Reads what a run changed; none when it is no upgrade, or changed nothing.
    ///
    /// # Errors
    /// When what it was carried out with cannot be read.
    pub async fn of(installation: &Installation, run: RecordedRun) -> Result<Option<Self>> {
        if run.about.purpose != Purpose::Upgrade {
            return Ok(None);
        }
        let rendered = rendered(installation, &run).await?;
        let changes: Vec<Change> = run
            .plan
            .steps
            .iter()
            .filter_map(|step| change(&run, step, &rendered))
            .collect();
        Ok((!changes.is_empty()).then_some(Self {
            run: run.about.id,
            started: run.about.started,
            changes,
        }))
    }
}

/// What was rendered for each release on the way by its version, and for the last one.
type Rendered = BTreeMap<Option<String>, Artifacts>;

/// Reads what a run was carried out with, where it saved anything with that.
async fn rendered(installation: &Installation, run: &RecordedRun) -> Result<Rendered> {
    let mut rendered = Rendered::new();
    let in_cluster = |step: &Step| matches!(step.action, Action::Cluster(ClusterAction::SaveDatabase { .. }));
    if !run.plan.steps.iter().any(in_cluster) {
        return Ok(rendered);
    }
    let id = &run.about.id;
    rendered.insert(None, recorded(installation, id).await?.artifacts);
    for (version, stage) in installation.stages(id).await? {
        let mut artifacts = Artifacts::default();
        for (path, text) in stage.artifacts {
            artifacts.add(path, String::from_utf8_lossy(&text).into_owned());
        }
        rendered.insert(Some(version), artifacts);
    }
    Ok(rendered)
}

fn change(run: &RecordedRun, step: &Step, rendered: &Rendered) -> Option<Change> {
    let keeps = |undo: &Undo| matches!(undo, Undo::Restore { or_keep: Some(_), .. });
    match &step.action {
        Action::Migrate { saved, .. } => Some(Change {
            saved: saved
                .iter()
                .map(|(service, file)| (service.clone(), Saved::File(file.clone())))
                .collect(),
            keeps: keeps(&step.undo),
        }),
        // Without a migration of its own, a version changes the schema when it starts.
        Action::SaveDatabase { service, to, .. } if matches!(step.undo, Undo::Restore { .. }) => {
            Some(Change {
                saved: [(service.clone(), Saved::File(to.clone()))].into(),
                keeps: keeps(&step.undo),
            })
        }
        Action::Cluster(ClusterAction::Migrate { .. }) => Some(Change {
            saved: saved_for(run, step, rendered),
            // One that ran while users were in was made on the promise that the old version works on what it leaves.
            keeps: keeps(&step.undo) || matches!(step.undo, Undo::Revert(_)),
        }),
        _ => None,
    }
}

/// Finds what was saved for a migration in a cluster, with the manifest of what saved it.
fn saved_for(run: &RecordedRun, migration: &Step, rendered: &Rendered) -> BTreeMap<String, Saved> {
    let needed = run
        .plan
        .steps
        .iter()
        .filter(|step| migration.needs.contains(&step.id));
    needed
        .filter_map(|step| {
            let Action::Cluster(ClusterAction::SaveDatabase { job }) = &step.action else {
                return None;
            };
            let stage = step.stage.as_ref().map(ToString::to_string);
            let artifacts = rendered.get(&stage)?.below(&step.part);
            let saved = Saved::Job {
                part: step.part.clone(),
                text: artifacts.get(&job.manifest)?.text.clone(),
                job: DatabaseJob {
                    run: Some(run.about.id.to_string()),
                    ..job.clone()
                },
            };
            Some((job.service.clone(), saved))
        })
        .collect()
}
