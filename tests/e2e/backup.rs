//! Backups: made, listed, verified, damaged, restored into the same and another installation; on a full disk; killed.

use std::process::Command;

use age::secrecy::ExposeSecret as _;
use camino::{Utf8Path, Utf8PathBuf};

use super::common::{At, Ground, POSTGRES, Said, needs_root};

/// The most memory that a backup may take, in KiB: of its own, and with the pages of the program's file.
///
/// The second counts for an optimized build. Without, the program is three times as large, and more than half of all.
const OWN: u64 = 32 * 1024;
const WHOLE: u64 = 64 * 1024;

/// A ground with a key for its backups.
struct Keyed {
    ground: Ground,
    recipient: String,
    identity: Utf8PathBuf,
    to: Utf8PathBuf,
}

impl Keyed {
    fn up() -> Self {
        let ground = Ground::new();
        let key = age::x25519::Identity::generate();
        let identity = ground.path("identity.txt");
        fs_err::write(&identity, format!("{}\n", key.to_string().expose_secret())).unwrap();
        ground.up();
        Self {
            recipient: key.to_public().to_string(),
            to: ground.path("backups"),
            identity,
            ground,
        }
    }

    fn backup(&self, code: i32, more: &[&str]) -> Said {
        let mut arguments = vec!["backup", "--to", self.to.as_str(), "--recipient", &self.recipient];
        arguments.extend(more);
        self.ground.expect(code, &arguments)
    }

    fn verify(&self, code: i32, more: &[&str]) -> Said {
        let mut arguments = vec!["backup", "verify", "latest", "--to", self.to.as_str()];
        arguments.extend(more);
        self.ground.expect(code, &arguments)
    }

    fn restore(&self, code: i32, more: &[&str]) -> Said {
        let mut arguments = vec!["restore", "latest", "--yes", "--to", self.to.as_str()];
        arguments.extend(["--identity", self.identity.as_str()]);
        arguments.extend(more);
        self.ground.expect(code, &arguments)
    }

    fn latest(&self) -> Utf8PathBuf {
        let list = ["backup", "list", "--to", self.to.as_str(), "--output", "json"];
        let list = self.ground.expect(0, &list).json();
        Utf8PathBuf::from(list[0]["folder"].as_str().unwrap())
    }
}

/// Runs SQL in the product's database.
fn sql(ground: &Ground, statement: &str) -> String {
    let environment = fs_err::read_to_string(ground.root().join("current/env/api.env")).unwrap();
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim_matches('"').to_owned()
    };
    let password = fs_err::read_to_string(value("NOTES_DATABASE_PASSWORD_FILE=")).unwrap();
    let answer = Command::new(format!("{POSTGRES}/psql"))
        .args(["-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement])
        .env("PGHOST", value("NOTES_DATABASE_HOST="))
        .env("PGPORT", value("NOTES_DATABASE_PORT="))
        .env("PGUSER", value("NOTES_DATABASE_USER="))
        .env("PGDATABASE", value("NOTES_DATABASE_NAME="))
        .env("PGPASSWORD", password)
        .output()
        .unwrap();
    assert!(
        answer.status.success(),
        "{}",
        String::from_utf8_lossy(&answer.stderr)
    );
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

/// Fills the database with so many MiB that hardly compress.
fn fill(ground: &Ground, mebibytes: u64) {
    sql(
        ground,
        "CREATE TABLE IF NOT EXISTS ballast (id bigint, bytes bytea)",
    );
    for _ in 0..mebibytes.div_ceil(64) {
        let rows = 1024 * mebibytes.min(64);
        sql(
            ground,
            &format!(
                "INSERT INTO ballast SELECT n, (SELECT string_agg(sha256((n::text || random()::text || m)::bytea), '')
                    FROM generate_series(1, 32) m) FROM generate_series(1, {rows}) n"
            ),
        );
    }
}

/// Sums up what people wrote; what the worker adds to it later is left out.
fn checksum(ground: &Ground) -> String {
    sql(
        ground,
        "SELECT md5(string_agg(id::text || text, '|' ORDER BY id)) FROM notes",
    )
}

#[test]
fn a_backup_brings_the_product_back_here_and_elsewhere() {
    let keyed = Keyed::up();
    let ground = &keyed.ground;
    for number in 0..20 {
        ground.write_note(&format!("note {number}"));
    }
    let before = checksum(ground);
    keyed.backup(0, &[]).says("it lies at");
    ground.assert_well();
    keyed.verify(0, &[]).says("it was not opened");
    keyed
        .verify(0, &["--identity", keyed.identity.as_str()])
        .says("read to its end");
    a_flipped_byte_is_found(&keyed);

    ground.write_note("after the backup");
    keyed.restore(0, &[]).says("is restored");
    ground.assert_well();
    assert_eq!(checksum(ground), before);
    assert_eq!(ground.notes().len(), 20);
    ground.expect(0, &["up", "--yes"]).says("nothing to do");

    let elsewhere = Ground::new();
    let folder = keyed.latest();
    let restore = [
        "restore",
        folder.as_str(),
        "--yes",
        "--identity",
        keyed.identity.as_str(),
    ];
    elsewhere.expect(0, &restore).says("is restored");
    elsewhere.assert_well();
    assert_eq!(checksum(&elsewhere), before);
    elsewhere.expect(0, &["up", "--yes"]).says("nothing to do");

    ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    assert!(!ground.root().exists());
    keyed.restore(0, &[]).says("is restored");
    ground.assert_well();
    assert_eq!(checksum(ground), before);
    assert!(!ground.status()["installed"].is_null());
}

fn a_flipped_byte_is_found(keyed: &Keyed) {
    let folder = keyed.latest();
    for entry in folder.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let whole = fs_err::read(&path).unwrap();
        let mut bytes = whole.clone();
        bytes[whole.len() / 2] ^= 1;
        fs_err::write(&path, bytes).unwrap();
        keyed.verify(1, &[]).says("is damaged");
        keyed.restore(1, &[]).says("is damaged");
        fs_err::write(&path, whole).unwrap();
    }
    keyed.ground.assert_well();
    keyed.verify(0, &[]);
}

