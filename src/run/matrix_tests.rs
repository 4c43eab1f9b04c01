//! The unwind matrix: everything goes wrong everywhere, and the world is always one of the two that were promised.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::testing::*;
use super::*;
use crate::journal::testing::{chain, id, installation, memory, plan, step};
use crate::journal::{Finish, History, LocalStore, RecordKind, RunId, RunStatus, Store};
use crate::plan::{Plan, StepId};

fn diamond() -> Plan {
    plan(vec![
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["a"]),
        step("d", &["b", "c"]),
    ])
}

fn wide() -> Plan {
    plan(["a", "b", "c", "d", "e", "f"].map(|name| step(name, &[])).into())
}

pub(super) fn plans() -> [Plan; 3] {
    [chain(&["a", "b", "c"]), diamond(), wide()]
}

pub(super) fn world() -> Arc<Mutex<World>> {
    Arc::default()
}

pub(super) fn all(plan: &Plan) -> BTreeSet<StepId> {
    plan.steps.iter().map(|step| step.id.clone()).collect()
}

pub(super) fn present(world: &Arc<Mutex<World>>) -> BTreeSet<StepId> {
    world.lock().unwrap().present.clone()
}

pub(super) async fn history(store: &Arc<dyn Store>) -> History {
    installation(store.clone()).history().await.unwrap()
}

/// Asserts that everything that was done was taken back, once and in reverse, and that the journal says so.
pub(super) async fn assert_rolled_back(store: &Arc<dyn Store>, run: &RunId, world: &Arc<Mutex<World>>) {
    let recorded = installation(store.clone()).read(run).await.unwrap();
    assert!(
        matches!(recorded.state.finish(), Some(Finish::RolledBack { .. })),
        "{:?}",
        recorded.records
    );
    assert_eq!(present(world), BTreeSet::new());
    let (performed, reverted) = {
        let world = world.lock().unwrap();
        (world.performed.clone(), world.reverted.clone())
    };
    let (mut done, mut undone) = (performed, reverted.clone());
    done.sort();
    undone.sort();
    assert_eq!(done, undone, "exactly what was done is taken back, once");
    let finished = |kind: &RecordKind| match kind {
        RecordKind::StepSucceeded { step, .. } => Some(step.clone()),
        _ => None,
    };
    let mut completed: Vec<_> = recorded
        .records
        .iter()
        .filter_map(|record| finished(&record.kind))
        .collect();
    completed.reverse();
    let in_reverse: Vec<_> = reverted
        .into_iter()
        .filter(|step| completed.contains(step))
        .collect();
    completed.retain(|step| in_reverse.contains(step));
    assert_eq!(in_reverse, completed, "the last completed is taken back first");
    assert!(matches!(
        history(store).await.last.unwrap().status,
        RunStatus::RolledBack { .. }
    ));
}

pub(super) async fn assert_succeeded(store: &Arc<dyn Store>, plan: &Plan, world: &Arc<Mutex<World>>) {
    assert_eq!(present(world), all(plan));
    let history = history(store).await;
    assert_eq!(history.last.unwrap().status, RunStatus::Succeeded);
    assert_eq!(history.installed.unwrap().outputs.len(), plan.steps.len());
}

/// Asserts that the world takes a second run.
async fn assert_a_second_run_succeeds(store: &Arc<dyn Store>, plan: &Plan, world: &Arc<Mutex<World>>) {
    let (_, ended) = run(store, plan, FakePerformer::new(plan, world), Fault::None, 0).await;
    assert_eq!(ended.unwrap().unwrap(), Outcome::Succeeded);
    assert_succeeded(store, plan, world).await;
}

async fn fails_at_every_step(store: impl Fn() -> Arc<dyn Store>, plan: &Plan) {
    for failing in all(plan) {
        for trouble in [Trouble::Before, Trouble::After, Trouble::Panic, Trouble::Clean] {
            let (store, world) = (store(), world());
            let fake = FakePerformer::new(plan, &world).with(&failing, trouble);
            let (id, ended) = run(&store, plan, fake, Fault::None, 0).await;
            match ended.unwrap().unwrap() {
                Outcome::RolledBack { because } => {
                    assert!(
                        because.starts_with(&format!("step `{failing}` failed: ")),
                        "{because}"
                    );
                    assert_rolled_back(&store, &id, &world).await;
                }
                Outcome::FailedClean { .. } if trouble == Trouble::Clean => {
                    assert!(world.lock().unwrap().performed.is_empty());
                }
                other => panic!("{failing} {trouble:?}: {other:?}"),
            }
            assert_a_second_run_succeeds(&store, plan, &world).await;
        }
    }
}

