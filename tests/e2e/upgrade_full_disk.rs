//! An upgrade on a disk that fills up: the old version serves afterwards, with its data.

use super::common::{At, Disk, Ground, needs_root, sample, says_full};
use super::upgrade::{checksum, fill, version};

/// Prepares a ground on a small disk, with 1.0.0 up and many notes; none where no disk can be mounted.
fn ground(test: &str) -> Option<(Ground, Disk)> {
    if !needs_root(test) {
        return None;
    }
    let mut ground = Ground::new();
    let Some(disk) = Disk::mount(ground.path("disk"), "2g") else {
        eprintln!("SKIPPED {test}: no tmpfs can be mounted here");
        return None;
    };
    let root = disk.place.join("root");
    ground.change(|answers| answers["parts"]["main"]["options"]["root"] = root.as_str().into());
    ground.add_release("1.1.0", &sample().join("1.1.0"));
    ground.up();
    fill(&ground, 200_000);
    Some((ground, disk))
}

/// Kills the upgrade at a moment, fills the disk, goes on, and expects the old version to serve.
fn fails_with_a_full_disk(ground: &Ground, disk: &Disk, at: &At, left: u64) {
    let before = checksum(ground);
    let dump = ground.dump();
    assert!(ground.kill_at(&["upgrade", "--to", "1.1.0", "--yes"], at, false));
    disk.fill(left);
    let said = ground.run(&["resume"]);
    eprintln!("{left} bytes left: {said}");
    said.expect(7).says("is as it was before");
    assert!(says_full(&said.stderr) || said.stderr.contains("room"), "{said}");
    assert_eq!(version(ground), "1.0.0", "it serves while the disk is full");
    assert_eq!(checksum(ground), before);
    assert!(ground.dump() == dump, "not a byte of the data differs");
    disk.empty();
    ground.assert_well();
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    assert_eq!(version(ground), "1.1.0");
    assert_eq!(checksum(ground), before);
}

#[test]
fn a_disk_that_is_full_when_data_is_saved_leaves_the_old_version_serving() {
    let Some((ground, disk)) = ground("a_disk_that_is_full_when_data_is_saved") else {
        return;
    };
    fails_with_a_full_disk(&ground, &disk, &At::end("api/stop"), 512 << 10);
}

#[test]
fn a_disk_without_room_to_come_back_is_told_before_the_migration_begins() {
    let Some((ground, disk)) = ground("a_disk_without_room_to_come_back") else {
        return;
    };
    fails_with_a_full_disk(&ground, &disk, &At::end("database/save"), 32 << 20);
}

#[test]
fn a_disk_that_fills_up_while_data_is_migrated_leaves_the_old_version_serving() {
    let Some((ground, disk)) = ground("a_disk_that_fills_up_while_data_is_migrated") else {
        return;
    };
    fails_with_a_full_disk(&ground, &disk, &At::end("database/save"), 72 << 20);
}
