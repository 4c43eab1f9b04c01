//! The whole life of an installation: up, killed and resumed, upgraded, taken back, stopped, destroyed, each with what Terraform says afterwards.
//!
//! It is one test, because half an hour goes by until an installation is there and gone again.

use rustix::process::Signal;

use super::super::common::{At, Watcher, every_case, spread};
use super::installation::{Installation, Kill};

#[test]
fn from_nothing_through_upgrades_to_nothing() {
    let Some(one) = Installation::new(&["1.0.0", "1.1.0", "1.2.0", "1.3.0"]) else {
        return;
    };
    let watcher = Watcher::start(&one.path(""));
    comes_up_through_kills(&one);
    let canaries = one.canaries();
    assert!(
        canaries.len() >= 5,
        "the license, a key, passwords, addresses: {}",
        canaries.len()
    );
    watcher.expect_none(&canaries);
    one.assert_nowhere(&canaries);
    one.expect(0, &["up", "--yes"]).says("nothing to do");
    assert_eq!(one.states(), ["running"; 3]);
    assert_eq!(one.version(), "1.0.0");
    one.assert_nothing_is_beside();

    two_operators_take_turns(&one);
    is_upgraded_and_taken_back_through_kills(&one);
    one.assert_settled();
    one.expect(0, &["drift"]);

    upgrades_that_fail_leave_what_was(&one);

    one.expect(0, &["stop", "--yes"]);
    assert_eq!(one.states(), ["stopped"; 3]);
    one.expect(0, &["start", "--yes"]);
    assert_eq!(one.states(), ["running"; 3]);
    one.assert_settled();
    one.assert_nothing_is_beside();

    one.expect(0, &["destroy", "--data", "--confirm", &one.name]);
    assert!(one.states().is_empty(), "nothing is installed any more");
}

/// Whatever is killed goes on, and makes nothing twice.
fn comes_up_through_kills(one: &Installation) {
    let mut kills = Vec::new();
    for step in one.steps(&[]) {
        kills.push(Kill::landfall(At::start(&step)));
        if step.ends_with("/apply") {
            // What Terraform made in its last moment is in no state.
            kills.push(Kill::everything(At::amid(&step).later(1_000)));
        }
        match step.as_str() {
            "foundation/apply" => kills.push(Kill::everything(At::amid(&step).later(4_000))),
            // Terraform goes on by itself, and is waited for.
            "data/apply" => kills.push(Kill::landfall(At::amid(&step).later(1_000))),
            _ => {}
        }
        kills.push(Kill::landfall(At::end(&step)));
    }
    // After the last of them the run may be done.
    kills.pop();
    let (amid, between): (Vec<Kill>, Vec<Kill>) = kills.iter().cloned().partition(Kill::is_amid);
    let chosen = [amid, spread(&between, 2)].concat();
    kills.retain(|kill| chosen.contains(kill));
    one.through_kills(&["up", "--yes"], &kills);
}

/// Who comes second is told who is at work, and goes on at another machine with what the first one left.
fn two_operators_take_turns(one: &Installation) {
    let second = one.second();
    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    for (verb, ends, at) in [
        ("rollback", "1.0.0", At::start("services/roll")),
        ("resume", "1.1.0", At::end("database/migrate")),
    ] {
        let first = one.start_until(&upgrade, &at);
        // It would be done soon.
        first.signal_group(Signal::STOP);
        second
            .expect(5, &upgrade)
            .says("doing `upgrade`")
            .says("--lock-wait");
        second.expect(5, &[verb]).says("--lock-wait");
        // Looking takes no lock, but plans in the folder in which the first one applies.
        one.expect(5, &["drift"]).says("another landfall (process ");
        first.signal_group(Signal::KILL);
        assert_eq!(first.end().code, None);
        second.expect(0, &[verb]);
        assert_eq!(one.version(), ends);
        second.assert_settled();
    }
    second.expect(0, &["rollback", "--yes"]);
    one.take_answers_of(&second);
    one.assert_settled();
    assert_eq!(one.version(), "1.0.0");
}

/// From 1.0.0 to 1.1.0, killed and taken back, and killed and gone on with.
fn is_upgraded_and_taken_back_through_kills(one: &Installation) {
    let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
    let steps = one.steps(&["--to", "1.1.0"]);
    let both = |step: &String| [At::start(step), At::end(step)].map(Kill::landfall);
    let mut boundaries: Vec<Kill> = steps.iter().flat_map(both).collect();
    boundaries.pop();
    // One that is taken back by another operator was enough above.
    for kill in every_case().then_some(&boundaries).into_iter().flatten() {
        assert!(one.kill(&upgrade, kill), "it was at work at {kill:?}");
        one.expect(6, &["up", "--yes"]).says("landfall resume");
        one.expect(0, &["rollback"]);
        assert_eq!(one.version(), "1.0.0", "after {kill:?}");
        one.assert_settled();
    }
    one.through_kills(&upgrade, &spread(&boundaries, 3));
    assert_eq!(one.version(), "1.1.0");
}

/// Each ends where it began, and says what went wrong.
fn upgrades_that_fail_leave_what_was(one: &Installation) {
    // Its migration refuses the schema that is there.
    one.add_release_of("1.1.1", "3.0.0", &["--old-version-works"]);
    one.stop_database();
    fails(one, "1.1.1", "which is stopped");
    one.start_database();
    fails(one, "1.1.1", "exit code 1");
    // What could not be pulled is seen before anything is touched.
    one.lose_images("1.1.1");
    one.expect(4, &["upgrade", "--to", "1.1.1", "--yes"])
        .says("the registry does not have it");
    one.forget_release("1.1.1");
    // Its tasks never become healthy: ECS gives up and goes back, and that is no success.
    fails(one, "1.2.0", "circuit breaker");

    // Nothing is promised of its migration.
    one.expect(3, &["upgrade", "--to", "1.3.0", "--yes"])
        .says("on AWS");
}

#[track_caller]
fn fails(one: &Installation, release: &str, because: &str) {
    let said = one.expect(7, &["upgrade", "--to", release, "--yes"]);
    said.says(because);
    said.says("is as it was before");
    assert_eq!(one.version(), "1.1.0");
    one.assert_settled();
}
