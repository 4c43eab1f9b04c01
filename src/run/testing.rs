//! A world that steps change, a performer with a script, and a store with a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use super::*;
use crate::journal::testing::{begin, holder, installation};
use crate::journal::{
    Acquired, Clock, Holder, Installation, Journal, JournalError, LockTerms, Log, RunId, StepOutput, Store,
};
use crate::plan::{Plan, Step, StepId};

/// What steps change. Survives crashes of the engine.
#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) present: BTreeSet<StepId>,
    pub(super) performed: Vec<StepId>,
    pub(super) reverted: Vec<StepId>,
}

/// What goes wrong with a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Fails before it changes anything, and says so.
    Clean,
    /// Fails before it changes anything, without knowing that.
    Before,
    /// Fails after it has changed something.
    After,
    /// Has a bug.
    Panic,
    /// Goes on until it is told to stop.
    Hang,
    /// Goes on whatever it is told.
    Deaf,
    /// Cannot be taken back so many times.
    Undo(u32),
}

/// Changes the world by a script. Everything may be called twice.
#[derive(Debug, Default)]
pub(super) struct FakePerformer {
    pub(super) world: Arc<Mutex<World>>,
    pub(super) needs: BTreeMap<StepId, BTreeSet<StepId>>,
    pub(super) troubles: Mutex<BTreeMap<StepId, Trouble>>,
    /// Does and takes back everything twice.
    pub(super) twice: bool,
    /// Asks for a stop when this step begins.
    pub(super) cancel_at: Mutex<Option<(StepId, Level)>>,
}

impl FakePerformer {
    pub(super) fn new(plan: &Plan, world: &Arc<Mutex<World>>) -> Self {
        let needs = plan
            .steps
            .iter()
            .map(|step| (step.id.clone(), step.needs.clone()))
            .collect();
        Self {
            world: world.clone(),
            needs,
            ..Self::default()
        }
    }

    pub(super) fn with(self, step: &StepId, trouble: Trouble) -> Self {
        self.troubles.lock().unwrap().insert(step.clone(), trouble);
        self
    }

    fn trouble(&self, step: &StepId) -> Option<Trouble> {
        self.troubles.lock().unwrap().get(step).copied()
    }

    fn once(&self, step: &StepId) -> StepOutcome {
        let mut world = self.world.lock().unwrap();
        assert!(
            self.needs[step].is_subset(&world.present),
            "{step} was done before what it needs"
        );
        let output: StepOutput = [("made".to_owned(), step.as_str().into())].into();
        if world.present.insert(step.clone()) {
            world.performed.push(step.clone());
            return StepOutcome::Done(output);
        }
        StepOutcome::Skipped {
            because: "it is there".to_owned(),
            output,
        }
    }

    fn undo_once(&self, step: &StepId) {
        let mut world = self.world.lock().unwrap();
        let builds_on = |other: &&StepId| self.needs[*other].contains(step);
        assert_eq!(
            world.present.iter().find(builds_on),
            None,
            "{step} was taken back under another"
        );
        if world.present.remove(step) {
            world.reverted.push(step.clone());
        }
    }
}

#[async_trait]
impl Performer for FakePerformer {
    async fn perform(&self, step: &Step, cx: &StepContext) -> Result<StepOutcome, StepError> {
        let cancel_at = self.cancel_at.lock().unwrap().take_if(|(at, _)| *at == step.id);
        if let Some((_, level)) = cancel_at {
            cx.cancel().raise(level);
        }
        for need in &step.needs {
            assert_eq!(cx.value(need, "made").unwrap(), need.as_str());
        }
        cx.line(format!("doing {}", step.id));
        tokio::task::yield_now().await;
        match self.trouble(&step.id) {
            Some(Trouble::Clean) => return Err(StepError::new("refused").nothing_changed()),
            Some(Trouble::Before) => return Err(StepError::new("broke off")),
            Some(Trouble::Panic) => panic!("a bug in {}", step.id),
            Some(Trouble::Hang) => {
                cx.cancel().reached(Level::Forced).await;
                return Err(StepError::new("was told to stop"));
            }
            Some(Trouble::Deaf) => std::future::pending().await,
            _ => {}
        }
        let first = self.once(&step.id);
        if self.twice {
            assert!(matches!(self.once(&step.id), StepOutcome::Skipped { .. }));
        }
        match self.trouble(&step.id) {
            Some(Trouble::After) => Err(StepError::new("broke off half-way")),
            _ => Ok(first),
        }
    }

    async fn revert(&self, step: &Step, _: Option<&StepOutput>, _: &StepContext) -> Result<(), UndoError> {
        if let Some(Trouble::Undo(left @ 1..)) = self.trouble(&step.id) {
            self.troubles
                .lock()
                .unwrap()
                .insert(step.id.clone(), Trouble::Undo(left - 1));
            return Err(UndoError::new("will not go"));
        }
        self.undo_once(&step.id);
        if self.twice {
            self.undo_once(&step.id);
        }
        Ok(())
    }
}

