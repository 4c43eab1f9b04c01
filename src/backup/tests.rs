use age::secrecy::ExposeSecret as _;
use camino::{Utf8Path, Utf8PathBuf};

use super::*;
use crate::oci::Digest;
use crate::secret::Secret;

struct Ground {
    _folder: tempfile::TempDir,
    dir: Utf8PathBuf,
    shelf: Shelf,
}

fn ground() -> Ground {
    let folder = tempfile::tempdir().unwrap();
    let dir = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let shelf = Shelf::new(&dir.join("backups"), "notes");
    Ground {
        _folder: folder,
        dir,
        shelf,
    }
}

fn recipient() -> (Lock, Key) {
    let identity = age::x25519::Identity::generate();
    let lock = Lock::Recipients(vec![identity.to_public().to_string()]);
    let text = format!("# a comment\n{}\n", identity.to_string().expose_secret());
    (lock, Key::Identity(Secret::new(text)))
}

fn about(id: &str) -> Manifest {
    Manifest {
        format: BACKUP_FORMAT,
        id: id.to_owned(),
        installation: "notes".to_owned(),
        product: "sample".to_owned(),
        release: "1.0.0".to_owned(),
        deployment: Digest::of("deployment"),
        landfall: "0.1.0".to_owned(),
        at: "2026-03-04T05:06:07Z".parse().unwrap(),
        encryption: Encryption::Recipients(Vec::new()),
        entries: Vec::new(),
        left_out: Vec::new(),
    }
}

/// Makes a backup with two entries.
fn make(ground: &Ground, id: &str, lock: &Lock) -> Utf8PathBuf {
    let draft = ground.shelf.begin(id, lock).unwrap();
    let recipients = draft.recipients().unwrap();
    let text = "INSERT INTO notes VALUES ('hello');\n".repeat(5000);
    let entry = store(
        draft.folder(),
        ("database", EntryKind::Database),
        &recipients,
        |to| to.write_all(text.as_bytes()),
    );
    draft.note(&entry.unwrap()).unwrap();
    let objects = ground.dir.join("objects");
    fs_err::create_dir_all(objects.join("a")).unwrap();
    fs_err::write(objects.join("a/one"), [7; 100_000]).unwrap();
    fs_err::write(objects.join("two.tmp"), "passed over").unwrap();
    fs_err::os::unix::fs::symlink("a/one", objects.join("link")).unwrap_or_default();
    let tree = Tree {
        paths: vec![(objects, Utf8PathBuf::new())],
        texts: vec![("answers.yaml".into(), "name: notes\n".to_owned())],
        without: vec![".tmp"],
    };
    let entry = store(
        draft.folder(),
        ("objects", EntryKind::Folder),
        &recipients,
        |to| pack(&tree, to),
    );
    draft.note(&entry.unwrap()).unwrap();
    draft.complete(about(id)).unwrap();
    draft.folder().to_owned()
}

fn names(folder: &Utf8Path) -> Vec<String> {
    let mut names: Vec<String> = folder
        .read_dir_utf8()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_is_opened_by_whom_it_is_for_and_by_nobody_else() {
    let ground = ground();
    let (lock, key) = recipient();
    let folder = make(&ground, "20260304-050607-a10f", &lock);
    assert_eq!(
        names(&folder),
        [
            "backup.json",
            "backup.json.sha256",
            "database.sql.zst.age",
            "objects.tar.zst.age"
        ]
    );
    let manifest = verify(&folder, Some(&key)).unwrap();
    assert_eq!(manifest.entry("database").unwrap().plain, 180_000);
    assert!(manifest.entry("database").unwrap().stored < 10_000);
    let stored = fs_err::read(folder.join("database.sql.zst.age")).unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("hello"));
    let (_, stranger) = recipient();
    assert!(matches!(
        verify(&folder, Some(&stranger)),
        Err(BackupError::WrongKey { .. })
    ));
    assert!(matches!(
        verify(&folder, Some(&Key::Passphrase(Secret::new("what is it")))),
        Err(BackupError::OtherKey { .. })
    ));
    let identities = unlock(&folder, &manifest, &key).unwrap();
    let to = ground.dir.join("restored");
    fs_err::create_dir(&to).unwrap();
    unpack(
        open(&folder, manifest.entry("objects").unwrap(), &identities).unwrap(),
        &to,
    )
    .unwrap();
    assert_eq!(fs_err::read(to.join("a/one")).unwrap(), [7; 100_000]);
    assert_eq!(
        fs_err::read_to_string(to.join("answers.yaml")).unwrap(),
        "name: notes\n"
    );
    assert_eq!(
        fs_err::read_link(to.join("link")).unwrap(),
        Utf8Path::new("a/one")
    );
    assert!(!to.join("two.tmp").exists());
}

