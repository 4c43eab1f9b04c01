//! Everything that is remembered of one installation.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8PathBuf;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::run_journal::{log_key, record_key};
use super::store::check_key;
use super::{
    Acquired, Clock, FORMAT, Holder, Journal, JournalError, LockGuard, LockTerms, Record, RunAbout, RunId,
    RunState, Store, format,
};
use crate::plan::{Plan, StepId};

/// How many records are read at once: object stores answer slowly, but many at a time.
const READ_AT_ONCE: usize = 16;

/// Everything that is remembered of one installation.
#[derive(Clone)]
pub struct Installation {
    pub(super) store: Arc<dyn Store>,
    name: String,
    clock: Arc<dyn Clock>,
    pub(super) terms: LockTerms,
}

/// A run that is about to begin.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id, from [`Installation::new_run_id`].
    pub id: RunId,
    /// The command line, with everything secret taken out.
    pub argv: Vec<String>,
    /// The run that it follows.
    pub parent: Option<RunId>,
    /// What was approved.
    pub plan: Plan,
    /// The deployment as YAML, with secrets only as references.
    pub deployment: String,
    /// What was rendered.
    pub artifacts: BTreeMap<Utf8PathBuf, Bytes>,
    /// The same for each release on the way, by its version.
    pub stages: BTreeMap<String, StageFiles>,
}

/// What a run brings up on its way and leaves again.
#[derive(Debug, Clone)]
pub struct StageFiles {
    /// The deployment as YAML, with secrets only as references.
    pub deployment: String,
    /// What was rendered.
    pub artifacts: BTreeMap<Utf8PathBuf, Bytes>,
}

/// A run as it was recorded.
#[derive(Debug, Clone)]
pub struct RecordedRun {
    /// What is known of it from its beginning.
    pub about: RunAbout,
    /// What was approved.
    pub plan: Arc<Plan>,
    /// What happened.
    pub records: Vec<Record>,
    /// What that adds up to.
    pub state: RunState,
}

impl Installation {
    /// Names an installation within a store.
    ///
    /// # Errors
    /// [`JournalError::Key`] when the name cannot be a folder.
    pub fn new(
        store: Arc<dyn Store>,
        name: &str,
        clock: Arc<dyn Clock>,
        terms: LockTerms,
    ) -> Result<Self, JournalError> {
        check_key(name)?;
        Ok(Self {
            store,
            name: name.to_owned(),
            clock,
            terms,
        })
    }

    /// Says where the installation's state lies, for people.
    pub fn place(&self) -> String {
        self.store.place(&self.name)
    }

    /// Takes the lock, waiting as long as the terms say.
    ///
    /// # Errors
    /// [`JournalError::Held`] when somebody else has it still, or why it could not be taken.
    pub async fn lock(&self, holder: Holder) -> Result<Acquired, JournalError> {
        let began = Instant::now();
        loop {
            let tried = self
                .store
                .try_lock(&self.key("lock"), holder.clone(), &self.terms, self.clock.clone())
                .await;
            let left = self.terms.wait.saturating_sub(began.elapsed());
            match tried {
                Err(JournalError::Held(_) | JournalError::HeldByUnknown { .. }) if !left.is_zero() => {
                    tokio::time::sleep(self.terms.poll.min(left)).await;
                }
                other => return other,
            }
        }
    }

    /// Returns who is at work now, if anybody is.
    ///
    /// # Errors
    /// [`JournalError`] when the store cannot be read.
    pub async fn lock_holder(&self) -> Result<Option<Holder>, JournalError> {
        self.store.lock_holder(&self.key("lock"), &self.terms).await
    }

