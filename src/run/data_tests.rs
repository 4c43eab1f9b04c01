//! Data that users may have written to: put back only while that is safe, or by a person's decision.

use std::collections::BTreeSet;

use super::matrix_tests::{all, assert_succeeded, present, world};
use super::testing::*;
use super::*;
use crate::journal::testing::{id, installation, memory, plan, step};
use crate::journal::{Finish, RecordKind};
use crate::plan::{Plan, Undo};

/// Saves, migrates, lets traffic in, looks.
fn upgrade(or_keep: Option<&str>) -> Plan {
    let mut steps = [
        step("save", &[]),
        step("migrate", &["save"]),
        step("open", &["migrate"]),
        step("look", &["open"]),
    ];
    steps[0].undo = Undo::Nothing("what is saved stays".to_owned());
    steps[1].undo = Undo::Restore {
        how: "restore what was saved".to_owned(),
        or_keep: or_keep.map(str::to_owned),
    };
    steps[2].opens = true;
    steps[3].undo = Undo::Nothing("it only looks".to_owned());
    plan(steps.into())
}

fn names(names: &[&str]) -> BTreeSet<crate::plan::StepId> {
    names.iter().map(|name| id(name)).collect()
}

#[tokio::test]
async fn before_traffic_is_let_in_data_is_put_back_by_itself() {
    for or_keep in [None, Some("the old version works on it")] {
        let plan = upgrade(or_keep);
        let (store, world) = (memory(), world());
        let fake = FakePerformer::new(&plan, &world).with(&id("migrate"), Trouble::After);
        let (_, ended) = run(&store, &plan, fake, Fault::None, 0).await;
        assert!(matches!(ended.unwrap().unwrap(), Outcome::RolledBack { .. }));
        assert_eq!(present(&world), names(&["save"]));
    }
}

#[tokio::test]
async fn afterwards_data_stays_where_the_old_version_works_on_it() {
    let plan = upgrade(Some("the old version works on it"));
    let (store, world) = (memory(), world());
    let fake = FakePerformer::new(&plan, &world).with(&id("look"), Trouble::Before);
    let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
    assert!(matches!(ended.unwrap().unwrap(), Outcome::RolledBack { .. }));
    assert_eq!(present(&world), names(&["save", "migrate"]));
    let kept = RecordKind::UndoSkipped {
        step: id("migrate"),
        because: "the old version works on it".to_owned(),
    };
    let recorded = installation(store).read(&run_id).await.unwrap();
    assert!(recorded.records.iter().any(|record| record.kind == kept));
}

#[tokio::test]
async fn afterwards_nothing_is_taken_back_until_a_person_decides() {
    for (fault_at, trouble) in [("open", Trouble::After), ("look", Trouble::Before)] {
        for (verb, left) in [
            (Verb::Retry, &["save", "migrate", "open", "look"][..]),
            (Verb::Discard, &["save"]),
        ] {
            let plan = upgrade(None);
            let (store, world) = (memory(), world());
            let fake = FakePerformer::new(&plan, &world).with(&id(fault_at), trouble);
            let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
            let Outcome::Stuck { step, because } = ended.unwrap().unwrap() else {
                panic!("not stuck")
            };
            assert_eq!(step, id("migrate"));
            assert!(because.contains("resume --forward") && because.contains("rollback --discard-writes"));
            assert!(present(&world).contains(&id("open")), "nothing was taken back");

            let fake = FakePerformer::new(&plan, &world);
            let refused = go_on(&store, &run_id, Verb::Rollback, fake, (Fault::None, 0)).await;
            assert!(matches!(refused, Some(Err(RunError::NotBack { .. }))));

            let fake = FakePerformer::new(&plan, &world);
            go_on(&store, &run_id, verb, fake, (Fault::None, 0))
                .await
                .unwrap()
                .unwrap();
            assert!(present(&world).is_subset(&names(left)), "{verb:?}");
            if verb == Verb::Retry {
                assert_eq!(present(&world), all(&plan));
                assert_succeeded(&store, &plan, &world).await;
            }
        }
    }
}

#[tokio::test]
async fn a_decision_to_discard_is_remembered_through_a_crash() {
    let plan = upgrade(None);
    let (store, world) = (memory(), world());
    let fake = FakePerformer::new(&plan, &world).with(&id("look"), Trouble::Before);
    let (run_id, _) = run(&store, &plan, fake, Fault::None, 0).await;
    for after in 1..4 {
        let fake = FakePerformer::new(&plan, &world);
        let ended = go_on(&store, &run_id, Verb::Discard, fake, (Fault::DieAfter, after)).await;
        if ended.is_some() {
            break;
        }
    }
    let fake = FakePerformer::new(&plan, &world);
    let ended = go_on(&store, &run_id, Verb::Resume, fake, (Fault::None, 0)).await;
    assert!(matches!(ended, Some(Ok(Outcome::RolledBack { .. }))), "{ended:?}");
    let fake = FakePerformer::new(&plan, &world);
    let again = go_on(&store, &run_id, Verb::Retry, fake, (Fault::None, 0)).await;
    assert!(matches!(again, Some(Err(RunError::Over { .. }))));
    let recorded = installation(store).read(&run_id).await.unwrap();
    assert!(matches!(recorded.state.finish(), Some(Finish::RolledBack { .. })));
}

#[tokio::test]
async fn what_was_taken_back_in_part_does_not_go_forwards_again() {
    let plan = upgrade(None);
    let (store, world) = (memory(), world());
    let fake = FakePerformer::new(&plan, &world)
        .with(&id("open"), Trouble::Clean)
        .with(&id("migrate"), Trouble::Undo(9));
    let (run_id, ended) = run(&store, &plan, fake, Fault::None, 0).await;
    assert!(matches!(ended.unwrap().unwrap(), Outcome::Stuck { .. }));
    let fake = FakePerformer::new(&plan, &world);
    let again = go_on(&store, &run_id, Verb::Retry, fake, (Fault::None, 0)).await;
    assert!(matches!(again, Some(Err(RunError::Undone { .. }))));
}