#[test]
fn a_passphrase_opens_what_it_closed() {
    let ground = ground();
    let lock = Lock::Passphrase(Secret::new("correct horse battery"));
    let folder = make(&ground, "20260304-050607-a10f", &lock);
    verify(
        &folder,
        Some(&Key::Passphrase(Secret::new("correct horse battery"))),
    )
    .unwrap();
    assert!(matches!(
        verify(
            &folder,
            Some(&Key::Passphrase(Secret::new("wrong horse battery")))
        ),
        Err(BackupError::WrongKey { .. })
    ));
    let short = Lock::Passphrase(Secret::new("short"));
    assert!(matches!(short.check(), Err(BackupError::Short { .. })));
    assert!(matches!(
        Lock::Recipients(Vec::new()).check(),
        Err(BackupError::NoLock)
    ));
    let typo = Lock::Recipients(vec!["age1nonsense".to_owned()]);
    assert!(matches!(typo.check(), Err(BackupError::Recipient { .. })));
}

#[test]
fn a_flipped_byte_is_found_wherever_it_is() {
    let ground = ground();
    let lock = Lock::Passphrase(Secret::new("correct horse battery"));
    let folder = make(&ground, "20260304-050607-a10f", &lock);
    for name in names(&folder) {
        let path = folder.join(&name);
        let whole = fs_err::read(&path).unwrap();
        let step = (whole.len() / 50).max(1);
        for position in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let mut bytes = whole.clone();
            bytes[position] ^= 1;
            fs_err::write(&path, &bytes).unwrap();
            let found = verify(&folder, None);
            assert!(
                matches!(found, Err(BackupError::Damaged { .. })),
                "{name} at {position}: {found:?}"
            );
        }
        fs_err::write(&path, &whole[..whole.len() - 1]).unwrap();
        verify(&folder, None).unwrap_err();
        fs_err::remove_file(&path).unwrap();
        verify(&folder, None).unwrap_err();
        fs_err::write(&path, &whole).unwrap();
    }
    fs_err::write(folder.join("stranger"), "").unwrap();
    verify(&folder, None).unwrap_err();
}

#[test]
fn the_newest_are_kept_and_a_damaged_newest_removes_nothing() {
    let ground = ground();
    let (lock, _) = recipient();
    for id in [
        "20260301-000000-0001",
        "20260302-000000-0002",
        "20260303-000000-0003",
    ] {
        make(&ground, id, &lock);
    }
    ground.shelf.begin("20260302-120000-0000", &lock).unwrap();
    assert_eq!(
        ground.shelf.find("latest").unwrap().file_name(),
        Some("20260303-000000-0003")
    );
    let damaged = ground
        .shelf
        .folder()
        .join("20260303-000000-0003/objects.tar.zst.age");
    let whole = fs_err::read(&damaged).unwrap();
    fs_err::write(&damaged, "something else").unwrap();
    assert!(ground.shelf.tidy(1).is_err());
    assert_eq!(ground.shelf.list().unwrap().len(), 4);
    fs_err::write(&damaged, whole).unwrap();
    let kept = ground.shelf.tidy(2).unwrap();
    assert_eq!(kept.removed, ["20260302-120000-0000", "20260301-000000-0001"]);
    ground.shelf.tidy(0).unwrap();
    let left: Vec<String> = ground
        .shelf
        .list()
        .unwrap()
        .into_iter()
        .map(|listed| listed.id)
        .collect();
    assert_eq!(left, ["20260303-000000-0003"]);
    assert!(ground.shelf.find("20260301-000000-0001").is_err());
}

#[test]
fn what_is_not_complete_is_no_backup_and_can_be_given_up() {
    let ground = ground();
    let (lock, _) = recipient();
    let draft = ground.shelf.begin("20260301-000000-0001", &lock).unwrap();
    assert!(ground.shelf.find("latest").is_err());
    let failed = store(
        draft.folder(),
        ("database", EntryKind::Database),
        &draft.recipients().unwrap(),
        |to| {
            to.write_all(b"half")?;
            Err(std::io::ErrorKind::StorageFull.into())
        },
    );
    failed.unwrap_err();
    assert_eq!(names(draft.folder()), ["making"]);
    draft.give_up().unwrap();
    assert!(!draft.folder().exists());
    let folder = make(&ground, "20260301-000000-0002", &lock);
    ground.shelf.draft("20260301-000000-0002").give_up().unwrap();
    verify(&folder, None).unwrap();
}
