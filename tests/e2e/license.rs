//! A new license is handed to what runs; one that is refused leaves the old one in force.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::common::{At, Ground, ask, repository, restarting, signal, steps_of};

const ROTATE: [&str; 3] = ["license", "rotate", "--yes"];

const UNITS: [&str; 5] = ["database", "api", "web", "worker", "proxy"];

fn pids(ground: &Ground) -> [i32; 5] {
    UNITS.map(|unit| ground.unit(unit).unwrap().pid)
}

/// Asks the product which license is in force.
fn in_force(ground: &Ground) -> String {
    let reply = ask("GET", &ground.url("/api/v1/license"), None);
    let told: Value = serde_json::from_str(&reply.body).unwrap();
    told["id"].as_str().unwrap().to_owned()
}

/// Reads which license the installation keeps.
fn kept(ground: &Ground) -> String {
    let report = ground.expect(0, &["license", "show", "--output", "json"]).json();
    report["license"]["id"].as_str().unwrap().to_owned()
}

/// Asserts that one license is in force everywhere, and that nothing was restarted for it.
#[track_caller]
fn assert_license(ground: &Ground, id: &str, pids_before: [i32; 5]) {
    assert_eq!(in_force(ground), id);
    assert_eq!(kept(ground), id);
    assert_eq!(pids(ground), pids_before, "nothing is restarted: {UNITS:?}");
    ground.assert_well();
}

#[track_caller]
fn assert_shown(ground: &Ground, what: &str) {
    let status = ground.expect(0, &["status"]);
    assert!(status.stdout.contains(what), "{status}");
}

