//! `kill -9` at any moment: `resume` finishes what was begun, `rollback` takes it back, and both leave one state.

use super::common::{At, Ground, every_case, spread, steps_of};

/// Every moment that the matrix knows of a plan.
fn moments(steps: &[String]) -> Vec<At> {
    steps
        .iter()
        .flat_map(|step| [At::start(step), At::end(step)])
        .collect()
}

/// Steps in which programs are at work for a while, and moments in the middle of them.
fn middles() -> Vec<At> {
    vec![
        At::start("database/initialize").later(150),
        At::start("database/initialize").later(600),
        At::start("api/unpack").later(30),
        At::start("database/migrate").later(30),
        At::start("tool/install").later(40),
    ]
}

/// Whether the whole process group is killed: both ways where every case is tried, else they take turns.
fn turns(moments: Vec<At>) -> impl Iterator<Item = (At, bool)> {
    let number = if every_case() { 2 } else { 1 };
    let repeated = moments
        .into_iter()
        .flat_map(move |at| std::iter::repeat_n(at, number));
    repeated.zip([false, true].into_iter().cycle())
}

fn resumes(at: &At, group: bool) {
    eprintln!("kill at {at}{}", if group { ", the group" } else { "" });
    let ground = Ground::new();
    if ground.kill_at(&["up", "--yes"], at, group) && ground.runs()[0]["status"] != "succeeded" {
        ground.expect(6, &["up", "--yes"]).says("landfall resume");
        let said = ground.run(&["resume"]);
        assert_eq!(said.code, Some(0), "killed at {at}: {said}");
        said.says("took over the lock of tester@");
    }
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    assert_eq!(ground.runs().len(), 1, "killed at {at}");
}

fn rolls_back(at: &At, group: bool) {
    eprintln!("kill at {at}{}", if group { ", the group" } else { "" });
    let ground = Ground::new();
    if ground.kill_at(&["up", "--yes"], at, group) && ground.runs()[0]["status"] != "succeeded" {
        let said = ground.run(&["rollback"]);
        assert_eq!(said.code, Some(0), "killed at {at}: {said}");
        said.says("took over the lock of tester@");
        let status = &ground.runs()[0]["status"];
        assert!(status.get("rolled-back").is_some(), "killed at {at}: {status}");
        ground.assert_nothing_runs();
        let said = ground.run(&["up", "--yes"]);
        assert_eq!(
            said.code,
            Some(0),
            "after killing at {at} and rolling back: {said}"
        );
    }
    ground.assert_well();
}

#[test]
fn an_up_that_was_killed_is_resumed() {
    let moments = moments(&steps_of(&Ground::new()));
    assert!(moments.len() > 40, "{moments:?}");
    turns(spread(&moments, 6)).for_each(|(at, group)| resumes(&at, group));
}

#[test]
fn an_up_that_was_killed_is_rolled_back_and_comes_up_again() {
    let moments = moments(&steps_of(&Ground::new()));
    turns(spread(&moments[1..], 5)).for_each(|(at, group)| rolls_back(&at, group));
}

#[test]
fn an_up_that_was_killed_while_a_program_worked_for_it_is_resumed() {
    turns(spread(&middles(), 3)).for_each(|(at, group)| resumes(&at, group));
}

#[test]
fn an_up_that_was_killed_while_a_program_worked_for_it_is_rolled_back_and_comes_up_again() {
    turns(spread(&middles(), 3)).for_each(|(at, group)| rolls_back(&at, group));
}

#[test]
fn a_resume_that_is_killed_is_resumed() {
    let ground = Ground::new();
    ground.kill_at(&["up", "--yes"], &At::start("host/prepare"), false);
    for step in ["secrets/write", "database/start", "api/start"] {
        ground.kill_at(&["resume"], &At::start(step), false);
    }
    ground
        .expect(0, &["resume"])
        .says("took over the lock of tester@");
    ground.assert_well();
}

#[test]
fn a_rollback_that_is_killed_is_rolled_back() {
    let ground = Ground::new();
    ground.kill_at(&["up", "--yes"], &At::end("api/health"), false);
    for step in ["api/start", "database/start", "config/write"] {
        let at = At {
            record: "undo-started",
            ..At::start(step)
        };
        ground.kill_at(&["rollback"], &at, false);
    }
    ground.expect(0, &["rollback"]);
    assert!(ground.runs()[0]["status"].get("rolled-back").is_some());
    ground.assert_nothing_runs();
    ground.up();
    ground.assert_well();
}

#[test]
fn a_stop_that_was_killed_is_resumed_and_a_start_after_it_too() {
    let ground = Ground::new();
    ground.up();
    ground.write_note("kept over kills");
    let stops = [
        "proxy/stop",
        "worker/stop",
        "web/stop",
        "api/stop",
        "database/stop",
        "supervisor/stop",
    ]
    .map(String::from);
    for (at, group) in turns(spread(&moments(&stops), 4)) {
        eprintln!("kill stop at {at}");
        ground.kill_at(&["stop", "--yes"], &at, group);
        if ground.runs()[0]["status"] != "succeeded" {
            ground.expect(0, &["resume"]);
        }
        ground.assert_nothing_runs();
        let starts = [
            "supervisor/start",
            "database/start",
            "api/start",
            "proxy/start",
            "release/verify",
        ];
        let start = At::start(starts[usize::from(group) * 2 + 1]);
        eprintln!("kill start at {start}");
        ground.kill_at(&["start", "--yes"], &start, group);
        if ground.runs()[0]["status"] != "succeeded" {
            ground.expect(0, &["resume"]);
        }
        ground.assert_well();
        assert_eq!(ground.notes(), ["kept over kills"]);
    }
}

#[test]
fn a_stop_that_was_killed_is_rolled_back_to_what_ran() {
    let ground = Ground::new();
    ground.up();
    ground.write_note("kept over a stop taken back");
    ground.kill_at(&["stop", "--yes"], &At::end("api/stop"), false);
    ground.expect(0, &["rollback"]);
    // A rollback puts things back; that they are healthy again takes a moment.
    ground.wait_until_healthy();
    ground.assert_well();
    assert_eq!(ground.notes(), ["kept over a stop taken back"]);
}

#[test]
fn a_destroy_that_was_killed_is_resumed() {
    let steps = [
        "proxy/stop",
        "worker/stop",
        "web/stop",
        "api/stop",
        "database/stop",
        "supervisor/stop",
        "units/remove",
        "programs/remove",
        "data/remove",
    ]
    .map(String::from);
    for (at, group) in turns(spread(&moments(&steps), 5)) {
        eprintln!("kill destroy at {at}");
        let ground = Ground::new();
        ground.up();
        ground.kill_at(&["destroy", "--data", "--confirm", &ground.name], &at, group);
        if ground.runs()[0]["status"] != "succeeded" {
            let said = ground.run(&["resume"]);
            assert_eq!(said.code, Some(0), "killed at {at}: {said}");
        }
        ground.assert_nothing_runs();
        assert!(!ground.root().exists(), "killed at {at}");
    }
}
