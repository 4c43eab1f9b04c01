use std::sync::Arc;

use super::super::testing::{begin, chain, holder, id, installation, memory, plan_for, step};
use super::super::{Illegal, LocalStore, RecordKind, Store};
use super::*;

fn output() -> StepOutput {
    [("address".to_owned(), Value::from("10.0.0.1"))].into()
}

/// Records a run of one step for a purpose, with an end or without.
async fn record(installation: &Installation, purpose: Purpose, finish: Option<Finish>) -> RunId {
    let (mut journal, lock) = begin(installation, plan_for(purpose, vec![step("a", &[])])).await;
    journal.append(RecordKind::RunStarted).await.unwrap();
    journal
        .append(RecordKind::StepStarted {
            step: id("a"),
            attempt: 1,
        })
        .await
        .unwrap();
    let end = match finish {
        Some(Finish::Failed { .. }) => RecordKind::StepFailed {
            step: id("a"),
            error: "no".to_owned(),
            may_have_changed: false,
        },
        _ => RecordKind::StepSucceeded {
            step: id("a"),
            output: output(),
        },
    };
    journal.append(end).await.unwrap();
    if let Some(outcome) = finish {
        journal.append(RecordKind::RunFinished { outcome }).await.unwrap();
    }
    lock.guard.release().await.unwrap();
    journal.id().clone()
}

#[tokio::test]
async fn nothing_is_installed_where_nothing_happened() {
    assert_eq!(
        installation(memory()).history().await.unwrap(),
        History::default()
    );
}

#[tokio::test]
async fn what_was_brought_up_stays_installed_until_it_is_removed() {
    let demo = installation(memory());
    let up = record(&demo, Purpose::Up, Some(Finish::Succeeded)).await;
    let history = demo.history().await.unwrap();
    let installed = history.installed.unwrap();
    assert_eq!(
        (&installed.run, installed.release.as_str()),
        (&up, "sample 1.0.0")
    );
    assert_eq!(installed.outputs[&id("a")], output());
    assert_eq!(installed.deployment["product"], "sample");
    assert_eq!(history.last.unwrap().status, RunStatus::Succeeded);

    record(&demo, Purpose::Stop, Some(Finish::Succeeded)).await;
    record(
        &demo,
        Purpose::Up,
        Some(Finish::Failed {
            because: "no".to_owned(),
        }),
    )
    .await;
    assert!(
        demo.history().await.unwrap().stopped,
        "what failed did not start it"
    );
    record(&demo, Purpose::Destroy, None).await;
    record(&demo, Purpose::Start, Some(Finish::Succeeded)).await;
    let history = demo.history().await.unwrap();
    assert_eq!(history.installed.unwrap().run, up);
    assert!(!history.stopped, "it was started again");
    assert_eq!(history.last.unwrap().about.purpose, Purpose::Start);

    record(&demo, Purpose::Destroy, Some(Finish::Succeeded)).await;
    let history = demo.history().await.unwrap();
    assert_eq!(history.installed, None);
    assert_eq!(history.last.unwrap().about.purpose, Purpose::Destroy);
    assert_eq!(demo.summaries().await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_run_without_an_end_is_running_while_somebody_works_on_it_and_interrupted_after() {
    let demo = installation(memory());
    let run = record(&demo, Purpose::Up, None).await;
    let history = demo.history().await.unwrap();
    assert_eq!(history.unfinished, Some(run.clone()));
    assert_eq!(history.last.unwrap().status, RunStatus::Interrupted);

    let mut lock = demo.lock(holder("bob")).await.unwrap();
    demo.open(&run, &mut lock.guard).await.unwrap();
    let history = demo.history().await.unwrap();
    assert_eq!(history.unfinished, None);
    let last = history.last.unwrap();
    assert_eq!((last.status, last.done, last.steps), (RunStatus::Running, 1, 1));
}

#[tokio::test]
async fn a_run_is_found_by_the_beginning_of_its_id() {
    let demo = installation(memory());
    let first = record(&demo, Purpose::Up, Some(Finish::Succeeded)).await;
    let second = record(&demo, Purpose::Up, Some(Finish::Succeeded)).await;
    assert_eq!(demo.find(first.as_str()).await.unwrap(), first);
    let error = demo.find("2026").await.unwrap_err();
    assert!(matches!(&error, JournalError::AmbiguousRun { runs, .. } if *runs == [first, second]));
    assert!(matches!(
        demo.find("1999").await,
        Err(JournalError::UnknownRun { .. })
    ));
}

#[tokio::test]
async fn a_second_writer_is_refused_by_the_store() {
    let demo = installation(memory());
    let (mut first, mut lock) = begin(&demo, chain(&["a"])).await;
    first.append(RecordKind::RunStarted).await.unwrap();
    let mut second = demo.open(first.id(), &mut lock.guard).await.unwrap();
    first
        .append(RecordKind::StepStarted {
            step: id("a"),
            attempt: 1,
        })
        .await
        .unwrap();
    let refused = second
        .append(RecordKind::RunResumed {
            by: "bob@far".to_owned(),
            discard_writes: false,
            back: false,
        })
        .await;
    assert!(matches!(refused, Err(JournalError::AlreadyThere { .. })));
}

#[tokio::test]
async fn a_journal_that_cannot_have_happened_is_refused_by_record_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(LocalStore::new(folder.path().to_str().unwrap()));
    let demo = installation(store.clone());
    let run = record(&demo, Purpose::Up, Some(Finish::Succeeded)).await;
    let second = format!("demo/runs/{run}/journal/000002.json");
    store.delete(&second).await.unwrap();
    let error = demo.read(&run).await.unwrap_err();
    let JournalError::Impossible {
        sequence,
        place,
        source,
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(
        (sequence, source),
        (
            2,
            Illegal::Sequence {
                expected: 2,
                found: 3
            }
        )
    );
    assert!(place.ends_with("/journal/000003.json"), "{place}");

    store.create(&second, "{\"format\":1,".into()).await.unwrap();
    assert!(matches!(demo.read(&run).await, Err(JournalError::Parse { .. })));
    store.replace(&second, "{\"format\":99}".into()).await.unwrap();
    assert!(matches!(
        demo.read(&run).await,
        Err(JournalError::Format { found: 99, .. })
    ));
}

#[tokio::test]
async fn a_plan_that_was_changed_after_it_was_approved_is_refused() {
    let store = memory();
    let demo = installation(store.clone());
    let run = record(&demo, Purpose::Up, None).await;
    let other = serde_json::to_vec(&chain(&["b"])).unwrap();
    store
        .replace(&format!("demo/runs/{run}/plan.json"), other.into())
        .await
        .unwrap();
    assert!(matches!(demo.read(&run).await, Err(JournalError::Plan { .. })));
}

#[tokio::test]
async fn what_was_written_down_when_a_run_began_is_read_back() {
    let demo = installation(memory());
    let run = record(&demo, Purpose::Up, None).await;
    assert_eq!(
        demo.artifacts(&run).await.unwrap()[camino::Utf8Path::new("units/api.service")],
        "[Unit]\n"
    );
    assert_eq!(demo.deployment(&run).await.unwrap(), "product: sample\n");
    assert_eq!(demo.log(&run, &id("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_run_whose_beginning_was_cut_off_never_was() {
    let store = memory();
    let demo = installation(store.clone());
    store
        .create("demo/runs/20260304-120000-0001/plan.json", "{}".into())
        .await
        .unwrap();
    assert_eq!(demo.history().await.unwrap(), History::default());
}