/// What goes wrong with the writing of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// The process dies before the record is written.
    DieBefore,
    /// The process dies after the record is written.
    DieAfter,
    /// The disk is full.
    Full,
}

/// A store in which the writing of one record goes wrong.
#[derive(Debug)]
pub(super) struct FaultyStore {
    inner: Arc<dyn Store>,
    fault: Fault,
    /// How many records are written first.
    after: u64,
    written: AtomicU64,
    pub(super) died: Notify,
}

impl FaultyStore {
    pub(super) fn new(inner: Arc<dyn Store>, fault: Fault, after: u64) -> Self {
        Self {
            inner,
            fault,
            after,
            written: AtomicU64::new(0),
            died: Notify::new(),
        }
    }

    async fn die(&self) {
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

#[async_trait]
impl Store for FaultyStore {
    fn place(&self, key: &str) -> String {
        self.inner.place(key)
    }
    async fn get(&self, key: &str) -> Result<Option<Bytes>, JournalError> {
        self.inner.get(key).await
    }
    async fn list(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        self.inner.list(folder).await
    }
    async fn folders(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        self.inner.folders(folder).await
    }
    async fn create(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        let hit = key.contains("/journal/") && self.written.fetch_add(1, Ordering::Relaxed) >= self.after;
        match self.fault {
            Fault::DieBefore if hit => self.die().await,
            Fault::Full if hit => {
                let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
                return Err(JournalError::DiskFull {
                    place: self.place(key),
                    source,
                });
            }
            _ => {}
        }
        self.inner.create(key, bytes).await?;
        if hit && self.fault == Fault::DieAfter {
            self.die().await;
        }
        Ok(())
    }
    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        self.inner.replace(key, bytes).await
    }
    async fn delete(&self, key: &str) -> Result<(), JournalError> {
        self.inner.delete(key).await
    }
    async fn open_log(&self, key: &str) -> Result<Box<dyn Log>, JournalError> {
        self.inner.open_log(key).await
    }
    async fn try_lock(
        &self,
        key: &str,
        holder: Holder,
        terms: &LockTerms,
        clock: Arc<dyn Clock>,
    ) -> Result<Acquired, JournalError> {
        self.inner.try_lock(key, holder, terms, clock).await
    }
    async fn lock_holder(&self, key: &str, terms: &LockTerms) -> Result<Option<Holder>, JournalError> {
        self.inner.lock_holder(key, terms).await
    }
}

/// An engine that does not wait.
pub(super) fn engine() -> Engine {
    Engine {
        undo_waits: vec![Duration::ZERO; 2],
        grace: Duration::from_millis(20),
        ..Engine::default()
    }
}

/// What is done with a run's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Run,
    Resume,
    Retry,
    Rollback,
    Discard,
}

/// How carrying out ended, or that the process died.
pub(super) type Ended = Option<Result<Outcome, RunError>>;

async fn act(verb: Verb, journal: &mut Journal, fake: FakePerformer) -> Result<Outcome, RunError> {
    let (engine, events, cancel, fake) = (engine(), Events::none(), Cancel::new(), Arc::new(fake));
    let direction = match verb {
        Verb::Run => return engine.run(journal, fake, &events, &cancel).await,
        Verb::Resume => Direction::On,
        Verb::Retry => Direction::Again,
        Verb::Rollback => Direction::Back {
            discard_writes: false,
        },
        Verb::Discard => Direction::Back { discard_writes: true },
    };
    engine
        .take_up(journal, fake, &events, &cancel, ("bob@here", direction))
        .await
}

/// Begins a run and carries it out in a store where something may go wrong.
pub(super) async fn run(
    store: &Arc<dyn Store>,
    plan: &Plan,
    fake: FakePerformer,
    fault: Fault,
    after: u64,
) -> (RunId, Ended) {
    let faulty = Arc::new(FaultyStore::new(store.clone(), fault, after));
    let demo: Installation = installation(faulty.clone());
    let (mut journal, lock) = begin(&demo, plan.clone()).await;
    let id = journal.id().clone();
    let ended = tokio::select! {
        ended = act(Verb::Run, &mut journal, fake) => Some(ended),
        () = faulty.died.notified() => None,
    };
    drop(journal);
    lock.guard.release().await.unwrap();
    (id, ended)
}

/// Opens a run anew and goes on with it, in a store where something may go wrong.
pub(super) async fn go_on(
    store: &Arc<dyn Store>,
    id: &RunId,
    verb: Verb,
    fake: FakePerformer,
    (fault, after): (Fault, u64),
) -> Ended {
    // What the dead one had under way is gone before anybody else looks.
    tokio::task::yield_now().await;
    let faulty = Arc::new(FaultyStore::new(store.clone(), fault, after));
    let demo = installation(faulty.clone());
    let mut lock = demo.lock(holder("bob")).await.unwrap();
    let mut journal = demo.open(id, &mut lock.guard).await.unwrap();
    let ended = tokio::select! {
        ended = act(verb, &mut journal, fake) => Some(ended),
        () = faulty.died.notified() => None,
    };
    lock.guard.release().await.unwrap();
    ended
}