    /// Returns all runs, the oldest first.
    ///
    /// Folders of the wrong name are none of ours; a folder without `run.json` is a run that was never begun, and is
    /// told when it is read.
    ///
    /// # Errors
    /// [`JournalError`] when the store cannot be read.
    pub async fn runs(&self) -> Result<Vec<RunId>, JournalError> {
        let names = self.store.folders(&self.key("runs")).await?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Finds a run by the beginning of its id.
    ///
    /// # Errors
    /// [`JournalError::UnknownRun`] or [`JournalError::AmbiguousRun`].
    pub async fn find(&self, prefix: &str) -> Result<RunId, JournalError> {
        let mut runs = self.runs().await?;
        runs.retain(|run| run.as_str().starts_with(prefix));
        match runs.len() {
            0 => Err(JournalError::UnknownRun {
                prefix: prefix.to_owned(),
            }),
            1 => Ok(runs.remove(0)),
            _ => Err(JournalError::AmbiguousRun {
                prefix: prefix.to_owned(),
                runs,
            }),
        }
    }

    /// Makes the id of a new run: it sorts after all there are.
    ///
    /// # Errors
    /// [`JournalError`] when the store cannot be read.
    pub async fn new_run_id(&self, random: [u8; 2]) -> Result<RunId, JournalError> {
        Ok(RunId::after(self.runs().await?.last(), self.clock.now(), random))
    }

    /// Writes down a new run. Nothing has happened in it yet: the engine's first record begins it.
    ///
    /// # Errors
    /// [`JournalError`] when the lock is lost, the plan is not whole or something cannot be written.
    pub async fn begin(&self, new: NewRun, guard: &mut LockGuard) -> Result<Journal, JournalError> {
        let NewRun {
            id,
            argv,
            parent,
            plan,
            deployment,
            artifacts,
            stages,
        } = new;
        let folder = self.run_folder(&id);
        plan.check().map_err(|source| JournalError::Plan {
            place: self.store.place(&folder),
            source,
        })?;
        guard.describe_run(&id).await?;
        let about = self.about_new(id, argv, parent, &plan, guard.holder());
        self.create(&format!("{folder}/plan.json"), self.json(&folder, &plan)?)
            .await?;
        self.create_stage(
            &folder,
            StageFiles {
                deployment,
                artifacts,
            },
        )
        .await?;
        for (version, stage) in stages {
            self.create_stage(&format!("{folder}/stages/{version}"), stage)
                .await?;
        }
        // Last: from here on there is a run.
        self.create(&format!("{folder}/run.json"), self.json(&folder, &about)?)
            .await?;
        let recorded = RecordedRun {
            about,
            state: RunState::new(&plan),
            plan: Arc::new(plan),
            records: Vec::new(),
        };
        Ok(self.journal(recorded, guard))
    }

    async fn create_stage(&self, folder: &str, stage: StageFiles) -> Result<(), JournalError> {
        let StageFiles {
            deployment,
            artifacts,
        } = stage;
        self.create(&format!("{folder}/deployment.yaml"), deployment.into())
            .await?;
        for (path, bytes) in artifacts {
            self.create(&format!("{folder}/artifacts/{path}"), bytes).await?;
        }
        Ok(())
    }

    fn about_new(
        &self,
        id: RunId,
        argv: Vec<String>,
        parent: Option<RunId>,
        plan: &Plan,
        holder: &Holder,
    ) -> RunAbout {
        RunAbout {
            format: FORMAT,
            id,
            landfall: holder.version.clone(),
            who: holder.who.clone(),
            host: holder.host.clone(),
            argv,
            parent,
            purpose: plan.purpose,
            plan: plan.hash,
            started: self.clock.now(),
        }
    }

    /// Opens a run's journal to go on with it.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read, or says what cannot have happened.
    pub async fn open(&self, id: &RunId, guard: &mut LockGuard) -> Result<Journal, JournalError> {
        guard.describe_run(id).await?;
        Ok(self.journal(self.read(id).await?, guard))
    }

    fn journal(&self, recorded: RecordedRun, guard: &LockGuard) -> Journal {
        let RecordedRun {
            about,
            plan,
            records: _,
            state,
        } = recorded;
        Journal {
            store: self.store.clone(),
            folder: self.run_folder(&about.id),
            clock: self.clock.clone(),
            lock: guard.watch(),
            about,
            plan,
            state,
        }
    }

    /// Reads a run.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read, or says what cannot have happened.
    pub async fn read(&self, id: &RunId) -> Result<RecordedRun, JournalError> {
        let folder = self.run_folder(id);
        let about = self.about(id).await?;
        let key = format!("{folder}/plan.json");
        let place = self.store.place(&key);
        let plan: Plan =
            serde_json::from_slice(&self.required(&key).await?).map_err(|source| JournalError::Parse {
                place: place.clone(),
                source,
            })?;
        plan.check().map_err(|source| JournalError::Plan {
            place: place.clone(),
            source,
        })?;
        if plan.hash != about.plan {
            let (carried, actual) = (about.plan.to_string(), plan.hash.to_string());
            let source = crate::plan::PlanError::Changed { carried, actual };
            return Err(JournalError::Plan { place, source });
        }
        let records = self.records(&folder).await?;
        let mut state = RunState::new(&plan);
        for record in &records {
            let place = self.store.place(&record_key(&folder, record.sequence));
            let sequence = state.next_sequence();
            state.apply(record).map_err(|source| JournalError::Impossible {
                sequence,
                place,
                source,
            })?;
        }
        Ok(RecordedRun {
            about,
            plan: Arc::new(plan),
            records,
            state,
        })
    }

    /// Reads what is known of a run from its beginning, or nothing when it was never begun.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub async fn begun(&self, id: &RunId) -> Result<Option<RunAbout>, JournalError> {
        match self.about(id).await {
            Ok(about) => Ok(Some(about)),
            Err(JournalError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn about(&self, id: &RunId) -> Result<RunAbout, JournalError> {
        let key = format!("{}/run.json", self.run_folder(id));
        format::read(&self.store.place(&key), &self.required(&key).await?)
    }

    async fn records(&self, folder: &str) -> Result<Vec<Record>, JournalError> {
        let keys = self.store.list(&format!("{folder}/journal")).await?;
        stream::iter(keys)
            .map(|key| async move {
                let record: Record = format::read(&self.store.place(&key), &self.required(&key).await?)?;
                // Renamed or copied: the number inside is what counts, and the two must not differ.
                if key == record_key(folder, record.sequence) {
                    return Ok(record);
                }
                Err(JournalError::Missing {
                    place: self.store.place(&record_key(folder, record.sequence)),
                })
            })
            .buffered(READ_AT_ONCE)
            .try_collect()
            .await
    }

    /// Reads the deployment of a run, as YAML.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub async fn deployment(&self, id: &RunId) -> Result<Bytes, JournalError> {
        self.required(&format!("{}/deployment.yaml", self.run_folder(id)))
            .await
    }

    /// Reads what was rendered for a run.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub async fn artifacts(&self, id: &RunId) -> Result<BTreeMap<Utf8PathBuf, Bytes>, JournalError> {
        self.artifacts_in(&self.run_folder(id)).await
    }

    /// Reads what a run brings up on its way, by version.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub async fn stages(&self, id: &RunId) -> Result<BTreeMap<String, StageFiles>, JournalError> {
        let folder = format!("{}/stages", self.run_folder(id));
        let mut stages = BTreeMap::new();
        for version in self.store.folders(&folder).await? {
            let folder = format!("{folder}/{version}");
            let deployment = self.required(&format!("{folder}/deployment.yaml")).await?;
            let stage = StageFiles {
                deployment: String::from_utf8_lossy(&deployment).into_owned(),
                artifacts: self.artifacts_in(&folder).await?,
            };
            stages.insert(version, stage);
        }
        Ok(stages)
    }

