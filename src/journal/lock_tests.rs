use std::sync::Mutex;

use object_store::memory::InMemory;

use super::super::store::tests::real_store;
use super::super::testing::{holder, noon};
use super::super::{LocalStore, ObjectStore, Store};
use super::*;

const QUICK: LockTerms = LockTerms {
    wait: Duration::ZERO,
    poll: Duration::from_millis(5),
    lease: Duration::from_millis(200),
    renew: Duration::from_millis(40),
};

fn clock() -> Arc<dyn Clock> {
    Arc::new(Timestamp::now)
}

async fn take(store: &dyn Store, holder: Holder) -> Result<Acquired, JournalError> {
    store.try_lock("demo/lock", holder, &QUICK, clock()).await
}

async fn lets_in_one_at_a_time(store: &dyn Store) {
    assert_eq!(store.lock_holder("demo/lock", &QUICK).await.unwrap(), None);
    let first = take(store, holder("ann")).await.unwrap();
    assert_eq!(first.stale, None);
    let Err(JournalError::Held(by)) = take(store, holder("bob")).await else {
        panic!("two hold it")
    };
    assert_eq!(by.who, "ann@here");
    assert_eq!(
        store.lock_holder("demo/lock", &QUICK).await.unwrap(),
        Some(holder("ann"))
    );

    let mut guard = first.guard;
    let run: super::super::RunId = "20260304-120000-0001".parse().unwrap();
    guard.describe_run(&run).await.unwrap();
    let told = take(store, holder("bob")).await.unwrap_err().to_string();
    assert!(
        told.contains("ann@here") && told.contains("since 2026-03-04 12:00:00 UTC"),
        "{told}"
    );
    assert!(told.contains("doing `up` in run 20260304-120000-0001"), "{told}");

    guard.release().await.unwrap();
    assert_eq!(store.lock_holder("demo/lock", &QUICK).await.unwrap(), None);
    let second = take(store, holder("bob")).await.unwrap();
    assert_eq!(second.stale, None, "it was released, not left behind");
}

async fn takes_over_from_the_dead(store: &dyn Store) {
    let dead = Holder {
        pid: u32::MAX,
        ..holder("zoe")
    };
    store
        .replace("demo/lock", serde_json::to_vec(&dead).unwrap().into())
        .await
        .unwrap();
    assert_eq!(store.lock_holder("demo/lock", &QUICK).await.unwrap(), None);
    let taken = take(store, holder("bob")).await.unwrap();
    assert_eq!(taken.stale, Some(dead));
}

#[tokio::test]
async fn a_folders_lock_lets_in_one_and_outlives_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path().to_str().unwrap());
    lets_in_one_at_a_time(&store).await;
    takes_over_from_the_dead(&store).await;
}

#[tokio::test]
async fn a_folders_lock_is_waited_for_while_what_a_dead_process_had_forked_still_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path().to_str().unwrap());
    let dead = Holder {
        pid: u32::MAX,
        ..holder("zoe")
    };
    let text = serde_json::to_vec(&dead).unwrap();
    store.replace("demo/lock", text.into()).await.unwrap();
    let hold_a_while = || {
        let forked = fs_err::File::open(folder.path().join("demo/lock")).unwrap();
        forked.lock().unwrap();
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150));
            drop(forked);
        })
    };
    let forked = hold_a_while();
    assert_eq!(store.lock_holder("demo/lock", &QUICK).await.unwrap(), None);
    forked.join().unwrap();
    let forked = hold_a_while();
    assert_eq!(take(&store, holder("bob")).await.unwrap().stale, Some(dead));
    forked.join().unwrap();
}

#[tokio::test]
async fn an_object_stores_lock_lets_in_one_and_outlives_no_process() {
    let bucket = Arc::new(InMemory::new());
    lets_in_one_at_a_time(&ObjectStore::over(bucket.clone(), "one")).await;
    takes_over_from_the_dead(&ObjectStore::over(bucket, "two")).await;
}

#[tokio::test]
async fn a_lease_is_renewed_while_its_holder_lives_and_runs_out_when_it_does_not() {
    let store = ObjectStore::over(Arc::new(InMemory::new()), "");
    // Of another machine nothing is known but its lease.
    let far = Holder {
        host: "far".to_owned(),
        ..holder("ann")
    };
    let first = take(&store, far.clone()).await.unwrap();
    tokio::time::sleep(QUICK.lease * 2).await;
    assert!(matches!(
        take(&store, holder("bob")).await,
        Err(JournalError::Held(_))
    ));
    assert_eq!(first.guard.watch().lost(), None);

    drop(first);
    assert!(matches!(
        take(&store, holder("bob")).await,
        Err(JournalError::Held(_))
    ));
    tokio::time::sleep(QUICK.lease * 2).await;
    assert_eq!(take(&store, holder("bob")).await.unwrap().stale, Some(far));
}

