//! Bringing up from nothing, stopping, starting, and leaving alone what is well.

use super::common::{Ground, ask, tree};

/// What changes by itself while a product runs.
const LIVING: &[&str] = &["logs", "data", "supervisor/supervisor.log"];

#[test]
fn from_nothing_to_a_healthy_product_that_keeps_its_notes_over_stop_and_start() {
    let ground = Ground::new();
    let said = ground.up();
    said.says(&format!("it answers at http://127.0.0.1:{}", ground.port));
    ground.assert_well();
    ground.write_note("kept over stop and start");

    ground.expect(0, &["stop", "--yes"]);
    ground.assert_nothing_runs();
    assert_eq!(
        ask("GET", &ground.url("/"), None).status,
        0,
        "nothing answers while it is stopped"
    );

    ground.expect(0, &["start", "--yes"]);
    ground.assert_well();
    assert_eq!(ground.notes(), ["kept over stop and start"]);
}

#[test]
fn a_second_up_finds_nothing_to_do_and_changes_nothing() {
    let ground = Ground::new();
    ground.up();
    let look = || (tree(&ground.root(), LIVING), tree(&ground.path(".landfall"), &[]));
    let processes = || {
        ground
            .processes()
            .iter()
            .map(|process| process.pid)
            .collect::<Vec<_>>()
    };
    let (before, ran) = (look(), ground.unit("api").unwrap().pid);

    let said = ground.up();
    said.says("nothing to do");
    assert_eq!(look(), before);
    assert_eq!(ground.unit("api").unwrap().pid, ran);
    assert!(!processes().is_empty());
    assert_eq!(ground.runs().len(), 1);

    // Without approval too: there is nothing to approve.
    ground.expect(0, &["up"]).says("nothing to do");
    ground.expect(0, &["plan", "--check"]);
    assert_eq!(look(), before);
}

#[test]
fn stop_and_start_find_nothing_to_do_the_second_time() {
    let ground = Ground::new();
    ground.up();
    ground.expect(0, &["start", "--yes"]).says("nothing to do");
    ground.expect(0, &["stop", "--yes"]);
    ground.expect(0, &["stop", "--yes"]).says("nothing to do");
    ground.assert_nothing_runs();
    assert_eq!(ground.runs().len(), 2);
}

#[test]
fn up_without_approval_changes_nothing() {
    let ground = Ground::new();
    ground.expect(3, &["up"]).says("--yes");
    assert!(!ground.root().exists());
    assert!(ground.runs().is_empty());
}

#[test]
fn the_services_user_is_made_when_it_is_missing() {
    if !super::common::needs_root("the_services_user_is_made_when_it_is_missing") {
        return;
    }
    let user = format!("lf-e2e-{}", std::process::id());
    let ground = Ground::with(|answers| {
        answers["parts"]["main"]["options"]["user"] = user.clone().into();
    });
    let _user = User(&user);
    ground.up();
    ground.assert_well();
    let passwd = fs_err::read_to_string("/etc/passwd").unwrap();
    assert!(passwd.contains(&format!("{user}:")));
    drop(ground);
}

/// Removes the user that a test has made.
struct User<'a>(&'a str);

impl Drop for User<'_> {
    fn drop(&mut self) {
        let _ = std::process::Command::new("userdel").arg(self.0).output();
    }
}