#[test]
fn a_rotated_license_is_in_force_without_a_restart_and_up_finds_nothing_to_do() {
    let ground = Ground::new();
    ground.up();
    let before = pids(&ground);
    let rotate = ["license", "rotate"];
    ground.expect(0, &rotate).says("nothing to do");
    let token = ground.write_license("second");
    ground.expect(2, &["drift"]).says("1 expected");
    ground.expect(3, &rotate).says("license/reload").says("--yes");
    assert_eq!(in_force(&ground), "first");
    let said = ground.expect(0, &[&ROTATE[..], &["--output", "json"]].concat());
    said.says("id second").says("has its new license");
    let run = said.json();
    assert_eq!(run["purpose"], "license rotate", "{run:#}");
    let steps: Vec<&Value> = run["steps"].as_array().unwrap().iter().collect();
    let ids: Vec<&str> = steps.iter().map(|step| step["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["license/hold", "secrets/write", "license/reload"]);
    assert_license(&ground, "second", before);
    assert!(!said.stdout.contains(&token) && !said.stderr.contains(&token));
    let status = ground.status();
    assert_eq!(
        status["licenses"]["license"]["license"]["id"], "second",
        "{status:#}"
    );
    assert_shown(&ground, "license: for acme, tier community, 5 seats, id second");
    ground.expect(0, &["drift"]).says("no drift");
    ground.up().says("nothing to do");
    ground.expect(0, &rotate).says("nothing to do");
    // It is of no release: what is gone back to is what was installed before it.
    ground
        .expect(3, &["rollback", "--yes"])
        .says("nothing was installed before");
}

#[test]
fn up_hands_a_new_license_over_too_and_a_license_that_lies_elsewhere_is_taken_from_there() {
    let mut ground = Ground::new();
    ground.up();
    let before = pids(&ground);
    ground.write_license("second");
    let steps = [
        "license/hold",
        "secrets/write",
        "license/reload",
        "release/verify",
    ];
    assert_eq!(steps_of(&ground), steps);
    ground.up();
    assert_license(&ground, "second", before);
    let token = ground.license("third", &repository("sample/keys/license-test.key.pem"));
    fs_err::write(ground.path("third.jwt"), token).unwrap();
    ground.change(|answers| answers["services"]["license"]["token"] = "file:third.jwt".into());
    ground.expect(0, &ROTATE);
    assert_license(&ground, "third", before);
    fs_err::remove_file(ground.path("license.jwt")).unwrap();
    ground.expect(0, &["drift"]).says("no drift");
    ground.up().says("nothing to do");
}

#[test]
fn a_license_that_is_not_usable_is_refused_before_anything_is_touched() {
    let ground = Ground::new();
    ground.up();
    let (before, runs) = (pids(&ground), ground.runs().len());
    let key = repository("sample/keys/license-test.key.pem");
    let other = repository("src/license/testdata/other.private.pem");
    for (token, why) in [
        (
            ground.license("forged", &other),
            "signature was not made with the vendor's key",
        ),
        (
            ground.license_with("over", &key, &["--lasts", "0s"]),
            "expired at",
        ),
        ("no license".to_owned(), "not a signed JSON Web Token"),
    ] {
        fs_err::write(ground.path("license.jwt"), token).unwrap();
        for verb in [&ROTATE[..], &["up", "--yes"]] {
            let said = ground.expect(4, verb);
            said.says("`services.license.token`")
                .says(why)
                .says("ask the vendor");
        }
    }
    fs_err::remove_file(ground.path("license.jwt")).unwrap();
    ground.expect(3, &ROTATE).says("license.jwt");
    assert_eq!(ground.runs().len(), runs, "nothing was begun");
    assert_license(&ground, "first", before);
    let soon = ground.license_with("soon", &key, &["--lasts", "3d"]);
    fs_err::write(ground.path("license.jwt"), soon).unwrap();
    ground.expect(0, &ROTATE).says("the license ends in 2 days");
    assert_shown(&ground, "the license ends in 2 days");
    ground
        .up()
        .says("the license ends in 2 days")
        .says("nothing to do");
    ground.expect(0, &["stop", "--yes"]);
    ground.write_license("second");
    ground.expect(3, &ROTATE).says("is stopped").says("landfall up");
    ground.up();
    assert_eq!(in_force(&ground), "second");
}

#[test]
fn a_license_that_the_product_refuses_leaves_the_old_one_in_force() {
    let ground = Ground::with(|answers| answers["settings"]["revocations"] = "revoked.json".into());
    // Of what the vendor took back only the product knows.
    fs_err::write(ground.path("revoked.json"), json!(["revoked"]).to_string()).unwrap();
    ground.up();
    let before = pids(&ground);
    ground.write_license("revoked");
    for verb in [&ROTATE[..], &["up", "--yes"]] {
        let said = ground.expect(7, verb);
        said.says("api refuses the license: 422")
            .says("was revoked")
            .says("as it was before");
        assert_license(&ground, "first", before);
    }
    ground.write_license("second");
    ground.expect(0, &ROTATE);
    assert_license(&ground, "second", before);
}

#[test]
fn a_rotation_that_was_killed_between_store_and_reload_is_resumed_or_rolled_back() {
    let ground = Ground::new();
    ground.up();
    let before = pids(&ground);
    ground.write_license("second");
    for (verb, ends) in [("rollback", "first"), ("resume", "second")] {
        // It answers nobody, so that the step is surely under way when its Landfall is killed.
        signal(before[1], Signal::STOP);
        let at = At::start("license/reload");
        let running = ground.start_until(&ROTATE, &at);
        let other = ground.expect(5, &ROTATE);
        other.says("doing `license rotate`").says("--lock-wait");
        running.signal_group(Signal::KILL);
        running.end();
        signal(before[1], Signal::CONT);
        assert_eq!(ground.runs()[0]["status"], "interrupted");
        assert_eq!(kept(&ground), "second");
        ground.expect(6, &ROTATE).says("landfall resume");
        ground.expect(0, &[verb]);
        assert_license(&ground, ends, before);
    }
    ground.up().says("nothing to do");
}

#[test]
fn a_product_that_takes_no_license_while_it_runs_is_restarted_for_it_and_for_the_way_back() {
    let ground = Ground::with(|answers| {
        answers["product"] = "./sample".into();
        answers["settings"]["revocations"] = "revoked.json".into();
    });
    restarting(&ground.path("sample"));
    fs_err::write(ground.path("revoked.json"), json!(["revoked"]).to_string()).unwrap();
    ground.up();
    let before = pids(&ground);
    ground.write_license("second");
    ground.expect(0, &ROTATE).says("api/stop").says("api/start");
    assert_eq!(
        (in_force(&ground), kept(&ground)),
        ("second".to_owned(), "second".to_owned())
    );
    let now = pids(&ground);
    for (unit, (before, now)) in UNITS.iter().zip(before.iter().zip(now)) {
        assert_eq!(*before == now, *unit != "api", "{unit}");
    }
    ground.write_license("revoked");
    ground.expect(7, &ROTATE).says("was revoked");
    ground.wait_until_healthy();
    assert_eq!(
        (in_force(&ground), kept(&ground)),
        ("second".to_owned(), "second".to_owned())
    );
    ground.assert_well();
}
