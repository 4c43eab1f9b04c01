//! What was approved is applied, or nothing is.

use serde_json::Value;

use super::common::{Ground, Said, tree};

/// Saves a plan of `up` and returns its file.
fn save(ground: &Ground) -> String {
    let file = ground.path("up.plan").into_string();
    ground
        .expect(0, &["plan", "--out", &file])
        .says(&format!("landfall up --plan {file}"));
    file
}

/// Asserts that a saved plan is refused and nothing is touched.
#[track_caller]
fn refused(ground: &Ground, file: &str) -> Said {
    let look = || {
        (
            tree(&ground.root(), &["logs", "data"]),
            tree(&ground.path(".landfall"), &["notes"]),
        )
    };
    let (before, runs) = (look(), ground.runs().len());
    let said = ground.expect(3, &["up", "--plan", file]);
    assert_eq!(look(), before);
    assert_eq!(ground.runs().len(), runs);
    said
}

#[test]
fn a_saved_plan_is_applied_exactly() {
    let ground = Ground::new();
    let file = save(&ground);
    let plan: Value = serde_json::from_str(&fs_err::read_to_string(&file).unwrap()).unwrap();
    ground.expect(0, &["up", "--plan", &file]);
    ground.assert_well();
    let shown = ground.expect(0, &["runs", "show", "--output", "json"]).json();
    assert_eq!(shown["plan"], plan);
    assert_eq!(shown["about"]["plan"], plan["hash"]);
    // Done, it no longer fits.
    refused(&ground, &file).says("no longer fits");
}

#[test]
fn a_saved_plan_is_refused_when_the_answers_have_changed() {
    let mut ground = Ground::new();
    let file = save(&ground);
    let port = super::common::free_port();
    ground.change(|answers| answers["settings"]["web_port"] = port.into());
    refused(&ground, &file).says("no longer fits").says("the answers");
    assert!(!ground.root().exists());
}

#[test]
fn a_saved_plan_is_refused_when_a_file_on_disk_has_changed() {
    let mut ground = Ground::new();
    ground.up();
    let port = super::common::free_port();
    ground.change(|answers| answers["settings"]["web_port"] = port.into());
    let file = save(&ground);
    let environment = ground.root().join("releases/1.0.0/env/worker.env");
    let before = fs_err::read_to_string(&environment).unwrap();
    fs_err::write(&environment, format!("{before}EDITED=\"by hand\"\n")).unwrap();
    refused(&ground, &file).says("no longer fits").says("worker.env");
    fs_err::write(&environment, before).unwrap();
    ground.expect(0, &["up", "--plan", &file]);
    ground.assert_well();
}

#[test]
fn a_saved_plan_that_was_tampered_with_is_refused() {
    let ground = Ground::new();
    let file = save(&ground);
    let plan: Value = serde_json::from_str(&fs_err::read_to_string(&file).unwrap()).unwrap();
    type Tamper = fn(&mut Value);
    let tampers: [(&str, Tamper); 4] = [
        ("a title", |plan| plan["steps"][0]["title"] = "nothing bad".into()),
        ("an action", |plan| {
            let steps = plan["steps"].as_array_mut().unwrap();
            let migrate = steps
                .iter_mut()
                .find(|step| step["id"] == "database/migrate")
                .unwrap();
            migrate["action"]["migrate"]["exec"][0] = "/bin/evil".into();
        }),
        ("a step left out", |plan| {
            drop(plan["steps"].as_array_mut().unwrap().pop());
        }),
        ("the hash", |plan| {
            plan["hash"] = format!("sha256:{}", "0".repeat(64)).into();
        }),
    ];
    for (what, tamper) in tampers {
        let mut tampered = plan.clone();
        tamper(&mut tampered);
        fs_err::write(&file, serde_json::to_string(&tampered).unwrap()).unwrap();
        let said = ground.run(&["up", "--plan", &file]);
        assert_eq!(said.code, Some(3), "{what}: {said}");
        assert!(!ground.root().exists(), "{what}");
    }
    fs_err::write(&file, "{ \"half\": ").unwrap();
    ground
        .expect(3, &["up", "--plan", &file])
        .says("landfall plan --out");
    ground.expect(3, &["up", "--plan", "/nowhere/up.plan"]);
    assert!(ground.runs().is_empty());
}