#[test]
fn only_so_many_backups_are_kept_and_a_passphrase_opens_them() {
    let mut ground = Ground::new();
    ground.up();
    let to = ground.path("backups");
    ground.expect(3, &["backup"]).says("nobody says where backups go");
    ground
        .expect(3, &["backup", "--to", to.as_str()])
        .says("nobody is named who may open it");
    ground
        .expect(3, &["backup", "--to", to.as_str(), "--recipient", "age1wrong"])
        .says("is no recipient");
    let missing = ["backup", "--to", to.as_str(), "--passphrase-file", "missing.txt"];
    ground.expect(3, &missing).says("missing.txt");
    ground.write_note("kept safe");
    let phrase = (
        "LANDFALL_BACKUP_PASSPHRASE".to_owned(),
        "correct horse battery".to_owned(),
    );
    ground.environment.push(phrase);
    let inside = ground.path("root/data/backups");
    ground
        .expect(3, &["backup", "--to", inside.as_str()])
        .says("be lost with it");
    for _ in 0..3 {
        ground.expect(0, &["backup", "--to", to.as_str(), "--keep", "2"]);
    }
    let list = ground
        .expect(0, &["backup", "list", "--to", to.as_str(), "--output", "json"])
        .json();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), 2, "{list:#?}");
    assert!(list.iter().all(|backup| backup["state"] == "complete"));
    ground
        .expect(0, &["backup", "verify", "--to", to.as_str()])
        .says("read to its end");
    let wrong = ground.path("wrong.txt");
    fs_err::write(&wrong, "wrong horse battery\n").unwrap();
    let verify = [
        "backup",
        "verify",
        "--to",
        to.as_str(),
        "--passphrase-file",
        wrong.as_str(),
    ];
    ground.expect(3, &verify).says("does not open");
    ground
        .expect(0, &["restore", "--yes", "--to", to.as_str()])
        .says("is restored");
    assert_eq!(ground.notes(), ["kept safe"]);
    nothing_secret_is_remembered(&ground);
}

fn nothing_secret_is_remembered(ground: &Ground) {
    for path in super::common::under(&ground.path(".landfall")) {
        let Ok(bytes) = fs_err::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("correct horse"), "{path}");
    }
}

#[test]
fn a_full_disk_ends_a_backup_and_leaves_nothing_half() {
    if !needs_root("a_full_disk_ends_a_backup_and_leaves_nothing_half") {
        return;
    }
    let mut keyed = Keyed::up();
    keyed.ground.write_note("not lost");
    fill(&keyed.ground, 8);
    let small = Small::mount(&keyed.ground.path("small"), "2m");
    keyed.to = small.0.clone();
    keyed.backup(7, &[]).says("there is no room left");
    let list = ["backup", "list", "--to", keyed.to.as_str(), "--output", "json"];
    let list = keyed.ground.expect(0, &list).json();
    assert_eq!(list.as_array().unwrap().len(), 0, "{list:#}");
    keyed.ground.assert_well();
    assert_eq!(keyed.ground.notes(), ["not lost"]);
    drop(small);
}

/// A small disk, gone when dropped.
struct Small(Utf8PathBuf);

