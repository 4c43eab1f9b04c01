//! `landfall drift` tells what differs, whose it is and what to do; and changes nothing.

use std::os::unix::fs::PermissionsExt as _;

use camino::Utf8Path;
use serde_json::Value;

use super::common::{Ground, free_port, tree};

/// Looks for drift and returns it by class and subject.
#[track_caller]
fn drift(ground: &Ground, arguments: &[&str]) -> Vec<(String, String, Value)> {
    let mut all = vec!["drift", "--output", "json"];
    all.extend(arguments);
    let told = ground.expect(2, &all).json();
    assert_eq!(told["exit_code"], 2);
    let word = |drift: &Value, key: &str| drift[key].as_str().unwrap().to_owned();
    let drift = told["drift"].as_array().unwrap().iter();
    drift
        .map(|drift| (word(drift, "class"), word(drift, "subject"), drift.clone()))
        .collect()
}

#[track_caller]
fn assert_drift(found: &[(String, String, Value)], class: &str, subject: &str, what: &str) {
    let told = found
        .iter()
        .find(|(_, found, _)| found.ends_with(subject))
        .unwrap_or_else(|| panic!("nothing is told of {subject}: {found:#?}"));
    assert_eq!(told.0, class, "{told:?}");
    assert!(told.2.to_string().contains(what), "{told:?}");
}

fn mode(path: &Utf8Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_is_as_it_was_placed_has_no_drift_and_looking_changes_nothing() {
    let ground = Ground::new();
    ground.expect(3, &["drift"]).says("nothing is installed");
    ground.up();
    let except = ["root/data", "root/run", "root/logs", "out"];
    let before = tree(&ground.path(""), &except);
    ground
        .expect(0, &["drift"])
        .says("no drift: Notes 1.0.0 is as it was placed");
    ground.expect(0, &["drift", "--deep"]);
    assert_eq!(tree(&ground.path(""), &except), before);
}

#[test]
fn what_was_asked_for_and_not_done_yet_is_expected() {
    let mut ground = Ground::new();
    ground.up();
    let port = free_port();
    ground.change(|answers| answers["settings"]["worker_port"] = port.into());
    let found = drift(&ground, &[]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_drift(
        &found,
        "expected",
        "env/worker.env",
        &format!("+NOTES_LISTEN=127.0.0.1:{port}"),
    );
    ground.up();
    ground.expect(0, &["drift"]);
    ground.expect(0, &["stop", "--yes"]);
    let found = drift(&ground, &[]);
    assert!(found.iter().all(|(class, ..)| class == "expected"), "{found:#?}");
    assert!(found[0].2["next"] == "landfall start", "{found:#?}");
    ground.expect(0, &["start", "--yes"]);
    ground.expect(0, &["drift"]);
}

#[test]
fn edits_are_yours_and_shown_without_the_secrets_in_them() {
    let ground = Ground::new();
    ground.up();
    let root = ground.root();
    let canary = fs_err::read_to_string(root.join("secrets/session_key")).unwrap();
    let file = root.join("releases/1.0.0/env/web.env");
    let before = fs_err::read_to_string(&file).unwrap();
    fs_err::write(
        &file,
        format!("{before}MINE=1\nCOPY={canary}\nSMTP_PASSWORD=hunter2\n"),
    )
    .unwrap();
    let said = ground.expect(2, &["drift"]);
    let all = format!("{said}");
    assert!(all.contains("yours") && all.contains("+MINE=1"), "{said}");
    assert!(all.contains("+COPY=${secret:session_key}"), "{said}");
    assert!(all.contains("+SMTP_PASSWORD=[hidden]"), "{said}");
    assert!(!all.contains(&canary) && !all.contains("hunter2"), "{said}");
    assert!(
        all.contains("next: landfall up --overwrite env/web.env"),
        "{said}"
    );
    ground.up();
    assert_drift(&drift(&ground, &[]), "yours", "env/web.env", "edited by hand");
    ground.expect(0, &["up", "--yes", "--overwrite", "env/web.env"]);
    ground.expect(0, &["drift"]);
}

#[test]
fn what_nobody_asked_for_is_dangerous() {
    let ground = Ground::new();
    ground.up();
    let root = ground.root();
    mode(&root.join("secrets/session_key"), 0o644);
    mode(&root.join("config"), 0o777);
    let program = root.join("releases/1.0.0/images/web/app/notes");
    let bytes = fs_err::read(&program).unwrap();
    fs_err::remove_file(&program).unwrap();
    fs_err::write(&program, [bytes, b"more".to_vec()].concat()).unwrap();
    mode(&program, 0o755);
    let stray = root.join(format!("supervisor/units/{}-miner.yaml", ground.name));
    fs_err::write(&stray, "name: miner\n").unwrap();
    fs_err::remove_file(root.join("releases/1.0.0/env/worker.env")).unwrap();
    fs_err::remove_file(root.join("current")).unwrap();
    std::os::unix::fs::symlink("/tmp", root.join("current")).unwrap();

    let found = drift(&ground, &[]);
    assert_drift(&found, "dangerous", "secrets/session_key", "others can read");
    assert_drift(&found, "dangerous", "root/config", "open to more");
    assert_drift(
        &found,
        "dangerous",
        "images/web/app/notes",
        "not what the image holds",
    );
    assert_drift(&found, "dangerous", "-miner.yaml", "did not place");
    assert_drift(&found, "dangerous", "env/worker.env", "is gone");
    assert_drift(&found, "dangerous", "root/current", "leads to /tmp");
    assert_drift(
        &found,
        "dangerous",
        &format!("{}-web", ground.name),
        "replaced since",
    );
    assert_eq!(found[0].0, "dangerous", "the gravest come first");
}
