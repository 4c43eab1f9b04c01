//! Ctrl-C, once and twice.

use rustix::process::Signal;

use super::common::{At, Ground, spread};

#[test]
fn one_interrupt_finishes_what_is_under_way_and_the_run_is_resumed() {
    let steps = [
        "host/prepare",
        "database/initialize",
        "database/migrate",
        "api/health",
        "proxy/start",
    ];
    for (step, signal) in spread(&steps, 3)
        .into_iter()
        .zip([Signal::INT, Signal::TERM].into_iter().cycle())
    {
        let ground = Ground::new();
        let running = ground.start_until(&["up", "--yes"], &At::start(step));
        running.signal(signal);
        let said = running.end();
        assert_eq!(said.code, Some(6), "at {step}: {said}");
        said.says("landfall resume");
        let status = ground.status();
        assert!(status["unfinished"].is_string(), "{status:#}");
        ground.expect(0, &["resume"]);
        ground.assert_well();
    }
}

#[test]
fn one_interrupt_and_then_a_rollback_leaves_nothing_running() {
    let ground = Ground::new();
    let running = ground.start_until(&["up", "--yes"], &At::start("api/start"));
    running.signal(Signal::INT);
    running.end().expect(6);
    ground.expect(0, &["rollback"]);
    ground.assert_nothing_runs();
    ground.up();
    ground.assert_well();
}

#[test]
fn a_second_interrupt_stops_the_program_that_works_for_the_step() {
    let ground = Ground::new();
    let mut running = ground.start_until(&["up", "--yes"], &At::start("database/initialize").later(100));
    running.signal(Signal::INT);
    assert!(running.until_it_says("once more"));
    running.signal(Signal::INT);
    running.end().expect(6).says("landfall resume");
    let initdb: Vec<_> = ground
        .processes()
        .into_iter()
        .filter(|found| found.command.contains("initdb"))
        .collect();
    assert!(initdb.is_empty(), "{initdb:?}");
    ground.expect(0, &["resume"]);
    ground.assert_well();
}

#[test]
fn a_terminal_that_interrupts_the_whole_group_does_not_take_what_runs_with_it() {
    let ground = Ground::new();
    let running = ground.start_until(&["up", "--yes"], &At::end("database/start"));
    running.signal_group(Signal::INT);
    running.end().expect(6);
    assert!(ground.unit("database").is_some(), "{:?}", ground.processes());
    ground.expect(0, &["resume"]);
    ground.assert_well();
}
