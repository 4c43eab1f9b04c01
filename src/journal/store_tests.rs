use super::super::testing::memory;
use super::*;

/// What every store promises.
async fn keeps_its_promises(store: &dyn Store) {
    assert_eq!(store.get("a/b").await.unwrap(), None);
    assert!(store.list("a").await.unwrap().is_empty());
    assert!(store.folders("a").await.unwrap().is_empty());

    store.create("a/b", "one".into()).await.unwrap();
    let again = store.create("a/b", "two".into()).await.unwrap_err();
    assert!(matches!(again, JournalError::AlreadyThere { .. }), "{again:?}");
    assert_eq!(store.get("a/b").await.unwrap().unwrap(), "one");

    store.replace("a/b", "three".into()).await.unwrap();
    store.replace("a/new", "four".into()).await.unwrap();
    assert_eq!(store.get("a/b").await.unwrap().unwrap(), "three");

    for key in [
        "a/z/000010.json",
        "a/z/000002.json",
        "a/output/api-->un pack~[1].log",
        "ab/c",
        "a/z/é%41",
    ] {
        store.create(key, "x".into()).await.unwrap();
        assert_eq!(store.get(key).await.unwrap().unwrap(), "x", "{key}");
    }
    let expected = [
        "a/b",
        "a/new",
        "a/output/api-->un pack~[1].log",
        "a/z/000002.json",
        "a/z/000010.json",
        "a/z/é%41",
    ];
    assert_eq!(store.list("a").await.unwrap(), expected);
    assert_eq!(store.folders("a").await.unwrap(), ["output", "z"]);

    store.delete("a/b").await.unwrap();
    store.delete("a/b").await.unwrap();
    assert_eq!(store.get("a/b").await.unwrap(), None);

    for key in ["../out", "/etc/passwd", "a//b", "a/./b", "", "a\\b"] {
        assert!(
            matches!(store.get(key).await, Err(JournalError::Key { .. })),
            "{key}"
        );
    }
}

async fn keeps_logs(store: &dyn Store) {
    for line in ["first", "second"] {
        let mut log = store.open_log("a/output/api-->do.log").await.unwrap();
        log.line(line).unwrap();
        log.close().await.unwrap();
        log.close().await.unwrap();
    }
    assert_eq!(
        store.get("a/output/api-->do.log").await.unwrap().unwrap(),
        "first\nsecond\n"
    );
}

async fn lets_one_of_many_create(store: Arc<dyn Store>) {
    let tries = (0..16).map(|n| {
        let store = store.clone();
        tokio::spawn(async move { store.create("race/1", format!("{n}").into()).await.is_ok() })
    });
    let mut winners = 0;
    for tried in tries.collect::<Vec<_>>() {
        winners += usize::from(tried.await.unwrap());
    }
    assert_eq!(winners, 1);
}

#[tokio::test]
async fn a_folder_keeps_every_promise() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/er").to_str().unwrap().to_owned();
    let store: Arc<dyn Store> = Arc::new(LocalStore::new(root));
    keeps_its_promises(&*store).await;
    keeps_logs(&*store).await;
    lets_one_of_many_create(store).await;
}

#[tokio::test]
async fn an_object_store_keeps_every_promise() {
    let store = memory();
    keeps_its_promises(&*store).await;
    keeps_logs(&*store).await;
    lets_one_of_many_create(store).await;
}

#[tokio::test]
async fn a_folder_is_its_owners_alone_and_holds_nothing_unfinished() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("state");
    let store = LocalStore::new(root.to_str().unwrap());
    store.create("a/b", "one".into()).await.unwrap();
    store.create("a/b", "two".into()).await.unwrap_err();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode(&root), mode(&root.join("a")), mode(&root.join("a/b"))),
        (0o700, 0o700, 0o600)
    );
    assert_eq!(std::fs::read_dir(root.join("a")).unwrap().count(), 1);
    // What a crash left of a write is not a record.
    std::fs::write(root.join("a/.landfall-1-1"), "half").unwrap();
    assert_eq!(store.list("a").await.unwrap(), ["a/b"]);
}

#[test]
fn a_full_or_read_only_disk_is_told_as_such() {
    use std::io::{Error, ErrorKind};
    let told = |kind: ErrorKind| super::super::local::unwritable("state/x".into(), Error::from(kind));
    insta::assert_snapshot!(told(ErrorKind::StorageFull), @"no space is left to write `state/x`: make room, then run `landfall resume`");
    insta::assert_snapshot!(told(ErrorKind::ReadOnlyFilesystem), @"`state/x` must not be written to: check who owns the state folder and how it is mounted");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_really_full_disk_is_told_as_such() {
    use std::io::Write as _;
    // `/dev/full` is the one disk that is always full.
    let error = std::fs::File::create("/dev/full")
        .unwrap()
        .write_all(b"x")
        .unwrap_err();
    let told = super::super::local::unwritable("x".into(), error);
    assert!(matches!(told, JournalError::DiskFull { .. }), "{told:?}");
}

#[test]
fn locations_say_what_kind_of_store_they_are() {
    let environment: BTreeMap<String, String> = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "y"),
        ("AZURE_STORAGE_ACCOUNT_NAME", "acc"),
        ("AZURE_STORAGE_ACCOUNT_KEY", "a2V5"),
        ("HOME", "/root"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    for location in [
        "s3://bucket/some/path",
        "az://container/path",
        "azure://container",
        ".landfall",
        "/var/x",
    ] {
        let store = open_store(location, &environment).unwrap();
        assert_eq!(store.place("demo/lock"), format!("{location}/demo/lock"));
    }
    let error = open_store("ftp://nowhere", &environment).unwrap_err();
    insta::assert_snapshot!(error, @"could not open the state at `ftp://nowhere`: give a folder, `s3://bucket/path` or `az://container/path`");
}

/// Opens the store that CI offers: a real object store, under a path of its own.
#[expect(
    clippy::disallowed_methods,
    reason = "only whoever starts the tests knows where a real store is"
)]
pub(in super::super) fn real_store(path: &str) -> ObjectStore {
    let location = std::env::var("LANDFALL_TEST_STORE").expect("LANDFALL_TEST_STORE names an empty place");
    ObjectStore::open(&format!("{location}/{path}"), &std::env::vars().collect()).unwrap()
}

#[tokio::test]
#[ignore = "needs a real object store: LANDFALL_TEST_STORE=s3://bucket/path and its AWS_* or AZURE_* variables"]
async fn a_real_object_store_keeps_every_promise() {
    let store: Arc<dyn Store> = Arc::new(real_store("promises"));
    keeps_its_promises(&*store).await;
    keeps_logs(&*store).await;
    lets_one_of_many_create(store).await;
}
