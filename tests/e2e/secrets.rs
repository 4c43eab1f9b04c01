//! Canaries: no secret is found where it should not be, whatever happens.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use camino::Utf8Path;
use serde_json::{Value, json};

use super::common::{
    Ground, Library, Script, Server, Trouble, Watcher, free_port, holds, needs_root, repository, under,
};

/// Reads every secret that the installation keeps.
fn kept(ground: &Ground) -> BTreeSet<String> {
    let read = |path: camino::Utf8PathBuf| fs_err::read_to_string(path).unwrap();
    under(&ground.root().join("secrets"))
        .into_iter()
        .map(read)
        .collect()
}

/// Asserts that no canary stands in any file of the ground, but where secrets belong.
#[track_caller]
fn assert_nowhere(ground: &Ground, canaries: &BTreeSet<String>) {
    let root = ground.root();
    let belongs = |path: &Utf8Path| {
        let private = fs_err::metadata(path).is_ok_and(|metadata| metadata.mode() & 0o777 == 0o600);
        // What the customer gave, the store, what a run may have to put back, and what services read.
        path == ground.path("license.jwt")
            || path.starts_with(root.join("secrets"))
            || private && path.starts_with(root.join("supervisor/attic"))
            || private
                && path
                    .components()
                    .any(|piece| ["env", "config"].contains(&piece.as_str()))
    };
    for path in under(&ground.path("")) {
        let is_file = fs_err::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        // The customer's own database is not ours to look after, and our own program is the same everywhere.
        let other = path.starts_with(ground.path("customers-database")) || path == root.join("bin/landfall");
        if !is_file || other || belongs(&path) {
            continue;
        }
        let bytes = fs_err::read(&path).unwrap_or_default();
        for canary in canaries {
            assert!(
                !holds(&bytes, canary),
                "a secret ({}..) stands in {path}",
                &canary[..8]
            );
        }
    }
}

