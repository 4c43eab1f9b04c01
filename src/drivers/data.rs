//! What becomes of the data on the way from one release to another.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::deployment::Deployment;
use crate::plan::DatabaseJob;
use crate::render::Artifacts;

/// What is left behind on the way to a release, and what becomes of the data.
#[derive(Debug, Clone, Copy)]
pub struct Crossing<'a> {
    /// What runs before.
    pub from: &'a Deployment,
    /// What becomes of the data.
    pub data: &'a DataMove,
    /// Whether nothing comes before it in the plan.
    pub first: bool,
    /// Whether the plan ends with it.
    pub last: bool,
}

/// What becomes of the data on the way to a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataMove {
    /// It stays as it is.
    Keep,
    /// It is saved and migrated.
    Migrate {
        /// Why it may stay migrated when the old version comes back after users wrote to it; none when it may not.
        or_keep: Option<String>,
    },
    /// It is put back as it was saved, by service.
    PutBack(BTreeMap<String, Saved>),
}

/// A database that was saved by an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saved {
    /// In a file of the host.
    File(Utf8PathBuf),
    /// By what can put it back too, for a part in a cluster.
    Job {
        /// The part.
        part: String,
        /// What saved it.
        job: DatabaseJob,
        /// Its manifest, as it was rendered then.
        text: String,
    },
}

/// The folder of a part's artifacts with the manifests of what saved a database in an earlier run.
pub(super) const SAVED: &str = "saved";
/// The folder of a part's artifacts with what the release before had rendered, where it is needed to go back to it.
pub(super) const BEFORE: &str = "before";

impl DataMove {
    /// Lists what is needed to put data back beside what is rendered: where it was saved may be answered otherwise now.
    pub fn artifacts(&self) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let Self::PutBack(saved) = self else {
            return artifacts;
        };
        for saved in saved.values() {
            if let Saved::Job { part, job, text } = saved {
                artifacts.add(Utf8Path::new(part).join(again(job).manifest), text.clone());
            }
        }
        artifacts
    }
}

/// Says how what was saved is put back: the manifest of then is an artifact of its own.
pub(super) fn again(job: &DatabaseJob) -> DatabaseJob {
    DatabaseJob {
        manifest: Utf8Path::new(SAVED).join(&job.manifest),
        ..job.clone()
    }
}
