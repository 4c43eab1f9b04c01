//! From one release to another and back, with users at work, and with everything that can go wrong on the way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::common::At;
use super::common::{Ground, Visitor};

/// Users at work until told to stop; they remember what was confirmed to them, and everything that was not.
struct Users {
    stop: Arc<AtomicBool>,
    threads: Vec<std::thread::JoinHandle<(usize, Vec<String>)>>,
}

impl Users {
    fn start(ground: &Ground) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = [write as fn(&Visitor, usize) -> Result<(), String>, read];
        let threads = work.map(|work| {
            let (told, visitor) = (stop.clone(), ground.visitor());
            std::thread::spawn(move || {
                let (mut done, mut failed) = (0, Vec::new());
                while !told.load(Ordering::Relaxed) {
                    match work(&visitor, done) {
                        Ok(()) => done += 1,
                        Err(words) => failed.push(words),
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
                (done, failed)
            })
        });
        Self {
            stop,
            threads: threads.into(),
        }
    }

    /// Tells them to stop; says how many notes were written, how much was read, and what failed.
    fn end(self) -> (usize, usize, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let mut threads = self.threads.into_iter().map(|thread| thread.join().unwrap());
        let (written, mut failed) = threads.next().expect("there are two");
        let (seen, more) = threads.next().expect("there are two");
        failed.extend(more);
        (written, seen, failed)
    }
}

fn write(visitor: &Visitor, number: usize) -> Result<(), String> {
    let body = json!({ "text": format!("user {number}") }).to_string();
    let reply = visitor.ask("POST", "/api/notes", Some(&body));
    (reply.status == 201)
        .then_some(())
        .ok_or_else(|| format!("write: {} {}", reply.status, reply.body))
}

fn read(visitor: &Visitor, number: usize) -> Result<(), String> {
    let path = ["/", "/api/notes"][number % 2];
    let reply = visitor.ask("GET", path, None);
    (reply.status == 200)
        .then_some(())
        .ok_or_else(|| format!("read {path}: {} {}", reply.status, reply.body))
}

/// What must be the same when an upgrade was taken back.
pub fn look(ground: &Ground) -> (String, Value, Value) {
    let digests = serde_json::to_value(ground.digests()).unwrap();
    (ground.version(), ground.checksum(), digests)
}

#[test]
fn under_load_no_request_fails_on_the_way_to_the_next_release_and_nothing_is_lost_there_and_back() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.fill(20);
    let (_, _, old) = look(&ground);
    let users = Users::start(&ground);
    let said = ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    said.says("upgraded: Notes 1.1.0");
    std::thread::sleep(Duration::from_secs(2));
    let (first, read, failed) = users.end();
    assert!(
        failed.is_empty(),
        "of {first} writes and {read} reads: {failed:#?}"
    );
    assert!(first > 10 && read > 10, "users were at work");
    assert_eq!(ground.version(), "1.1.0");
    assert_ne!(look(&ground).2, old);
    ground.assert_well();

    let users = Users::start(&ground);
    ground
        .expect(0, &["rollback", "--yes"])
        .says("is back at Notes 1.0.0");
    std::thread::sleep(Duration::from_secs(2));
    let (second, read, failed) = users.end();
    eprintln!(
        "on the way back {} of {second} writes and {read} reads failed",
        failed.len()
    );
    let (version, checksum, digests) = look(&ground);
    assert_eq!((version.as_str(), digests), ("1.0.0", old));
    assert_eq!(
        checksum["count"],
        20 + first + second,
        "every confirmed note is there"
    );
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

/// Upgrades to a release that fails; everything must be as before.
fn comes_back_by_itself(to: &str, why: &str) {
    let Some(ground) = Ground::up(&["1.0.0", to]) else {
        return;
    };
    ground.fill(20);
    let before = look(&ground);
    assert_eq!(before.0, "1.0.0");
    let said = ground.expect(7, &["upgrade", "--to", to, "--yes"]);
    said.says(why).says("is as it was before");
    assert_eq!(look(&ground), before);
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
}

#[test]
fn a_release_that_never_becomes_healthy_is_taken_back_by_itself() {
    comes_back_by_itself("1.2.0", "ready");
}

#[test]
fn a_migration_that_fails_half_way_is_taken_back_by_itself_with_the_data() {
    comes_back_by_itself("1.3.0", "migration 3 failed");
}

#[test]
fn a_required_stop_is_gone_over_in_one_command_and_a_crash_between_is_resumed() {
    let Some(ground) = Ground::up(&["1.0.0", "2.0.0", "3.0.0"]) else {
        return;
    };
    ground.fill(20);
    let before = ground.checksum();
    let steps = ground.steps(&["--to", "3.0.0"]);
    assert!(steps.contains(&"2.0.0-release/verify".to_owned()), "{steps:?}");
    let between = At::end("2.0.0-release/verify");
    ground.kill_at(&["upgrade", "--to", "3.0.0", "--yes"], &between, true);
    let closed = ground.ask("GET", "/api/notes", None);
    // What an ingress controller says for a Service that leads nowhere is its own.
    assert!(
        [404, 503].contains(&closed.status),
        "users are kept out: {closed:?}"
    );
    ground.expect(0, &["resume"]).says("upgraded: Notes 3.0.0");
    assert_eq!(ground.version(), "3.0.0");
    assert_eq!(ground.checksum(), before);
    ground.assert_well();
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    // What was saved is the one way back, and nobody goes it by mistake.
    ground.fill(1);
    ground
        .expect(8, &["rollback", "--yes"])
        .says("rollback --discard-writes");
    ground.expect(0, &["rollback", "--discard-writes", "--yes"]);
    assert_eq!(ground.version(), "1.0.0");
    assert_eq!(ground.checksum(), before);
    ground.assert_well();
}
