//! Every step fails, repeats or is cut short for real: the run ends in a state that has a name, and can be mended.

use std::collections::BTreeMap;

use landfall::plan::Purpose;
use landfall::run::Outcome;

use super::common::{Ground, Library, Script, Trouble, ask, every_case, spread, tree};

fn script(step: &str, trouble: Trouble) -> Option<Script> {
    Some(Script {
        step: Some(step.to_owned()),
        trouble,
    })
}

fn few(few: usize) -> Vec<String> {
    let ground = Ground::new();
    let steps = Library::new(&ground).steps(Purpose::Up);
    spread(&steps, few)
}

/// Lets a step of the first `up` fail, and tries again.
fn fails_and_comes_up_again(step: &str, trouble: Trouble) {
    eprintln!("{step}: {trouble:?}");
    let ground = Ground::new();
    let library = Library::new(&ground);
    let outcome = library.run(Purpose::Up, script(step, trouble));
    let Outcome::RolledBack { because } = &outcome else {
        panic!("{step}, {trouble:?}: {outcome:?}");
    };
    assert!(because.contains(step), "{because}");
    ground.assert_nothing_runs();
    assert!(!ground.root().join("current").exists(), "{step}, {trouble:?}");
    assert_eq!(
        library.run(Purpose::Up, None),
        Outcome::Succeeded,
        "after {step}, {trouble:?}"
    );
    ground.assert_well();
}

#[test]
fn a_step_that_fails_before_it_did_anything_ends_rolled_back_and_the_second_try_succeeds() {
    few(4)
        .iter()
        .for_each(|step| fails_and_comes_up_again(step, Trouble::FailBefore));
}

#[test]
fn a_step_that_fails_after_it_did_everything_ends_rolled_back_and_the_second_try_succeeds() {
    few(5)
        .iter()
        .for_each(|step| fails_and_comes_up_again(step, Trouble::FailAfter));
}

#[test]
fn every_step_done_twice_comes_to_the_same_end() {
    let end_of = |trouble: Option<Trouble>| {
        let ground = Ground::new();
        let library = Library::new(&ground);
        let script = trouble.map(|trouble| Script { step: None, trouble });
        assert_eq!(library.run(Purpose::Up, script.clone()), Outcome::Succeeded);
        ground.assert_well();
        let kinds = shape(&ground);
        assert_eq!(library.run(Purpose::Stop, script), Outcome::Succeeded);
        ground.assert_nothing_runs();
        kinds
    };
    let (twice, once) = (end_of(Some(Trouble::Twice)), end_of(None));
    let only = |one: &BTreeMap<_, _>, other: &BTreeMap<_, _>| -> Vec<(String, String)> {
        let differs = |(path, kind): &(&String, &String)| other.get(*path) != Some(*kind);
        one.iter()
            .filter(differs)
            .map(|(path, kind)| (path.clone(), kind.clone()))
            .collect()
    };
    assert_eq!(
        (only(&twice, &once), only(&once, &twice)),
        (Vec::new(), Vec::new())
    );
}

/// Says what lies below the root and of what kind it is, without what differs from ground to ground.
fn shape(ground: &Ground) -> BTreeMap<String, String> {
    let kind = |told: String| told.split(' ').take(2).collect::<Vec<_>>().join(" ");
    tree(&ground.root(), &["data/database", "supervisor/attic", "run"])
        .into_iter()
        .map(|(path, told)| (path.replace(&ground.name, "NAME"), kind(told)))
        .collect()
}

#[test]
fn every_step_taken_back_twice_comes_to_the_same_end() {
    fails_and_comes_up_again("release/verify", Trouble::TakeBackTwice);
}

#[test]
fn a_run_told_to_stop_at_any_step_finishes_it_and_is_resumed() {
    for step in few(4) {
        eprintln!("stop softly at {step}");
        let ground = Ground::new();
        let library = Library::new(&ground);
        let outcome = library.run(Purpose::Up, script(&step, Trouble::Soft));
        let last = step == "release/verify";
        let wanted = if last {
            Outcome::Succeeded
        } else {
            Outcome::Interrupted
        };
        assert_eq!(outcome, wanted, "stopped at {step}");
        if !last {
            assert_eq!(library.resume(None), Outcome::Succeeded, "stopped at {step}");
        }
        ground.assert_well();
    }
}

#[test]
fn a_run_stopped_with_force_while_a_program_works_is_resumed() {
    let mut cases = vec![
        ("api/unpack", 5),
        ("database/initialize", 300),
        ("database/migrate", 10),
        ("database/start", 20),
        ("api/health", 5),
    ];
    if !every_case() {
        cases.truncate(3);
    }
    for (step, later) in cases {
        eprintln!("stop with force at {step}");
        let ground = Ground::new();
        let library = Library::new(&ground);
        // What was quicker than the force is done.
        match library.run(Purpose::Up, script(step, Trouble::Force(later))) {
            Outcome::Interrupted => assert_eq!(library.resume(None), Outcome::Succeeded, "{step}"),
            outcome => assert_eq!(outcome, Outcome::Succeeded, "{step}"),
        }
        ground.assert_well();
    }
}

#[test]
fn a_step_of_a_change_that_fails_puts_everything_back_as_it_ran() {
    let mut ground = Ground::new();
    assert_eq!(Library::new(&ground).run(Purpose::Up, None), Outcome::Succeeded);
    ground.write_note("written before the change");
    let port = super::common::free_port();
    let before = ground.answers.clone();
    let changed = |answers: &mut serde_json::Value| answers["settings"]["web_port"] = port.into();
    let files = || tree(&ground.root(), &["data", "logs", "supervisor", "run"]);
    let was: Vec<_> = files()
        .into_iter()
        .map(|(path, told)| (path, content(&told)))
        .collect();
    ground.change(changed);
    for step in spread(&Library::new(&ground).steps(Purpose::Up), 4) {
        for trouble in [Trouble::FailBefore, Trouble::FailAfter, Trouble::TakeBackTwice] {
            eprintln!("change fails at {step}: {trouble:?}");
            let outcome = Library::new(&ground).run(Purpose::Up, script(&step, trouble));
            assert!(
                matches!(outcome, Outcome::RolledBack { .. }),
                "{step}, {trouble:?}: {outcome:?}"
            );
            let is: Vec<_> = tree(&ground.root(), &["data", "logs", "supervisor", "run"])
                .into_iter()
                .map(|(path, told)| (path, content(&told)))
                .collect();
            assert_eq!(is, was, "{step}, {trouble:?}");
            ground.wait_until_healthy();
            ground.assert_well();
            assert_eq!(ground.notes(), ["written before the change"]);
        }
    }
    // Back to the answers that fit what runs, there is nothing to do.
    ground.change(|answers| *answers = before);
    assert_eq!(Library::new(&ground).steps(Purpose::Up), Vec::<String>::new());
    // The second try of the change takes effect, and not only on files.
    ground.change(changed);
    assert_eq!(Library::new(&ground).run(Purpose::Up, None), Outcome::Succeeded);
    ground.assert_well();
    let page = ask("GET", &format!("http://127.0.0.1:{port}/healthz/readiness"), None);
    assert_eq!(page.status, 200, "{}", page.body);
}

/// What a file is and holds, without when it was written.
fn content(told: &str) -> String {
    let mut words: Vec<&str> = told.split(' ').collect();
    words.remove(2);
    words.join(" ")
}
