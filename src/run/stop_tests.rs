//! Being stopped: by a person, by an undo that fails, by a disk that is full.

use super::matrix_tests::{all, assert_rolled_back, assert_succeeded, history, plans, present, world};
use super::testing::*;
use super::*;
use crate::journal::testing::{chain, id, installation, memory, plan, step};
use crate::journal::{RecordKind, RunStatus};
use crate::plan::{StepId, Undo};

#[tokio::test]
async fn a_stop_at_any_step_finishes_what_runs_and_can_be_resumed_or_rolled_back() {
    for plan in plans() {
        for at in all(&plan) {
            for verb in [Verb::Resume, Verb::Rollback] {
                let (store, world) = (memory(), world());
                let fake = FakePerformer::new(&plan, &world);
                *fake.cancel_at.lock().unwrap() = Some((at.clone(), Level::Soft));
                let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
                assert!(present(&world).contains(&at), "what runs is finished");
                if ended.unwrap().unwrap() == Outcome::Succeeded {
                    assert_eq!(present(&world), all(&plan), "it was the last that ran");
                    continue;
                }
                assert_eq!(history(&store).await.last.unwrap().status, RunStatus::Interrupted);
                let fake = FakePerformer::new(&plan, &world);
                go_on(&store, &run_id, verb, fake, (Fault::None, 0))
                    .await
                    .unwrap()
                    .unwrap();
                match verb {
                    Verb::Rollback => assert_rolled_back(&store, &run_id, &world).await,
                    _ => assert_succeeded(&store, &plan, &world).await,
                }
            }
        }
    }
}

#[tokio::test]
async fn a_forced_stop_ends_what_runs_whether_it_listens_or_not() {
    for plan in plans() {
        for at in all(&plan) {
            for trouble in [Trouble::Hang, Trouble::Deaf] {
                let (store, world) = (memory(), world());
                let fake = FakePerformer::new(&plan, &world).with(&at, trouble);
                *fake.cancel_at.lock().unwrap() = Some((at.clone(), Level::Forced));
                let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
                assert_eq!(ended.unwrap().unwrap(), Outcome::Interrupted);
                let recorded = installation(store.clone()).read(&run_id).await.unwrap();
                let stopped = RecordKind::StepInterrupted { step: at.clone() };
                assert!(recorded.records.iter().any(|record| record.kind == stopped));
                let fake = FakePerformer::new(&plan, &world);
                go_on(&store, &run_id, Verb::Resume, fake, (Fault::None, 0))
                    .await
                    .unwrap()
                    .unwrap();
                assert_succeeded(&store, &plan, &world).await;
            }
        }
    }
}

#[tokio::test]
async fn an_undo_that_fails_is_tried_three_times_and_then_a_person_is_asked() {
    let plan = chain(&["a", "b", "c"]);
    for (at, left) in [("a", vec!["a"]), ("b", vec!["a", "b"])] {
        for times in [2, 3] {
            let (store, world) = (memory(), world());
            let fake = || {
                FakePerformer::new(&plan, &world)
                    .with(&id("c"), Trouble::After)
                    .with(&id(at), Trouble::Undo(times))
            };
            let (run_id, ended) = run(&store, &plan, fake(), Fault::None, 0).await;
            if times == 2 {
                assert_rolled_back(&store, &run_id, &world).await;
                continue;
            }
            let Outcome::Stuck { step, because } = ended.unwrap().unwrap() else {
                panic!("not stuck")
            };
            assert_eq!(step, id(at));
            let expected = format!(
                "step `{at}/do` could not be taken back: will not go; before that: step `c/do` failed: broke off half-way"
            );
            assert_eq!(because, expected);
            assert_eq!(
                present(&world),
                left.iter().copied().map(id).collect(),
                "what lies under it is not touched"
            );
            assert!(matches!(
                history(&store).await.last.unwrap().status,
                RunStatus::Stuck { .. }
            ));
            // A person has looked at it, and it goes now.
            let fake = FakePerformer::new(&plan, &world);
            let ended = go_on(&store, &run_id, Verb::Resume, fake, (Fault::None, 0)).await;
            assert!(matches!(ended, Some(Ok(Outcome::RolledBack { .. }))));
            assert_rolled_back(&store, &run_id, &world).await;
        }
    }
}

