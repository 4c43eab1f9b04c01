//! Killed without warning at every boundary of a run, and in the middle of helm's work.

use rustix::process::Signal;

use super::super::common::{At, every_case, signal, spread};
use super::common::{Ground, eventually};

/// Both boundaries of every step.
fn moments(steps: &[String]) -> Vec<At> {
    let both = |step: &String| [At::start(step), At::end(step)];
    steps.iter().flat_map(both).collect()
}

/// Kills an upgrade at many moments; `resume` and `rollback` take turns.
fn killed(to: &str, ends: &[&str], cases: usize) {
    let Some(ground) = Ground::up(&["1.0.0", to]) else {
        return;
    };
    ground.fill(10);
    let before = ground.checksum();
    let upgrade = ["upgrade", "--to", to, "--yes"];
    let moments = spread(&moments(&ground.steps(&["--to", to])), cases);
    for (index, at) in moments.iter().enumerate() {
        for verb in ["resume", "rollback"] {
            if !every_case() && (index % 2 == 0) != (verb == "resume") {
                continue;
            }
            eprintln!("kill the upgrade to {to} at {at}, then {verb}");
            ground.kill_at(&upgrade, at, index % 3 == 0);
            if ground.runs()[0]["status"] == "interrupted" {
                ground.expect(6, &["up", "--yes"]).says("landfall resume");
                let said = ground.run(&[verb]);
                assert!(matches!(said.code, Some(0 | 7)), "killed at {at}: {said}");
            }
            ground.assert_well();
            let now = ground.version();
            assert!(ends.contains(&now.as_str()), "killed at {at}, then {verb}: {now}");
            assert_eq!(ground.checksum(), before, "killed at {at}, then {verb}");
            if now != "1.0.0" {
                ground.expect(0, &["rollback", "--yes"]);
            }
            assert_eq!(ground.version(), "1.0.0");
        }
    }
    // Helm keeps twenty revisions: once the one that a rollback went back to is forgotten, it is applied once more.
    let pods = ground.pods_that_stay();
    ground.expect(0, &["up", "--yes"]);
    assert_eq!(ground.pods_that_stay(), pods);
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

#[test]
fn an_upgrade_that_was_killed_ends_at_one_of_the_two() {
    killed("1.1.0", &["1.0.0", "1.1.0"], 5);
}

#[test]
fn an_upgrade_whose_migration_fails_and_that_was_killed_ends_at_the_old_one() {
    killed("1.3.0", &["1.0.0"], 2);
}

#[test]
fn an_up_that_was_killed_is_resumed_or_rolled_back_and_comes_up_again() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let moments = spread(&moments(&ground.steps(&[])), 3);
    for (index, at) in moments.iter().enumerate() {
        eprintln!("kill up at {at}");
        ground.kill_at(&["up", "--yes"], at, index % 2 == 0);
        if ground.runs()[0]["status"] == "interrupted" {
            if index % 2 == 0 {
                ground.expect(0, &["rollback"]);
                ground.expect(0, &["up", "--yes"]);
            } else {
                ground.expect(0, &["resume"]);
            }
        }
        ground.assert_well();
        ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    }
}

/// Says whether helm has begun to change the product's release, and not ended yet.
fn is_pending(ground: &Ground) -> bool {
    let selector = format!("owner=helm,name={},status=pending-upgrade", ground.name);
    let found = ground.kubectl(&["get", "secrets", "--selector", &selector, "-o", "name"]);
    !found.is_empty()
}

/// Finds the helms that a process has started.
fn helms_of(parent: i32) -> Vec<i32> {
    let children = fs_err::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let threads = fs_err::read_dir(format!("/proc/{parent}/task"))
        .into_iter()
        .flatten();
    let more = threads
        .flatten()
        .map(|thread| fs_err::read_to_string(thread.path().join("children")));
    let all: Vec<String> = more.chain([children]).flatten().collect();
    all.iter()
        .flat_map(|pids| pids.split_whitespace())
        .filter(|pid| {
            fs_err::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("helm"))
        })
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

#[test]
fn a_helm_that_was_killed_with_its_landfall_leaves_a_pending_release_that_is_mended() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.fill(5);
    let before = ground.checksum();
    for (verb, ends) in [("rollback", "1.0.0"), ("resume", "1.1.0")] {
        let upgrade = ["upgrade", "--to", "1.1.0", "--yes"];
        let running = ground.start_until(&upgrade, &At::start("release/apply"));
        eventually("helm has begun", || is_pending(&ground));
        let helms = helms_of(running.pid());
        // helm outlives its Landfall, unless both are killed.
        running.signal_group(Signal::KILL);
        helms.iter().for_each(|helm| signal(*helm, Signal::KILL));
        running.end();
        assert!(is_pending(&ground), "helm was killed at work: {helms:?}");
        ground.expect(0, &[verb]);
        assert_eq!(ground.version(), ends);
        assert_eq!(ground.checksum(), before);
        ground.assert_well();
    }
}
