//! A new license is handed to every pod; one that is refused leaves the old one in force.

use std::collections::BTreeMap;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::super::common::{At, restarting};
use super::common::{Ground, eventually};

const ROTATE: [&str; 3] = ["license", "rotate", "--yes"];

/// A pod's uid, and how often its container was started anew.
type Instance = (String, u64);

/// Finds the pods of the API by name.
fn pods(ground: &Ground) -> BTreeMap<String, Instance> {
    let of = |pod: &Value| {
        let status = &pod["status"]["containerStatuses"][0];
        let ready = status["ready"] == true && pod["metadata"]["deletionTimestamp"].is_null();
        let name = pod["metadata"]["name"].as_str()?;
        let ours = ready && name.starts_with(&format!("{}-", ground.object("api")));
        let uid = pod["metadata"]["uid"].as_str()?.to_owned();
        ours.then(|| (name.to_owned(), (uid, status["restartCount"].as_u64().unwrap())))
    };
    ground.objects("pods").iter().filter_map(of).collect()
}

/// Asks every pod of the API which license is in force.
fn in_force(ground: &Ground) -> Vec<String> {
    let ask = |pod: &String| {
        let path = format!(
            "/api/v1/namespaces/{}/pods/http:{pod}:8081/proxy/api/v1/license",
            ground.namespace
        );
        let told: Value = serde_json::from_str(&ground.kubectl(&["get", "--raw", &path])).unwrap();
        told["id"].as_str().unwrap().to_owned()
    };
    pods(ground).keys().map(ask).collect()
}

/// Reads which license the cluster keeps.
fn kept(ground: &Ground) -> String {
    let report = ground.expect(0, &["license", "show", "--output", "json"]).json();
    report["license"]["id"].as_str().unwrap().to_owned()
}

/// Runs two pods of the API.
fn two(ground: &Ground) {
    let deployment = format!("deployment/{}", ground.object("api"));
    ground.kubectl(&["scale", &deployment, "--replicas", "2"]);
    eventually("there are two pods", || pods(ground).len() == 2);
}

/// Has one pod replaced by a new one.
fn replace_one(ground: &Ground) {
    let before = pods(ground);
    let name = before.keys().next().unwrap();
    ground.kubectl(&["delete", "pod", name, "--wait"]);
    eventually("another pod is there", || {
        let now = pods(ground);
        now.len() == 2 && !now.contains_key(name)
    });
}

#[test]
fn a_rotated_license_is_in_force_in_every_pod_without_a_restart_or_goes_back_everywhere() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    two(&ground);
    let before = pods(&ground);
    ground.expect(0, &ROTATE).says("nothing to do");
    ground.write_license("second");
    let said = ground.expect(0, &[&ROTATE[..], &["--output", "json"]].concat());
    assert_eq!(said.json()["purpose"], "license rotate");
    assert_eq!(in_force(&ground), ["second", "second"]);
    assert_eq!(pods(&ground), before, "the same pods, never started anew");
    assert_eq!(kept(&ground), "second");
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    ground.expect(0, &["drift"]).says("no drift");
    replace_one(&ground);
    assert_eq!(
        in_force(&ground),
        ["second", "second"],
        "a new pod has the new one"
    );

    for (verb, id, ends) in [("rollback", "third", "second"), ("resume", "third", "third")] {
        ground.write_license(id);
        let running = ground.start_until(&ROTATE, &At::start("license/reload"));
        ground.expect(5, &ROTATE).says("doing `license rotate`");
        running.signal_group(Signal::KILL);
        running.end();
        assert_eq!(ground.runs()[0]["status"], "interrupted");
        assert_eq!(kept(&ground), id);
        // A pod that starts now reads the new one, and must have the right one in the end.
        replace_one(&ground);
        let before = pods(&ground);
        ground.expect(0, &[verb]);
        assert_eq!(in_force(&ground), [ends, ends]);
        assert_eq!(kept(&ground), ends);
        assert_eq!(pods(&ground), before);
    }
    ground.write_license("fourth");
    let steps = [
        "license/hold",
        "secrets/write",
        "license/reload",
        "release/verify",
    ];
    assert_eq!(ground.steps(&[]), steps, "`up` restarts nothing for it either");
    let before = pods(&ground);
    ground.expect(0, &["up", "--yes"]);
    assert_eq!(in_force(&ground), ["fourth", "fourth"]);
    assert_eq!(pods(&ground), before);
    ground.assert_well();
}

#[test]
fn a_license_that_the_product_refuses_leaves_the_old_one_in_force() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    // Of what the vendor took back only the product knows.
    fs_err::write(ground.path("revoked.json"), json!(["revoked"]).to_string()).unwrap();
    ground.change(|answers| answers["settings"] = json!({ "revocations": "revoked.json" }));
    ground.expect(0, &["up", "--yes"]);
    let before = pods(&ground);
    ground.write_license("revoked");
    let said = ground.expect(7, &ROTATE);
    said.says("refuses the license: 422")
        .says("was revoked")
        .says("as it was before");
    assert_eq!(in_force(&ground), ["first"]);
    assert_eq!(kept(&ground), "first");
    assert_eq!(pods(&ground), before);
    ground.assert_well();
}

#[test]
fn a_product_that_takes_no_license_while_it_runs_is_restarted_for_it_and_for_the_way_back() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    restarting(&ground.path("sample"));
    fs_err::write(ground.path("revoked.json"), json!(["revoked"]).to_string()).unwrap();
    ground.change(|answers| {
        answers["product"] = "./sample".into();
        answers["settings"] = json!({ "revocations": "revoked.json" });
    });
    ground.expect(0, &["up", "--yes"]);
    ground.write_license("second");
    ground.expect(0, &ROTATE).says("components/restart");
    assert_eq!(in_force(&ground), ["second"]);
    ground.write_license("revoked");
    ground.expect(7, &ROTATE).says("was revoked");
    ground.assert_well();
    assert_eq!(in_force(&ground), ["second"]);
    assert_eq!(kept(&ground), "second");
}