#[tokio::test]
async fn what_cannot_be_taken_back_asks_a_person_before_anything_is() {
    let mut steps = [
        step("a", &[]),
        step("b", &["a"]),
        step("c", &["b"]),
        step("d", &["c"]),
    ];
    steps[1].undo = Undo::Impossible("the data is gone".to_owned());
    let plan = plan(steps.into());
    let (store, world) = (memory(), world());
    let fake = FakePerformer::new(&plan, &world).with(&id("d"), Trouble::Clean);
    let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
    let Outcome::Stuck { step, because } = ended.unwrap().unwrap() else {
        panic!("not stuck")
    };
    assert_eq!(step, id("b"));
    assert!(
        because.starts_with("step `b/do` cannot be taken back: the data is gone"),
        "{because}"
    );
    assert_eq!(
        present(&world),
        ["a", "b", "c"].map(id).into(),
        "nothing was taken back"
    );
    // So it can go on once the cause is mended.
    let fake = FakePerformer::new(&plan, &world);
    let refused = go_on(&store, &run_id, Verb::Rollback, fake, (Fault::None, 0)).await;
    assert!(matches!(refused, Some(Err(RunError::NotBack { .. }))));
    let fake = FakePerformer::new(&plan, &world);
    let ended = go_on(&store, &run_id, Verb::Retry, fake, (Fault::None, 0)).await;
    assert_eq!(ended.unwrap().unwrap(), Outcome::Succeeded);
    assert_eq!(present(&world), all(&plan));
}

#[tokio::test]
async fn what_need_not_be_taken_back_is_passed_over() {
    let mut steps = [step("a", &[]), step("b", &["a"]), step("c", &["b"])];
    steps[0].undo = Undo::Nothing("it only looks".to_owned());
    steps[1].undo = Undo::Nothing("it only looks".to_owned());
    let plan = plan(steps.into());
    let (store, world) = (memory(), world());
    let fake = FakePerformer::new(&plan, &world).with(&id("c"), Trouble::Clean);
    let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
    assert!(matches!(ended.unwrap().unwrap(), Outcome::RolledBack { .. }));
    let recorded = installation(store).read(&run_id).await.unwrap();
    let skipped = |record: &crate::journal::Record| matches!(record.kind, RecordKind::UndoSkipped { .. });
    assert_eq!(
        recorded.records.iter().filter(|record| skipped(record)).count(),
        3
    );
}

#[tokio::test]
async fn a_record_that_cannot_be_written_stops_the_run_and_nothing_starts_without_one() {
    for plan in plans() {
        for after in 0.. {
            let (store, world) = (memory(), world());
            let fake = FakePerformer::new(&plan, &world);
            let (run_id, ended) = run(&store, &plan, fake, Fault::Full, after).await;
            let Err(error) = ended.unwrap() else { break };
            assert!(
                chain_text(&error).contains("make room, then run `landfall resume`"),
                "{error:?}"
            );
            let recorded = installation(store.clone()).read(&run_id).await.unwrap();
            let started = |step: &&StepId| recorded.state.step(step).unwrap().attempts == 0;
            assert_eq!(
                present(&world).iter().find(started),
                None,
                "done without a record"
            );
            let fake = FakePerformer::new(&plan, &world);
            go_on(&store, &run_id, Verb::Resume, fake, (Fault::None, 0))
                .await
                .unwrap()
                .unwrap();
            assert_succeeded(&store, &plan, &world).await;
        }
    }
}

#[tokio::test]
async fn a_run_that_is_over_is_not_gone_on_with() {
    let (plan, store, world) = (chain(&["a"]), memory(), world());
    let (run_id, _) = run(&store, &plan, FakePerformer::new(&plan, &world), Fault::None, 0).await;
    for verb in [Verb::Resume, Verb::Rollback] {
        let fake = FakePerformer::new(&plan, &world);
        let ended = go_on(&store, &run_id, verb, fake, (Fault::None, 0))
            .await
            .unwrap();
        assert!(matches!(ended, Err(RunError::Over { .. })));
    }
    let fake = FakePerformer::new(&plan, &world);
    let ended = go_on(&store, &run_id, Verb::Run, fake, (Fault::None, 0))
        .await
        .unwrap();
    assert!(matches!(ended, Err(RunError::Begun { .. })));
}

#[tokio::test]
async fn a_plan_of_nothing_succeeds() {
    let (plan, store, world) = (plan(Vec::new()), memory(), world());
    let (_, ended) = run(&store, &plan, FakePerformer::new(&plan, &world), Fault::None, 0).await;
    assert_eq!(ended.unwrap().unwrap(), Outcome::Succeeded);
}
