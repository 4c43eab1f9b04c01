//! The order of questions, going back, further parts, and runs without questions.

use super::entry;
use super::script::Script;
use landfall::deployment::Answers;
use landfall::wizard::{Manner, Reply, WizardError, apply, complete_without_asking, run, write};

#[test]
fn facts_come_first_then_the_tier_then_the_mode() {
    let entry = entry("flowguard");
    let mut script = Script::of(&[("tier", "pro")]);
    script
        .run(entry.product(), Answers::new("flowguard", ""))
        .unwrap();
    let sections: Vec<&str> = script
        .keys()
        .iter()
        .map(|key| key.split('.').next().unwrap())
        .collect();
    let mut order = sections.clone();
    order.dedup();
    assert_eq!(order[..4], ["name", "facts", "tier", "parts"], "{order:?}");
    assert_eq!(script.keys().last(), Some(&"confirm"));
}

#[test]
fn the_best_open_candidate_is_preselected() {
    let entry = entry("flowguard");
    let mut script = Script::of(&[("facts.cloud_in_use", "azure"), ("tier", "business")]);
    let answers = script
        .run(entry.product(), Answers::new("flowguard", ""))
        .unwrap();
    let prompt = script
        .prompts
        .iter()
        .find(|prompt| prompt.key == "parts.main.mode")
        .unwrap();
    assert_eq!(prompt.default.as_deref(), Some("your_cloud/azure"));
    assert_eq!(
        answers.parts["main"].target.map(|target| target.name()),
        Some("azure")
    );
}

#[test]
fn back_returns_to_the_question_before_and_forgets_what_no_longer_applies() {
    let entry = entry("sample");
    let mut script = Script::of(&[
        ("services.database.supply", "yours"),
        ("services.database.host", "db.acme.test"),
        ("services.database.port", "5433"),
        ("services.database.supply", "bundled"),
    ]);
    for key in [
        "services.database.password",
        "services.database.port",
        "services.database.host",
        "services.database.engine",
    ] {
        script.then(key, Reply::Back);
    }
    let answers = script
        .run(entry.product(), Answers::new("sample", "acme"))
        .unwrap();
    assert_eq!(
        answers.services["database"].keys().collect::<Vec<_>>(),
        ["supply"]
    );
}

#[test]
fn cancelling_and_declining_end_without_answers() {
    let entry = entry("sample");
    for (key, reply) in [
        ("services.license.token", Reply::Cancel),
        ("confirm", Reply::Answer("no".to_owned())),
    ] {
        let mut script = Script::default();
        script.then(key, reply);
        let end = script.run(entry.product(), Answers::new("sample", "acme"));
        assert!(matches!(end, Err(WizardError::Cancelled)), "{end:?}");
    }
}

#[test]
fn parts_that_combine_are_offered_and_added() {
    let entry = entry("flowguard");
    let mut script = Script::of(&[
        ("tier", "enterprise"),
        ("parts.main.mode", "kubernetes/kubernetes"),
        ("another-part-0", "firewall/host"),
    ]);
    let answers = script
        .run(entry.product(), Answers::new("flowguard", "acme"))
        .unwrap();
    assert_eq!(answers.parts.keys().collect::<Vec<_>>(), ["firewall", "main"]);
    assert!(script.keys().contains(&"parts.firewall.options.root"));
    let text = write(entry.product(), &answers);
    assert_eq!(Answers::parse("landfall.yaml", &text).unwrap().content, answers);
}

#[test]
fn a_license_file_that_cannot_be_read_is_asked_for_again() {
    let entry = entry("sample");
    let mut script = Script::of(&[
        ("services.license.token", "file:missing.jwt"),
        ("services.license.token", "file:license.jwt"),
    ]);
    let readable = |path: &str| match path {
        "license.jwt" => Ok(()),
        _ => Err("no such file".to_owned()),
    };
    let manner = Manner {
        review: false,
        readable: &readable,
        suggested: &|_| None,
    };
    let answers = run(
        entry.product(),
        Answers::new("sample", "acme"),
        &manner,
        &mut script,
    )
    .unwrap();
    assert_eq!(answers.services["license"]["token"], "file:license.jwt");
}

#[test]
fn review_asks_everything_with_the_present_answer_as_the_default() {
    let entry = entry("sample");
    let mut first = Script::default();
    let answers = first
        .run(entry.product(), Answers::new("sample", "acme"))
        .unwrap();
    let mut again = Script::default();
    let manner = Manner {
        review: true,
        readable: &|_| Ok(()),
        suggested: &|_| None,
    };
    let reviewed = run(entry.product(), answers.clone(), &manner, &mut again).unwrap();
    assert_eq!(reviewed, answers);
    let token = again
        .prompts
        .iter()
        .find(|prompt| prompt.key == "services.license.token")
        .unwrap();
    assert_eq!(token.default.as_deref(), Some("file:/run/secrets/it"));
}

#[test]
fn without_asking_the_facts_choose_the_mode_and_everything_missing_is_listed_at_once() {
    let entry = entry("flowguard");
    let mut answers = Answers::new("flowguard", "");
    apply(entry.product(), &mut answers, "facts.cloud_in_use=aws").unwrap();
    apply(entry.product(), &mut answers, "tier=enterprise").unwrap();
    let Err(WizardError::Missing { missing }) = complete_without_asking(entry.product(), &answers) else {
        panic!("something is missing");
    };
    let keys: Vec<&str> = missing.iter().map(|missing| missing.key.as_str()).collect();
    assert!(
        keys.contains(&"name") && keys.contains(&"parts.main.options.account"),
        "{keys:?}"
    );
    assert!(missing[0].flag.starts_with("--set name="));
}

#[test]
fn a_change_of_mode_by_flag_forgets_what_the_old_mode_asked() {
    let entry = entry("sample");
    let mut answers = Script::default()
        .run(entry.product(), Answers::new("sample", "acme"))
        .unwrap();
    assert!(answers.parts["main"].options.contains_key("root"));
    apply(entry.product(), &mut answers, "parts.main.mode=compose").unwrap();
    assert!(!answers.parts["main"].options.contains_key("root"));
}
