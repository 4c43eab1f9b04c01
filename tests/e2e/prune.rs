//! `landfall prune` removes what going back does not need, and nothing else.

use super::common::{Ground, tree};

fn make(ground: &Ground, paths: &[&str]) {
    for path in paths {
        let path = ground.root().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, "left over").unwrap();
    }
}

#[test]
fn what_is_not_needed_goes_and_everything_else_stays() {
    let ground = Ground::new();
    ground.expect(3, &["prune", "--yes"]).says("nothing is installed");
    ground.up();
    ground.write_note("stays");
    ground.expect(0, &["prune", "--yes"]).says("nothing to prune");
    let old = [
        "releases/0.8.0/images/api/app/notes",
        "releases/0.9.0/env/api.env",
        "releases/1.0.0/images/.web.unpacking/app/notes",
        "snapshots/0.8.0-to-0.9.0/database.sql.zst",
        "supervisor/attic/20200101-000000-aaaa/config--write/x",
    ];
    make(&ground, &old);
    let kept = [
        "snapshots/1.0.0-to-1.1.0/database.sql.zst",
        "snapshots/mine/database.sql.zst",
        "backups/one.age",
    ];
    make(&ground, &kept);
    let blobs = ground.path("cache/images/blobs/sha256");
    fs_err::create_dir_all(&blobs).unwrap();
    let blob = blobs.join("0".repeat(64));
    fs_err::write(&blob, "of no image").unwrap();
    fs_err::write(blobs.join("half-fetched"), "just now").unwrap();

    let except = ["root/data", "root/run", "root/logs", "out"];
    let before = tree(&ground.path(""), &except);
    let shown = ground.expect(0, &["prune", "--dry-run"]).stdout;
    for part in [
        "releases/prune",
        "0.8.0",
        "snapshots/prune",
        "attic/prune",
        "images/prune",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    ground.expect(3, &["prune", "--no-input"]).says("not approved");
    assert_eq!(tree(&ground.path(""), &except), before, "nothing was touched");

    ground.expect(0, &["prune", "--yes"]);
    for path in old {
        assert!(!ground.root().join(path).exists(), "{path}");
    }
    assert!(!ground.root().join("releases/0.8.0").exists());
    assert!(!blob.exists() && blobs.join("half-fetched").exists());
    for path in kept {
        assert!(ground.root().join(path).exists(), "{path}");
    }
    ground.assert_well();
    assert_eq!(ground.notes(), ["stays"]);
    ground.expect(0, &["prune", "--yes"]).says("nothing to prune");
    ground.expect(0, &["drift"]);
    ground.up().says("nothing to do");
    assert_eq!(ground.runs()[0]["about"]["purpose"], "prune");
}

#[test]
fn a_stopped_product_stays_stopped() {
    let ground = Ground::new();
    ground.up();
    ground.expect(0, &["stop", "--yes"]);
    make(&ground, &["releases/0.9.0/env/api.env"]);
    ground.expect(0, &["prune", "--yes"]);
    assert_eq!(ground.status()["standing"]["standing"], "stopped");
    ground.assert_nothing_runs();
}