#[tokio::test]
async fn a_failure_at_any_step_takes_back_exactly_what_was_done_and_a_second_run_succeeds() {
    for plan in plans() {
        fails_at_every_step(memory, &plan).await;
    }
}

/// Kills the process at every record, both ways, and goes on with a verb; kills that too, once more.
async fn dies_at_every_record(
    store: impl Fn() -> Arc<dyn Store>,
    plan: &Plan,
    failing: Option<(&StepId, Trouble)>,
) {
    for fault in [Fault::DieBefore, Fault::DieAfter] {
        for verb in [Verb::Resume, Verb::Rollback] {
            for after in 0.. {
                let (store, world) = (store(), world());
                let fake = || match failing {
                    Some((step, trouble)) => FakePerformer::new(plan, &world).with(step, trouble),
                    None => FakePerformer::new(plan, &world),
                };
                let (id, ended) = run(&store, plan, fake(), fault, after).await;
                if ended.is_some() {
                    assert!(after > plan.steps.len() as u64, "every record was reached");
                    break;
                }
                if history(&store).await.unfinished.is_none() {
                    continue; // died after the last record: nothing is left to do
                }
                if let Some(Ok(ended)) = go_on(&store, &id, verb, fake(), (fault, 1 + after % 3)).await {
                    assert_ne!(ended, Outcome::Interrupted);
                } else if history(&store).await.unfinished.is_some() {
                    go_on(&store, &id, verb, fake(), (Fault::None, 0))
                        .await
                        .unwrap()
                        .unwrap();
                }
                if verb == Verb::Rollback || failing.is_some() {
                    assert_rolled_back(&store, &id, &world).await;
                } else {
                    assert_succeeded(&store, plan, &world).await;
                }
                assert_a_second_run_succeeds(&store, plan, &world).await;
            }
        }
    }
}

#[tokio::test]
async fn after_a_crash_at_any_record_resume_succeeds_and_rollback_rolls_back() {
    for plan in plans() {
        dies_at_every_record(memory, &plan, None).await;
    }
}

#[tokio::test]
async fn after_a_crash_while_taking_back_both_verbs_end_it() {
    for plan in plans() {
        let last = plan.steps.last().unwrap().id.clone();
        dies_at_every_record(memory, &plan, Some((&last, Trouble::After))).await;
    }
}

#[tokio::test]
async fn the_same_holds_on_a_real_disk() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    let disk = || -> Arc<dyn Store> {
        count.set(count.get() + 1);
        let root = folder.path().join(count.get().to_string());
        Arc::new(LocalStore::new(root.to_str().unwrap()))
    };
    let plan = chain(&["a", "b"]);
    fails_at_every_step(disk, &plan).await;
    dies_at_every_record(disk, &plan, None).await;
    dies_at_every_record(disk, &plan, Some((&id("b"), Trouble::After))).await;
}

#[tokio::test]
async fn everything_may_be_done_and_taken_back_twice() {
    for plan in plans() {
        let (store, world) = (memory(), world());
        let twice = || FakePerformer {
            twice: true,
            ..FakePerformer::new(&plan, &world)
        };
        let last = &plan.steps.last().unwrap().id;
        let (id, _) = run(&store, &plan, twice().with(last, Trouble::After), Fault::None, 0).await;
        assert_rolled_back(&store, &id, &world).await;
        let (_, ended) = run(&store, &plan, twice(), Fault::None, 0).await;
        assert_eq!(ended.unwrap().unwrap(), Outcome::Succeeded);
        assert_succeeded(&store, &plan, &world).await;
    }
}

/// Makes any graph of up to five steps: a step may need any before it.
fn any_plan() -> impl Strategy<Value = Plan> {
    prop::collection::vec(prop::collection::vec(any::<bool>(), 6), 1..=5).prop_map(|rows| {
        let names = ["a", "b", "c", "d", "e", "f"];
        let needs = |row: &[bool], index: usize| -> Vec<&str> {
            (0..index)
                .filter(|before| row[*before])
                .map(|before| names[before])
                .collect()
        };
        let steps = rows
            .iter()
            .enumerate()
            .map(|(index, row)| step(names[index], &needs(row, index)));
        plan(steps.collect())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_unwinds_and_resumes(plan in any_plan(), failing in any::<prop::sample::Index>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            fails_at_every_step(memory, &plan).await;
            let failing = plan.steps[failing.index(plan.steps.len())].id.clone();
            dies_at_every_record(memory, &plan, None).await;
            dies_at_every_record(memory, &plan, Some((&failing, Trouble::After))).await;
        });
    }
}