#[tokio::test]
async fn a_lease_taken_by_somebody_else_is_lost_and_not_released_under_them() {
    let store = ObjectStore::over(Arc::new(InMemory::new()), "");
    let mut first = take(&store, holder("ann")).await.unwrap().guard;
    let other = serde_json::to_vec(&holder("bob")).unwrap();
    store.replace("demo/lock", other.into()).await.unwrap();
    tokio::time::sleep(QUICK.renew * 3).await;
    let lost = first.watch().lost().unwrap();
    assert!(lost.starts_with("taken over by bob@here"), "{lost}");
    let run = "20260304-120000-0001".parse().unwrap();
    assert!(matches!(
        first.describe_run(&run).await,
        Err(JournalError::LockLost { .. })
    ));
    first.release().await.unwrap();
    assert_eq!(
        store.lock_holder("demo/lock", &QUICK).await.unwrap().unwrap().who,
        "bob@here"
    );
}

#[tokio::test]
async fn a_machine_that_slept_through_its_lease_knows_before_its_renewing_does() {
    let store = ObjectStore::over(Arc::new(InMemory::new()), "");
    let now = Arc::new(Mutex::new(noon()));
    let clock = {
        let now = now.clone();
        Arc::new(move || *now.lock().unwrap())
    };
    let terms = LockTerms::default();
    let taken = store
        .try_lock("lock", holder("ann"), &terms, clock)
        .await
        .unwrap();
    let watch = taken.guard.watch();
    assert_eq!(watch.lost(), None);
    *now.lock().unwrap() += SignedDuration::from_secs(61);
    assert_eq!(watch.lost().unwrap(), "it could not be renewed for 61 seconds");
}

#[tokio::test]
async fn waiting_for_a_lock_ends_when_it_is_released_or_when_the_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(LocalStore::new(folder.path().to_str().unwrap()));
    let installation = |wait| {
        let terms = LockTerms { wait, ..QUICK };
        super::super::Installation::new(store.clone(), "demo", clock(), terms).unwrap()
    };
    let first = installation(Duration::ZERO).lock(holder("ann")).await.unwrap();
    let short = installation(Duration::from_millis(20)).lock(holder("bob")).await;
    assert!(matches!(short, Err(JournalError::Held(_))));
    let long = installation(Duration::from_secs(30));
    let waiting = tokio::spawn(async move { long.lock(holder("bob")).await.is_ok() });
    first.guard.release().await.unwrap();
    assert!(waiting.await.unwrap());
}

#[test]
fn a_process_is_dead_only_when_this_machine_knows_it() {
    let mine = holder("ann");
    assert!(!mine.is_dead());
    assert!(
        Holder {
            process_start: Some(1),
            ..mine.clone()
        }
        .is_dead(),
        "its number was given to another"
    );
    assert!(
        !Holder {
            host: "far".to_owned(),
            pid: u32::MAX,
            ..mine.clone()
        }
        .is_dead()
    );
    assert!(
        !Holder {
            boot_id: Some("other".to_owned()),
            pid: u32::MAX,
            ..mine
        }
        .is_dead()
    );
}

#[tokio::test]
#[ignore = "needs a real object store: LANDFALL_TEST_STORE=s3://bucket/path and its AWS_* or AZURE_* variables"]
async fn a_real_object_stores_lock_lets_in_one_and_outlives_no_process() {
    lets_in_one_at_a_time(&real_store("one")).await;
    takes_over_from_the_dead(&real_store("two")).await;
    // Stores tell the time in whole seconds.
    let terms = LockTerms {
        lease: Duration::from_secs(3),
        renew: Duration::from_secs(1),
        ..QUICK
    };
    let store = real_store("three");
    let far = Holder {
        host: "far".to_owned(),
        ..holder("ann")
    };
    let first = store
        .try_lock("lock", far.clone(), &terms, clock())
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    let held = store.try_lock("lock", holder("bob"), &terms, clock()).await;
    assert!(matches!(held, Err(JournalError::Held(_))), "it was renewed");
    assert_eq!(first.guard.watch().lost(), None);
    drop(first);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(
        store
            .try_lock("lock", holder("bob"), &terms, clock())
            .await
            .unwrap()
            .stale,
        Some(far)
    );
}
