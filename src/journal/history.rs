//! The fold of all runs: what is installed, and whether something is unfinished.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Finish, Holder, Installation, JournalError, RecordedRun, RunAbout, RunId, RunState, StepOutput};
use crate::oci::Digest;
use crate::plan::{Purpose, StepId};

/// How a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Somebody is at work on it.
    Running,
    /// Stopped half-way; it can be resumed or rolled back.
    Interrupted,
    /// Done.
    Succeeded,
    /// Failed before anything was changed.
    Failed {
        /// What went wrong.
        because: String,
    },
    /// Failed, and everything was taken back.
    RolledBack {
        /// What went wrong.
        because: String,
    },
    /// Failed, and needs a person.
    Stuck {
        /// The step that cannot be taken back.
        step: StepId,
        /// Why.
        because: String,
    },
}

impl std::fmt::Display for RunStatus {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted, resumable",
            Self::Succeeded => "succeeded",
            Self::Failed { .. } => "failed, nothing changed",
            Self::RolledBack { .. } => "rolled back",
            Self::Stuck { .. } => "stuck, needs a person",
        })
    }
}

impl RunStatus {
    /// Folds a run's records, and who is at work on the installation.
    ///
    /// A holder who has not said yet on which run he works may be about to go on with this one, unless it is this
    /// process itself: whoever takes the lock to go on with a run must find it unfinished.
    pub fn fold(id: &RunId, state: &RunState, holder: Option<&Holder>) -> Self {
        let works_on_it = |holder: &Holder| match holder.run.as_deref() {
            Some(run) => run == id.as_str(),
            None => !holder.is_looking_itself(),
        };
        let at_work = holder.is_some_and(works_on_it);
        match state.finish() {
            None if at_work => Self::Running,
            None => Self::Interrupted,
            Some(Finish::Succeeded) => Self::Succeeded,
            Some(Finish::Failed { because }) => Self::Failed {
                because: because.clone(),
            },
            Some(Finish::RolledBack { because }) => Self::RolledBack {
                because: because.clone(),
            },
            Some(Finish::Stuck { step, because }) => Self::Stuck {
                step: step.clone(),
                because: because.clone(),
            },
        }
    }
}

/// A run in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunSummary {
    /// What is known of it from its beginning.
    pub about: RunAbout,
    /// What it brings, for people.
    pub release: String,
    /// How it stands.
    pub status: RunStatus,
    /// How many steps are done and not taken back.
    pub done: usize,
    /// How many steps there are.
    pub steps: usize,
}

impl RunSummary {
    fn fold(recorded: &RecordedRun, holder: Option<&Holder>) -> Self {
        let RecordedRun {
            about,
            plan,
            records: _,
            state,
        } = recorded;
        let in_place = state
            .steps()
            .values()
            .filter(|step| step.is_done() && !step.is_taken_back());
        Self {
            about: about.clone(),
            release: plan.release.clone(),
            status: RunStatus::fold(&about.id, state, holder),
            done: in_place.count(),
            steps: plan.steps.len(),
        }
    }
}

/// What is installed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Installed {
    /// The run that installed it.
    pub run: RunId,
    /// The product's name and version, for people.
    pub release: String,
    /// The deployment's digest.
    pub deployment_digest: Digest,
    /// The artifacts' digest.
    pub artifacts_digest: Digest,
    /// The deployment.
    pub deployment: Value,
    /// What the steps of that run gave.
    pub outputs: BTreeMap<StepId, StepOutput>,
}

/// The fold of all runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct History {
    /// The last run.
    pub last: Option<RunSummary>,
    /// The last run, when it stopped half-way or is stuck, and nobody is working on it: to be resumed or rolled back
    /// first.
    pub unfinished: Option<RunId>,
    /// What is installed: the last that was brought up and not removed since.
    pub installed: Option<Installed>,
    /// Whether what is installed was stopped and not started since.
    pub stopped: bool,
}

impl Installation {
    /// Folds all runs, the newest first, reading no further back than what is installed.
    ///
    /// # Errors
    /// [`JournalError`] when a run that matters cannot be read.
    pub async fn history(&self) -> Result<History, JournalError> {
        let holder = self.lock_holder().await?;
        let mut history = History::default();
        let mut stopped = None;
        for id in self.runs().await?.into_iter().rev() {
            let Some(about) = self.begun(&id).await? else {
                continue;
            };
            // Whether the product runs has no part in what is installed.
            let installs = about.purpose.installs();
            if history.last.is_some() && stopped.is_some() && !installs {
                continue;
            }
            let recorded = self.read(&id).await?;
            if history.last.is_none() {
                let summary = RunSummary::fold(&recorded, holder.as_ref());
                let open = matches!(summary.status, RunStatus::Interrupted | RunStatus::Stuck { .. });
                history.unfinished = open.then(|| id.clone());
                history.last = Some(summary);
            }
            if recorded.state.finish() != Some(&Finish::Succeeded) {
                continue;
            }
            if about.purpose != Purpose::Prune {
                stopped.get_or_insert(about.purpose == Purpose::Stop);
            }
            if installs {
                if about.purpose != Purpose::Destroy {
                    history.stopped = stopped == Some(true);
                    history.installed = Some(self.installed(recorded).await?);
                }
                break;
            }
        }
        Ok(history)
    }

    /// Sums up all runs, the newest first.
    ///
    /// # Errors
    /// [`JournalError`] when a run cannot be read.
    pub async fn summaries(&self) -> Result<Vec<RunSummary>, JournalError> {
        let holder = self.lock_holder().await?;
        let mut summaries = Vec::new();
        for id in self.runs().await?.into_iter().rev() {
            if self.begun(&id).await?.is_some() {
                summaries.push(RunSummary::fold(&self.read(&id).await?, holder.as_ref()));
            }
        }
        Ok(summaries)
    }

    async fn installed(&self, recorded: RecordedRun) -> Result<Installed, JournalError> {
        let RecordedRun {
            about,
            plan,
            records: _,
            state,
        } = recorded;
        let text = self.deployment(&about.id).await?;
        let deployment = serde_yaml::from_slice(&text).map_err(|source| JournalError::Read {
            place: self.store.place(&format!("the deployment of run {}", about.id)),
            source: source.into(),
        })?;
        Ok(Installed {
            run: about.id,
            release: plan.release.clone(),
            deployment_digest: plan.deployment,
            artifacts_digest: plan.artifacts,
            deployment,
            outputs: state.outputs(),
        })
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
