//! Whoever reaches the state can go on.

use super::common::{At, Ground, copy};

#[test]
fn a_run_is_resumed_from_a_copy_of_the_state_in_another_place() {
    let ground = Ground::new();
    ground.kill_at(&["up", "--yes"], &At::start("config/write"), false);
    let elsewhere = ground.path("elsewhere");
    copy(&ground.path(".landfall"), &elsewhere.join(".landfall"));
    fs_err::copy(ground.path("landfall.yaml"), elsewhere.join("landfall.yaml")).unwrap();
    fs_err::remove_dir_all(ground.path(".landfall")).unwrap();
    // Neither the license nor the catalogue of releases is needed any more: what was approved is in the state.
    fs_err::remove_file(ground.path("license.jwt")).unwrap();
    fs_err::remove_dir_all(ground.path("data")).unwrap();
    let file = elsewhere.join("landfall.yaml");
    ground
        .expect(0, &["-f", file.as_str(), "resume"])
        .says("took over the lock");
    let status = ground
        .expect(0, &["-f", file.as_str(), "status", "--output", "json"])
        .json();
    assert_eq!(status["healthy"], true, "{status:#}");
    ground.assert_one_of_each();
    ground.expect(0, &["-f", file.as_str(), "stop", "--yes"]);
    ground.assert_nothing_runs();
}
