//! A change touches what it concerns and nothing else.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::common::{Ground, ask, free_port, signal, steps_of};

fn pids(ground: &Ground) -> [i32; 5] {
    ["database", "api", "web", "worker", "proxy"].map(|unit| ground.unit(unit).unwrap().pid)
}

#[test]
fn a_changed_setting_stops_writes_and_starts_only_the_component_it_concerns() {
    let mut ground = Ground::new();
    ground.up();
    let before = pids(&ground);
    let port = free_port();
    ground.change(|answers| answers["settings"]["worker_port"] = port.into());
    ground.expect(2, &["plan", "--check"]);
    let steps = steps_of(&ground);
    let touched: Vec<&str> = steps.iter().map(String::as_str).collect();
    assert_eq!(
        touched,
        [
            "worker/stop",
            "config/write",
            "worker/start",
            "worker/health",
            "release/verify"
        ]
    );
    ground.up();
    ground.assert_well();
    let after = pids(&ground);
    for (unit, (before, after)) in before.iter().zip(after).enumerate() {
        assert_eq!(*before == after, unit != 3, "unit {unit}");
    }
    assert_eq!(
        ask("GET", &format!("http://127.0.0.1:{port}/healthz/readiness"), None).status,
        200
    );
    ground.up().says("nothing to do");
}

#[test]
fn a_component_that_was_killed_comes_back_by_itself() {
    let ground = Ground::new();
    ground.up();
    for unit in ["api", "database", "proxy"] {
        let before = ground.unit(unit).unwrap().pid;
        signal(before, Signal::KILL);
        until(&format!("{unit} comes back"), || {
            ground.unit(unit).is_some_and(|found| found.pid != before)
                && ask("GET", &ground.url("/api/notes"), None).status == 200
        });
    }
    ground.assert_well();
    ground.up().says("nothing to do");
}

#[test]
fn a_supervisor_that_was_killed_is_started_again_by_up_and_ends_what_it_had_left_running() {
    let ground = Ground::new();
    ground.up();
    ground.write_note("written before");
    let supervisor = ground.supervisor().unwrap();
    signal(supervisor.pid, Signal::KILL);
    until("it is gone", || ground.supervisor().is_none());
    let status = ground.status();
    assert_eq!(status["healthy"], false, "{status:#}");
    ground.up();
    ground.assert_well();
    assert_eq!(ground.notes(), ["written before"]);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "waited in vain until {what}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}