    async fn artifacts_in(&self, folder: &str) -> Result<BTreeMap<Utf8PathBuf, Bytes>, JournalError> {
        let folder = format!("{folder}/artifacts");
        let mut artifacts = BTreeMap::new();
        for key in self.store.list(&folder).await? {
            let path = key.strip_prefix(&folder).unwrap_or(&key).trim_start_matches('/');
            artifacts.insert(path.into(), self.required(&key).await?);
        }
        Ok(artifacts)
    }

    /// Reads what the programs of a step said in a run, if they said anything.
    ///
    /// # Errors
    /// [`JournalError`] when it cannot be read.
    pub async fn log(&self, id: &RunId, step: &StepId) -> Result<Option<Bytes>, JournalError> {
        self.store.get(&log_key(&self.run_folder(id), step)).await
    }

    fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    fn run_folder(&self, id: &RunId) -> String {
        self.key(&format!("runs/{id}"))
    }

    fn json(&self, place: &str, value: &impl serde::Serialize) -> Result<Bytes, JournalError> {
        let bytes = serde_json::to_vec_pretty(value);
        bytes.map(Bytes::from).map_err(|source| JournalError::Parse {
            place: self.store.place(place),
            source,
        })
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        self.store.create(key, bytes).await
    }

    async fn required(&self, key: &str) -> Result<Bytes, JournalError> {
        let found = self.store.get(key).await?;
        found.ok_or_else(|| JournalError::Missing {
            place: self.store.place(key),
        })
    }
}

impl fmt::Debug for Installation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Installation")
            .field("store", &self.store)
            .field("name", &self.name)
            .finish()
    }
}
