//! From one release to another and back, with users at work, and with everything that can go wrong on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::common::{At, Found, Ground, ask, every_case, quiet, sample, spread, tree};

/// Prepares a ground on which 1.0.0 runs and later releases are known.
fn ground(later: &[&str]) -> Ground {
    let ground = Ground::new();
    for version in later {
        ground.add_release(version, &sample().join(version));
    }
    ground.up();
    ground
}

/// Asks for the number of notes and their checksum.
pub fn checksum(ground: &Ground) -> Value {
    let reply = ask("GET", &ground.url("/api/notes/checksum"), None);
    assert_eq!(reply.status, 200, "{}", reply.body);
    serde_json::from_str(&reply.body).unwrap()
}

/// Asks every component which version it is; all must agree.
#[track_caller]
pub fn version(ground: &Ground) -> String {
    let status = ground.status();
    let components = status["components"].as_array().unwrap();
    let mut told: Vec<&str> = components
        .iter()
        .filter_map(|component| component["version"].as_str())
        .collect();
    assert_eq!(told.len(), 3, "{status:#}");
    told.dedup();
    assert_eq!(told.len(), 1, "never between: {status:#}");
    told[0].to_owned()
}

/// Lists the steps that lead to a release.
fn steps_to(ground: &Ground, to: &str) -> Vec<String> {
    let plan = ground.expect(0, &["plan", "--to", to, "--output", "json"]).json();
    let steps = plan["steps"].as_array().unwrap();
    steps
        .iter()
        .map(|step| step["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Writes many notes below the product's feet, as a customer of years would have; the worker has seen to them.
pub fn fill(ground: &Ground, rows: u32) {
    let sql = format!(
        "INSERT INTO notes (text, processed_at) SELECT 'note ' || i || ' #tag' || (i % 7), now() \
         FROM generate_series(1, {rows}) AS i"
    );
    ground.sql(&sql);
}

/// Users at work until told to stop; they remember what was confirmed to them, and how long they were kept out.
struct Users {
    stop: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<(Vec<String>, Duration)>,
}

impl Users {
    fn start(ground: &Ground) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, url) = (stop.clone(), ground.url("/api/notes"));
        let thread = std::thread::spawn(move || {
            let (mut written, mut longest, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
            for number in 0.. {
                if told.load(Ordering::Relaxed) {
                    break;
                }
                let text = format!("user {number}");
                let body = serde_json::json!({ "text": text }).to_string();
                let confirmed = ask("POST", &url, Some(&body)).status == 201;
                if confirmed {
                    written.push(text);
                }
                if confirmed && ask("GET", &url, None).status == 200 {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                std::thread::sleep(Duration::from_millis(20));
            }
            (written, longest)
        });
        Self { stop, thread }
    }

    fn end(self) -> (Vec<String>, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// Reads from a plan for people how many seconds users are kept out.
fn kept_out(ground: &Ground, to: &str) -> Duration {
    let said = ground.expect(0, &["plan", "--to", to]);
    let (_, rest) = said
        .stdout
        .split_once("kept out for about ")
        .expect("the plan says it");
    let seconds = rest.split(' ').next().unwrap().parse().unwrap();
    Duration::from_secs(seconds)
}

#[test]
fn with_a_hundred_thousand_rows_and_users_at_work_nothing_is_lost_there_and_back() {
    // What the plan says of time holds for a machine that has some.
    let _quiet = quiet();
    let ground = ground(&["1.1.0"]);
    fill(&ground, 100_000);
    let planned = kept_out(&ground, "1.1.0");
    let users = Users::start(&ground);
    let said = ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    said.says("upgraded: Notes 1.1.0");
    std::thread::sleep(Duration::from_secs(1));
    let (first, there) = users.end();
    eprintln!("users were kept out for {there:?}; the plan said {planned:?}");
    assert!(
        there <= planned,
        "kept out for {there:?}, the plan said {planned:?}"
    );
    assert_eq!(version(&ground), "1.1.0");
    ground.assert_well();

    let users = Users::start(&ground);
    ground
        .expect(0, &["rollback", "--yes"])
        .says("is back at Notes 1.0.0");
    std::thread::sleep(Duration::from_secs(1));
    let (second, back) = users.end();
    eprintln!("users were kept out for {back:?} on the way back");
    assert_eq!(version(&ground), "1.0.0");
    ground.assert_well();
    assert!(first.len() > 10 && second.len() > 10, "users were at work");
    let count = checksum(&ground)["count"].as_u64().unwrap();
    assert_eq!(
        count,
        100_000 + (first.len() + second.len()) as u64,
        "every confirmed note is there"
    );
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

#[test]
fn users_are_told_to_come_back_while_they_are_kept_out() {
    let ground = ground(&["1.1.0"]);
    let closed = At::end("traffic/close");
    ground.kill_at(&["upgrade", "--to", "1.1.0", "--yes"], &closed, false);
    let reply = ask("GET", &ground.url("/api/notes"), None);
    assert_eq!(reply.status, 503);
    assert!(reply.body.contains("Notes is being upgraded"), "{}", reply.body);
    ground.expect(0, &["rollback"]);
    assert_eq!(ask("GET", &ground.url("/api/notes"), None).status, 200);
}

#[test]
fn a_release_that_never_becomes_healthy_is_taken_back_by_itself() {
    let ground = ground(&["1.2.0"]);
    fill(&ground, 1_000);
    let before = checksum(&ground);
    let said = ground.expect(7, &["upgrade", "--to", "1.2.0", "--yes"]);
    said.says("did not become healthy").says("is as it was before");
    assert_eq!(version(&ground), "1.0.0");
    assert_eq!(checksum(&ground), before);
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

#[test]
fn a_migration_that_fails_half_way_is_taken_back_by_itself_with_the_data() {
    let ground = ground(&["1.3.0"]);
    fill(&ground, 1_000);
    let before = checksum(&ground);
    let dump = ground.dump();
    let said = ground.expect(7, &["upgrade", "--to", "1.3.0", "--yes"]);
    said.says("migration 3 failed").says("is as it was before");
    assert_eq!(version(&ground), "1.0.0");
    assert_eq!(checksum(&ground), before);
    assert!(ground.dump() == dump, "not a byte of the data differs");
    ground.assert_well();
}

/// Every moment of an upgrade at which it may be killed, those of taking it back included.
fn moments(steps: &[String], fails: bool) -> Vec<At> {
    let undone = |record| {
        move |step: &String| At {
            record,
            ..At::start(step)
        }
    };
    let back = steps.iter().rev().filter(|_| fails);
    let back = back.flat_map(|step| [undone("undo-started")(step), undone("undo-finished")(step)]);
    steps
        .iter()
        .flat_map(|step| [At::start(step), At::end(step)])
        .chain(back)
        .chain([
            At::start("database/migrate").later(50),
            At::start("database/save").later(50),
        ])
        .collect()
}

/// Kills an upgrade at many moments; `resume` and `rollback` take turns, from another operator's copy too.
fn killed(to: &str, ends: &[&str], cases: usize) {
    let ground = ground(&[to]);
    fill(&ground, 500);
    let before = checksum(&ground);
    let upgrade = ["upgrade", "--to", to, "--yes"];
    let moments = spread(&moments(&steps_to(&ground, to), ends.len() == 1), cases);
    for (index, at) in moments.iter().enumerate() {
        for verb in ["resume", "rollback"] {
            // Where not every case is tried, the two take turns.
            if !every_case() && (index % 2 == 0) != (verb == "resume") {
                continue;
            }
            eprintln!("kill the upgrade to {to} at {at}, then {verb}");
            ground.kill_at(&upgrade, at, index % 3 == 0);
            let last = ground.runs()[0]["status"].clone();
            if last == "interrupted" {
                ground.expect(6, &["up", "--yes"]).says("landfall resume");
                let other = index % 4 == 0;
                let said = if other {
                    ground.as_another_operator(&[verb])
                } else {
                    ground.run(&[verb])
                };
                assert!(matches!(said.code, Some(0 | 7)), "killed at {at}: {said}");
            }
            let now = version(&ground);
            assert!(ends.contains(&now.as_str()), "killed at {at}, then {verb}: {now}");
            ground.wait_until_healthy();
            ground.assert_well();
            assert_eq!(checksum(&ground), before, "killed at {at}, then {verb}");
            if now != "1.0.0" {
                ground.expect(0, &["rollback", "--yes"]);
            }
            assert_eq!(version(&ground), "1.0.0");
        }
    }
}

#[test]
fn an_upgrade_that_was_killed_ends_at_one_of_the_two() {
    killed("1.1.0", &["1.0.0", "1.1.0"], 8);
}

#[test]
fn an_upgrade_whose_migration_fails_and_that_was_killed_ends_at_the_old_one() {
    killed("1.3.0", &["1.0.0"], 4);
}

#[test]
fn an_upgrade_that_never_becomes_healthy_and_was_killed_ends_at_the_old_one() {
    // Each of these waits until the release counts as failed.
    killed("1.2.0", &["1.0.0"], 1);
}

#[test]
fn a_rollback_of_a_finished_upgrade_that_was_killed_is_resumed_or_taken_back() {
    let ground = ground(&["1.1.0"]);
    ground.write_note("kept over everything");
    let before = checksum(&ground);
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    for (verb, at, ends) in [
        ("rollback", At::end("release/switch"), "1.1.0"),
        ("resume", At::start("api/start"), "1.0.0"),
    ] {
        ground.kill_at(&["rollback", "--yes"], &at, false);
        ground.expect(0, &[verb]);
        assert_eq!(version(&ground), ends);
        ground.wait_until_healthy();
        ground.assert_well();
        assert_eq!(checksum(&ground), before);
    }
}

#[test]
fn a_required_stop_is_gone_over_in_one_command_and_a_crash_between_is_resumed() {
    let ground = ground(&["1.1.0", "2.0.0", "3.0.0"]);
    fill(&ground, 200);
    let before = checksum(&ground);
    let steps = steps_to(&ground, "3.0.0");
    assert!(steps.contains(&"2.0.0-release/verify".to_owned()), "{steps:?}");
    let between = At::end("2.0.0-release/verify");
    ground.kill_at(&["upgrade", "--to", "3.0.0", "--yes"], &between, true);
    assert_eq!(version(&ground), "2.0.0", "the first hop is done");
    assert_eq!(
        ask("GET", &ground.url("/api/notes"), None).status,
        503,
        "users are still kept out"
    );
    ground.expect(0, &["resume"]).says("upgraded: Notes 3.0.0");
    assert_eq!(version(&ground), "3.0.0");
    assert_eq!(checksum(&ground), before);
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    // What was saved is the one way back, and nobody goes it by mistake.
    ground.write_note("lost on the way back");
    let said = ground.expect(8, &["rollback", "--yes"]);
    said.says("rollback --discard-writes").says("upgrade --to");
    ground.expect(0, &["rollback", "--discard-writes", "--yes"]);
    assert_eq!(version(&ground), "1.0.0");
    assert_eq!(checksum(&ground), before);
    ground.assert_well();
}

#[test]
fn a_crash_in_the_second_hop_is_rolled_back_over_both() {
    let ground = ground(&["2.0.0", "3.0.0"]);
    fill(&ground, 200);
    let (before, dump) = (checksum(&ground), ground.dump());
    ground.kill_at(
        &["upgrade", "--to", "3.0.0", "--yes"],
        &At::end("database/migrate"),
        false,
    );
    ground.expect(0, &["rollback"]);
    assert_eq!(version(&ground), "1.0.0");
    assert_eq!(checksum(&ground), before);
    assert!(ground.dump() == dump, "not a byte of the data differs");
    ground.assert_well();
}

#[test]
fn once_users_are_let_in_a_person_decides() {
    let ground = ground(&["2.0.0"]);
    ground.write_note("from before");
    let before = checksum(&ground);
    let upgrade = ["upgrade", "--to", "2.0.0", "--yes"];
    ground.kill_at(&upgrade, &At::end("traffic/open"), false);
    ground.write_note("written to the new one");
    let said = ground.expect(8, &["rollback"]);
    said.says("resume --forward").says("rollback --discard-writes");
    assert_eq!(version(&ground), "2.0.0", "nothing was taken back");
    ground.expect(0, &["rollback", "--discard-writes", "--yes"]);
    assert_eq!(version(&ground), "1.0.0");
    assert_eq!(checksum(&ground), before);
    ground.wait_until_healthy();
    ground.assert_well();
}

#[test]
fn what_is_approved_is_applied_or_refused() {
    let ground = ground(&["1.1.0"]);
    let plan = ground.path("plan.json");
    ground
        .expect(0, &["plan", "--to", "1.1.0", "--out", plan.as_str()])
        .says("upgrade --to 1.1.0 --plan");
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--plan", plan.as_str()]);
    assert_eq!(version(&ground), "1.1.0");
    ground.expect(0, &["rollback", "--yes"]);
    let refused = ground.run(&["upgrade", "--to", "1.1.0", "--plan", plan.as_str()]);
    refused.expect(3).says("no longer fits");
    assert_eq!(version(&ground), "1.0.0");
}

#[test]
fn what_cannot_be_is_refused_before_anything_is_touched() {
    let ground = ground(&["1.1.0", "3.0.0"]);
    let before = tree(&ground.root(), &["logs", "data", "supervisor/supervisor.log"]);
    ground
        .expect(3, &["upgrade", "--to", "9.9.9", "--yes"])
        .says("9.9.9");
    ground
        .expect(3, &["upgrade", "--to", "3.0.0", "--yes"])
        .says("may not skip 2.0");
    ground
        .expect(3, &["rollback", "--yes"])
        .says("nothing was installed before");
    ground.expect(64, &["upgrade", "--to", "new"]);
    ground
        .expect(0, &["upgrade", "--to", "1.0.0"])
        .says("nothing to do");
    let after = tree(&ground.root(), &["logs", "data", "supervisor/supervisor.log"]);
    assert_eq!(before, after);
    assert_eq!(ground.runs().len(), 1);
}

#[test]
fn a_rehearsal_says_how_it_would_go_and_touches_nothing() {
    let ground = ground(&["1.1.0", "1.3.0"]);
    fill(&ground, 1_000);
    let living = ["logs", "data", "run", "supervisor/supervisor.log"];
    let look = || {
        // A database server has helpers that come and go, and who is going has no command line any more.
        let stays =
            |process: &Found| !process.command.is_empty() && !process.command.starts_with("postgres: ");
        let processes = ground.processes().into_iter().filter(stays);
        let pids: Vec<(i32, String)> = processes.map(|process| (process.pid, process.command)).collect();
        (
            ground.dump(),
            tree(&ground.root(), &living),
            pids,
            ground.runs().len(),
        )
    };
    let before = look();
    let untouched = |after: &str| {
        let now = look();
        assert!(now.0 == before.0, "{after}: the data differs");
        assert_eq!(now.1, before.1, "{after}: files differ");
        assert_eq!((&now.2, now.3), (&before.2, before.3), "{after}");
    };
    let said = ground.expect(1, &["upgrade", "--to", "1.3.0", "--rehearse"]);
    said.says("did not go well")
        .says("migration 3 failed")
        .says("was not touched");
    untouched("a rehearsal that failed");

    let said = ground.expect(0, &["upgrade", "--to", "1.1.0", "--rehearse", "--output", "json"]);
    assert_eq!(said.json()["succeeded"], true);
    assert_eq!(said.json()["migrations"].as_array().unwrap().len(), 1);
    untouched("a rehearsal that went well");

    // What a killed one leaves behind, the next one removes.
    let killed = At::start("database/migrate");
    ground.kill_at(&["upgrade", "--to", "1.1.0", "--rehearse"], &killed, true);
    assert!(ground.root().join("rehearsal").exists());
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--rehearse"]);
    untouched("a rehearsal that was killed");
    ground.assert_well();

    // Or else what removes the product.
    ground.kill_at(&["upgrade", "--to", "1.1.0", "--rehearse"], &killed, true);
    let said = ground.expect(0, &["status"]);
    assert!(
        said.stdout.contains("a rehearsal is at work or was killed"),
        "{said}"
    );
    let said = ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    assert!(ground.processes().is_empty(), "{:#?}\n{said}", ground.processes());
    assert!(!ground.root().exists());
}

#[test]
fn what_a_skipped_release_changes_is_migrated_and_saved_all_the_same() {
    let ground = ground(&["1.1.0"]);
    // A release of its own making: it changes nothing itself, but is reached over one that does.
    let layout = sample().join("1.1.0");
    let add = ["release", "add", "sample", "1.1.5", "--from", layout.as_str()];
    let images = ["api", "web", "worker"].map(|name| format!("{name}=sample-{name}:1.1.0"));
    let mut add = add.to_vec();
    for image in &images {
        add.extend(["--image", image]);
    }
    add.push("--no-schema-change");
    ground.expect(0, &add);
    let steps = steps_to(&ground, "1.1.5");
    assert!(steps.contains(&"database/save".to_owned()), "{steps:?}");
    assert!(steps.contains(&"database/migrate".to_owned()), "{steps:?}");
}

#[test]
fn users_who_were_left_out_are_let_in_by_the_next_up() {
    let ground = ground(&[]);
    fs_err::write(ground.root().join("config/closed"), "left behind").unwrap();
    assert_eq!(ask("GET", &ground.url("/"), None).status, 503);
    ground.expect(0, &["up", "--yes"]).says("let users in");
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

#[test]
fn who_waited_for_an_upgrade_does_not_carry_out_what_he_meant_before_it() {
    let ground = ground(&["2.0.0"]);
    ground.write_note("kept");
    let before = checksum(&ground);
    let upgrade = ["upgrade", "--to", "2.0.0", "--yes"];
    for verb in [&["up"][..], &["upgrade", "--to", "2.0.0"], &["stop"]] {
        let first = ground.start_until(&upgrade, &At::start("database/save"));
        let mut second = verb.to_vec();
        second.extend(["--yes", "--lock-wait", "60s"]);
        let waited = ground.run(&second);
        first.end().expect(0);
        waited.expect(3);
        assert_eq!(version(&ground), "2.0.0", "{waited}");
        assert_eq!(checksum(&ground), before);
        ground.expect(0, &["rollback", "--discard-writes", "--yes"]);
        assert_eq!(version(&ground), "1.0.0");
    }
}

#[test]
fn discarding_what_users_wrote_is_approved_by_somebody() {
    let ground = ground(&["2.0.0"]);
    ground.kill_at(
        &["upgrade", "--to", "2.0.0", "--yes"],
        &At::end("traffic/open"),
        false,
    );
    ground.write_note("not to be lost in silence");
    ground.expect(3, &["rollback", "--discard-writes"]).says("--yes");
    assert_eq!(ground.notes(), ["not to be lost in silence"]);
}
