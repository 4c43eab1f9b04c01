//! What somebody changed with `kubectl`: seen, told whose it is, and never overwritten without a decision.

use serde_json::Value;

use super::common::{Ground, eventually};

/// Looks for drift; every one told is of this class.
#[track_caller]
fn drift(ground: &Ground, class: &str) -> Vec<Value> {
    let told = ground.expect(2, &["drift", "--output", "json"]).json();
    assert_eq!(told["exit_code"], 2);
    let drift = told["drift"].as_array().unwrap().clone();
    assert!(!drift.is_empty());
    assert!(drift.iter().all(|one| one["class"] == class), "{drift:#?}");
    drift
}

fn patch(ground: &Ground, path: &str, value: &Value) {
    let patch = serde_json::json!([{ "op": "add", "path": path, "value": value }]).to_string();
    let api = format!("deployment/{}", ground.object("api"));
    ground.kubectl(&["patch", &api, "--type=json", "--patch", &patch]);
    ground.kubectl(&["rollout", "status", &api, "--timeout=120s"]);
    eventually("the pods of before have ended", || {
        let pods = ground.objects("pods");
        pods.iter()
            .all(|pod| pod["metadata"]["deletionTimestamp"].is_null())
    });
}

/// Reads what the deployment of api says.
fn container(ground: &Ground) -> Value {
    let text = ground.object_text("deployment", &ground.object("api"));
    let object: Value = serde_json::from_str(&text).unwrap();
    object["spec"]["template"]["spec"]["containers"][0].clone()
}

const FIRST: &str = "/spec/template/spec/containers/0";

#[test]
fn what_somebody_added_is_his_and_stays_over_an_upgrade() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.expect(0, &["drift"]).says("no drift");
    let mine = serde_json::json!({ "name": "MINE", "value": "kept" });
    patch(&ground, &format!("{FIRST}/env/-"), &mine);
    let found = drift(&ground, "yours");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].to_string().contains("MINE"), "{found:#?}");
    // Nothing that is rendered stands against it.
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    assert_eq!(ground.version(), "1.1.0");
    assert!(container(&ground)["env"].to_string().contains("MINE"));
}

#[test]
fn an_edited_environment_is_yours_and_no_upgrade_overwrites_it_without_a_decision() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    let environment = container(&ground)["env"].as_array().unwrap().clone();
    let is_host = |one: &Value| one["name"] == "NOTES_DATABASE_HOST";
    let index = environment.iter().position(is_host).expect("it is set");
    // The same server by a longer name: it runs.
    let host = environment[index]["value"].as_str().unwrap();
    let mine = format!("{}.{}.svc", ground.object("database"), ground.namespace);
    assert_ne!(host, mine);
    patch(
        &ground,
        &format!("{FIRST}/env/{index}/value"),
        &mine.clone().into(),
    );
    let found = drift(&ground, "yours");
    assert!(found[0].to_string().contains(&mine), "{found:#?}");
    let (before, runs) = (ground.revisions(), ground.runs().len());

    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    let said = ground.run(&upgrade);
    assert_eq!(said.code, Some(3), "{said}");
    assert!(said.stderr.contains("--overwrite"), "{said}");
    assert_eq!(ground.revisions(), before, "refused, and nothing was touched");
    assert_eq!(ground.runs().len(), runs);
    assert!(container(&ground)["env"].to_string().contains(&mine));

    // With a decision it goes on.
    let subject = said
        .stderr
        .split_once("--overwrite ")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .expect("it says what to overwrite")
        .trim_matches(['`', ',', '\'']);
    let mut decided = upgrade.to_vec();
    decided.extend(["--overwrite", subject]);
    ground.expect(0, &decided);
    assert_eq!(ground.version(), "1.1.0");
    assert!(!container(&ground)["env"].to_string().contains(&mine));
    ground.expect(0, &["drift"]);
    ground.assert_well();
}

#[test]
fn stopping_does_not_undo_an_edit_without_a_decision() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    let api = format!("deployment/{}", ground.object("api"));
    // However many pods somebody asked for, who stops it wants none.
    ground.kubectl(&["scale", &api, "--replicas=2"]);
    let probe = format!("{FIRST}/readinessProbe/periodSeconds");
    patch(&ground, &probe, &7.into());
    let before = ground.revisions();
    let said = ground.expect(3, &["stop", "--yes"]);
    assert!(said.stderr.contains("periodSeconds"), "{said}");
    assert!(!said.stderr.contains("spec.replicas"), "{said}");
    assert_eq!(ground.revisions(), before, "refused, and nothing was touched");
    ground.expect(0, &["stop", "--yes", "--overwrite", "all"]);
    assert_ne!(container(&ground)["readinessProbe"]["periodSeconds"], 7);
    ground.expect(0, &["start", "--yes"]);
    ground.assert_well();
}

#[test]
fn another_image_is_told_and_no_upgrade_overwrites_it_without_a_decision() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    let ours = container(&ground)["image"].as_str().unwrap().to_owned();
    // The same program by its tag: it runs, but what the tag names tomorrow nobody approved.
    let (repository, _) = ours.split_once('@').expect("it is named by digest");
    let theirs = format!("{}:1.0.0", repository.trim_end_matches(":1.0.0"));
    patch(&ground, &format!("{FIRST}/image"), &theirs.clone().into());
    let told = ground.expect(2, &["drift", "--output", "json"]).json();
    let drift = told["drift"].as_array().unwrap();
    let image = drift.iter().find(|one| one.to_string().contains(&theirs));
    let image = image.unwrap_or_else(|| panic!("nothing is told of the image: {told:#}"));
    assert!(
        ["yours", "dangerous"].contains(&image["class"].as_str().unwrap()),
        "{image:#}"
    );
    ground.expect(3, &["upgrade", "--to", "1.1.0", "--yes"]);
    assert_eq!(container(&ground)["image"], theirs.as_str());
}

#[test]
fn what_somebody_removed_is_brought_back() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    ground.kubectl(&["delete", "service", &ground.object("web")]);
    let said = ground.expect(2, &["drift"]);
    assert!(said.stdout.contains("is gone"), "{said}");
    ground.expect(0, &["up", "--yes"]);
    ground.expect(0, &["drift"]);
    ground.assert_well();
}