impl Small {
    fn mount(at: &Utf8Path, size: &str) -> Self {
        fs_err::create_dir(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "none", at.as_str()])
            .status();
        assert!(mounted.unwrap().success(), "a tmpfs can be mounted at {at}");
        Self(at.to_owned())
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.as_str()).status();
    }
}

#[test]
fn a_backup_that_was_killed_is_gone_on_with_or_given_up() {
    let keyed = Keyed::up();
    keyed.ground.write_note("here");
    let arguments = [
        "backup",
        "--to",
        keyed.to.as_str(),
        "--recipient",
        &keyed.recipient,
    ];
    for at in [At::start("database/backup"), At::end("configuration/backup")] {
        assert!(keyed.ground.kill_at(&arguments, &at, true));
        keyed.verify(3, &[]).says("there is no complete backup");
        keyed.ground.expect(0, &["rollback"]);
        let shelf = keyed.to.join(&keyed.ground.name);
        assert_eq!(shelf.read_dir_utf8().unwrap().count(), 0);
    }
    assert!(
        keyed
            .ground
            .kill_at(&arguments, &At::end("database/backup"), true)
    );
    keyed.ground.expect(0, &["resume"]);
    assert!(
        keyed
            .ground
            .kill_at(&arguments, &At::end("database/backup"), true)
    );
    keyed.backup(0, &[]).says("was cut short");
    keyed
        .verify(0, &["--identity", keyed.identity.as_str()])
        .says("read to its end");
}

#[test]
fn a_restore_that_is_taken_back_loses_nothing() {
    let keyed = Keyed::up();
    keyed.ground.write_note("old");
    keyed.backup(0, &[]);
    keyed.ground.write_note("new");
    let before = checksum(&keyed.ground);
    let mut arguments = vec!["restore", "latest", "--yes", "--to", keyed.to.as_str()];
    arguments.extend(["--identity", keyed.identity.as_str()]);
    for at in [At::end("database/restore"), At::end("worker/health")] {
        assert!(keyed.ground.kill_at(&arguments, &at, true));
        keyed.ground.expect(0, &["rollback"]);
        keyed.ground.wait_until_healthy();
        assert_eq!(checksum(&keyed.ground), before, "{at}");
    }
    assert!(
        keyed
            .ground
            .kill_at(&arguments, &At::start("database/restore"), true)
    );
    keyed.ground.expect(0, &["resume"]).says("is restored");
    assert_eq!(keyed.ground.notes(), ["old"]);
    keyed.ground.assert_well();
}

/// The most memory that a program held, in KiB.
#[derive(Debug, Default)]
struct Peak {
    /// What it wrote itself.
    own: u64,
    /// With the pages of files, its own program among them.
    whole: u64,
}

/// Runs to the end of the program and returns the most memory that it held.
fn peak(ground: &Ground, arguments: &[&str]) -> Peak {
    let mut running = ground.start(arguments);
    let status = format!("/proc/{}/status", running.pid());
    let mut peak = Peak::default();
    while !running.has_ended() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let held = |name: &str| -> u64 {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let held = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            held.unwrap_or(0)
        };
        peak.own = peak.own.max(held("RssAnon:") + held("RssShmem:"));
        peak.whole = peak.whole.max(held("VmHWM:"));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    running.end().expect(0);
    peak
}

/// `LANDFALL_BACKUP_MIB` makes the database larger: `cargo xtask backup-memory` sets it.
#[test]
fn memory_does_not_grow_with_the_data() {
    let size: u64 = std::env::var("LANDFALL_BACKUP_MIB").map_or(64, |text| text.parse().unwrap());
    let keyed = Keyed::up();
    fill(&keyed.ground, size);
    let database = sql(
        &keyed.ground,
        "SELECT pg_size_pretty(pg_database_size(current_database()))",
    );
    let to = keyed.to.as_str();
    let key = ["--identity", keyed.identity.as_str()];
    let backup = peak(
        &keyed.ground,
        &["backup", "--to", to, "--recipient", &keyed.recipient],
    );
    let verify = peak(
        &keyed.ground,
        &[&["backup", "verify", "--to", to][..], &key].concat(),
    );
    let restore = peak(
        &keyed.ground,
        &[&["restore", "--yes", "--to", to][..], &key].concat(),
    );
    let optimized = !cfg!(debug_assertions);
    for (name, held) in [("backup", backup), ("verify", verify), ("restore", restore)] {
        let (own, whole) = (held.own / 1024, held.whole / 1024);
        eprintln!("a database of {database}: {name} held {own} MiB, {whole} MiB with its program");
        assert!(held.own > 0 && held.own <= OWN, "{name}: {held:?}");
        assert!(!optimized || held.whole <= WHOLE, "{name}: {held:?}");
    }
}
