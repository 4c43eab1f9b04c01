//! What the engine tells, how much it does at once, and whose lock it trusts.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use object_store::memory::InMemory;

use super::testing::*;
use super::*;
use crate::journal::testing::{begin, chain, holder, id, installation, memory, new_run, plan, step};
use crate::journal::{
    Forward, Installation, JournalError, LockTerms, ObjectStore, RecordKind, StepOutput, Store,
};
use crate::plan::Step;

#[tokio::test]
async fn what_is_told_is_what_is_recorded_in_order_and_logs_are_kept() {
    let (plan, world) = (chain(&["a", "b"]), Arc::default());
    let demo = installation(memory());
    let (mut journal, _lock) = begin(&demo, plan.clone()).await;
    let (events, mut receiver) = Events::channel(1);
    let told = tokio::spawn(async move {
        let mut records = Vec::new();
        while let Some(event) = receiver.recv().await {
            if let Event::Recorded(record) = event {
                records.push(record);
            }
        }
        records
    });
    let fake = Arc::new(FakePerformer::new(&plan, &world));
    engine()
        .run(&mut journal, fake, &events, &Cancel::new())
        .await
        .unwrap();
    drop(events);
    let recorded = demo.read(journal.id()).await.unwrap();
    assert_eq!(told.await.unwrap(), recorded.records);
    assert_eq!(recorded.records.len(), 6);
    assert_eq!(
        demo.log(journal.id(), &id("a")).await.unwrap().unwrap(),
        "doing a/do\n"
    );
}

/// Waits in every step until so many are under way at once, or for long.
struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
    full: usize,
}

#[async_trait]
impl Performer for Crowd {
    async fn perform(&self, _: &Step, _: &StepContext) -> Result<StepOutcome, StepError> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(now, Ordering::Relaxed);
        while self.most.load(Ordering::Relaxed) < self.full {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::Relaxed);
        Ok(StepOutcome::Done(StepOutput::new()))
    }
    async fn revert(&self, _: &Step, _: Option<&StepOutput>, _: &StepContext) -> Result<(), UndoError> {
        Ok(())
    }
}

#[tokio::test]
async fn as_many_steps_as_allowed_are_done_at_once_and_no_more() {
    let plan = plan(
        ["a", "b", "c", "d", "e", "f", "g"]
            .map(|name| step(name, &[]))
            .into(),
    );
    for limit in [1, 3] {
        let (mut journal, _lock) = begin(&installation(memory()), plan.clone()).await;
        let crowd = Arc::new(Crowd {
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            full: limit,
        });
        let engine = Engine { limit, ..engine() };
        engine
            .run(&mut journal, crowd.clone(), &Events::none(), &Cancel::new())
            .await
            .unwrap();
        assert_eq!(crowd.most.load(Ordering::Relaxed), limit);
    }
}

#[tokio::test]
async fn a_lost_lease_stops_the_run_before_the_next_step() {
    let store = Arc::new(ObjectStore::over(Arc::new(InMemory::new()), ""));
    let terms = LockTerms {
        renew: Duration::from_millis(10),
        ..LockTerms::default()
    };
    let clock = Arc::new(jiff::Timestamp::now);
    let demo = Installation::new(store.clone(), "demo", clock, terms).unwrap();
    let mut lock = demo.lock(holder("ann")).await.unwrap();
    let plan = chain(&["a", "b"]);
    let run = new_run(demo.new_run_id([0, 1]).await.unwrap(), plan);
    let mut journal = demo.begin(run, &mut lock.guard).await.unwrap();

    struct Thief(Arc<ObjectStore>, Mutex<BTreeSet<String>>);
    #[async_trait]
    impl Performer for Thief {
        async fn perform(&self, step: &Step, _: &StepContext) -> Result<StepOutcome, StepError> {
            self.1.lock().unwrap().insert(step.id.to_string());
            let bob = serde_json::to_vec(&holder("bob")).unwrap();
            self.0.replace("demo/lock", bob.into()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(StepOutcome::Done(StepOutput::new()))
        }
        async fn revert(&self, _: &Step, _: Option<&StepOutput>, _: &StepContext) -> Result<(), UndoError> {
            Ok(())
        }
    }
    let thief = Arc::new(Thief(store, Mutex::default()));
    let ended = engine()
        .run(&mut journal, thief.clone(), &Events::none(), &Cancel::new())
        .await;
    let Err(RunError::Record {
        source: JournalError::LockLost { because },
        ..
    }) = ended
    else {
        panic!("{ended:?}")
    };
    assert!(because.starts_with("taken over by bob@here"), "{because}");
    assert_eq!(
        *thief.1.lock().unwrap(),
        [id("a").to_string()].into(),
        "nothing more was started"
    );
    let recorded = demo.read(journal.id()).await.unwrap();
    assert_eq!(recorded.state.step(&id("a")).unwrap().forward, Forward::Running);
    assert!(matches!(
        recorded.records.last().unwrap().kind,
        RecordKind::StepStarted { .. }
    ));
}