#[test]
fn secrets_are_found_nowhere_but_where_they_belong() {
    let mut ground = Ground::with(|answers| {
        answers["services"]["database"] = json!({
            "supply": "yours", "host": "127.0.0.1", "port": free_port(), "tls": "disable",
            "password": "env:NOTES_DATABASE_PASSWORD",
        });
        answers["settings"]["revocations"] = "revoked.json".into();
    });
    fs_err::write(ground.path("revoked.json"), r#"["refused"]"#).unwrap();
    let given = "canary-given-by-environment-7f3a";
    ground
        .environment
        .push(("NOTES_DATABASE_PASSWORD".to_owned(), given.to_owned()));
    let port = ground.answers["services"]["database"]["port"].as_u64().unwrap();
    let _server = Server::start(&ground.path(""), u16::try_from(port).unwrap(), given);
    let mut canaries = BTreeSet::from([given.to_owned(), ground.write_license("canary")]);
    // What `license issue` prints is the license.
    fs_err::remove_dir_all(ground.path("out")).unwrap();
    fs_err::create_dir(ground.path("out")).unwrap();

    let watcher = Watcher::start("/".into());
    let (plan, events) = (ground.path("up.plan"), ground.path("up.events"));
    ground.expect(0, &["render", "--out", ground.path("rendered").as_str()]);
    ground.expect(0, &["plan", "--out", plan.as_str()]);
    ground.expect(0, &["up", "--plan", plan.as_str(), "--events", events.as_str()]);
    ground.assert_well();
    canaries.extend(kept(&ground));
    assert!(
        canaries.len() >= 3,
        "the key of sessions is made: {}",
        canaries.len()
    );
    assert_nowhere(&ground, &canaries);
    assert_private(&ground);

    // A license that only the product refuses: the run fails, and what failed is told.
    let refused = ground.license("refused", &repository("sample/keys/license-test.key.pem"));
    fs_err::remove_dir_all(ground.path("out")).unwrap();
    fs_err::create_dir(ground.path("out")).unwrap();
    let good = fs_err::read_to_string(ground.path("license.jwt")).unwrap();
    fs_err::write(ground.path("license.jwt"), &refused).unwrap();
    for verb in [&["up"][..], &["license", "rotate"]] {
        let failed = ground.path("failed.events");
        ground.expect(7, &[verb, &["--yes", "--events", failed.as_str()]].concat());
        ground.assert_well();
    }
    canaries.insert(refused);
    assert_nowhere(&ground, &canaries);
    fs_err::write(ground.path("license.jwt"), good).unwrap();

    for verb in [
        &["stop", "--yes"][..],
        &["start", "--yes"],
        &["status"],
        &["logs"],
        &["runs", "show"],
    ] {
        ground.expect(0, verb);
    }
    ground.expect(0, &["destroy", "--confirm", &ground.name]);
    assert_nowhere(&ground, &canaries);
    watcher.expect_none(&canaries);
}

#[test]
fn the_secrets_of_a_bundled_database_are_found_nowhere_but_where_they_belong() {
    let ground = Ground::new();
    let token = ground.write_license("canary");
    fs_err::remove_dir_all(ground.path("out")).unwrap();
    fs_err::create_dir(ground.path("out")).unwrap();
    let watcher = Watcher::start("/".into());
    let script = Script {
        step: Some("api/health".to_owned()),
        trouble: Trouble::FailAfter,
    };
    Library::new(&ground).run(landfall::plan::Purpose::Up, Some(script));
    let mut canaries = kept(&ground);
    canaries.insert(token);
    assert!(
        canaries.len() >= 4,
        "the license, the key of sessions and two passwords: {}",
        canaries.len()
    );
    assert_nowhere(&ground, &canaries);
    ground.up();
    assert_eq!(
        kept(&ground).len(),
        canaries.len(),
        "a second try makes no second set"
    );
    assert_nowhere(&ground, &canaries);
    assert_private(&ground);
    watcher.expect_none(&canaries);
}

/// Asserts that what holds secrets belongs to the services' user and can be read by nobody else.
#[track_caller]
fn assert_private(ground: &Ground) {
    let root = ground.root();
    let user = if rustix::process::geteuid().is_root() {
        65_534
    } else {
        rustix::process::getuid().as_raw()
    };
    let folder = fs_err::metadata(root.join("secrets")).unwrap();
    assert_eq!((folder.mode() & 0o777, folder.uid()), (0o700, user));
    let mut seen = 0;
    for path in under(&root) {
        let below = path.strip_prefix(&root).unwrap();
        let private = below.starts_with("secrets")
            || below.starts_with("config")
            || below.starts_with("releases/1.0.0/env")
            || below.starts_with("releases/1.0.0/config");
        let metadata = fs_err::symlink_metadata(&path).unwrap();
        if private && metadata.is_file() {
            seen += 1;
            assert_eq!((metadata.mode() & 0o777, metadata.uid()), (0o600, user), "{path}");
        }
    }
    assert!(seen >= 5, "{seen}");
}

#[test]
fn the_state_names_every_secret_and_holds_none() {
    let ground = Ground::new();
    ground.up();
    let shown: Value = ground.expect(0, &["runs", "show", "--output", "json"]).json();
    let write = shown["plan"]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "secrets/write")
        .expect("a step writes secrets");
    let text = write.to_string();
    assert!(
        text.contains("license.jwt") && text.contains("session_key"),
        "{text}"
    );
}

#[test]
fn services_can_change_nothing_of_what_root_runs_or_obeys() {
    if !needs_root("services_can_change_nothing_of_what_root_runs_or_obeys") {
        return;
    }
    let ground = Ground::new();
    ground.up();
    let root = ground.root();
    let owner = |path: &Utf8Path| fs_err::symlink_metadata(path).unwrap().uid();
    assert_eq!(owner(&root), 0);
    for entry in root.read_dir_utf8().unwrap() {
        let path = entry.unwrap().into_path();
        let services = ["secrets", "run"].contains(&path.file_name().unwrap());
        assert_eq!(owner(&path) == 0, !services, "{path}");
    }
    for folder in ["bin", "supervisor", "logs", "releases", "config"] {
        for path in under(&root.join(folder)) {
            // Services read their own environment and configuration, and nobody else may.
            let metadata = fs_err::symlink_metadata(&path).unwrap();
            let read_by_services =
                ["releases", "config"].contains(&folder) && metadata.mode() & 0o7777 == 0o600;
            assert!(
                read_by_services || metadata.uid() == 0,
                "{path} belongs to {}",
                metadata.uid()
            );
            assert!(
                metadata.is_symlink() || metadata.mode() & 0o022 == 0,
                "{path}: {:o}",
                metadata.mode()
            );
        }
    }
}
