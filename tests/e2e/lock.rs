//! Two operators at once.

use super::common::{At, Ground};

#[test]
fn the_second_of_two_operators_is_told_who_is_at_work_since_when_doing_what() {
    let ground = Ground::new();
    let first = ground.start_until(&["up", "--yes"], &At::start("database/initialize"));
    // It plans before it locks; what it would do is not what decides.
    let second = ground.expect(5, &["up", "--yes"]);
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    second
        .says(&format!("tester@{host}"))
        .says(&format!("process {}", first.pid()))
        .says("since 20")
        .says("doing `up`")
        .says("--lock-wait");
    for verb in [&["resume"][..], &["rollback"]] {
        ground.expect(5, verb).says(&format!("process {}", first.pid()));
    }
    let status = ground.status();
    assert_eq!(status["operator"]["doing"], "up", "{status:#}");
    first.end().expect(0);
    ground.assert_well();
    assert_eq!(ground.runs().len(), 1);
}

#[test]
fn the_second_of_two_operators_who_waits_finds_nothing_to_do() {
    let ground = Ground::new();
    let first = ground.start_until(&["up", "--yes"], &At::start("host/prepare"));
    let second = ground.start(&["up", "--yes", "--lock-wait", "60s"]);
    first.end().expect(0);
    let second = second.end();
    second.expect(0).says("nothing to do");
    ground.assert_well();
    assert_eq!(ground.runs().len(), 1);
}
