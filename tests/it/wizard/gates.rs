//! What a tier may not use.

use super::entry;
use super::script::Script;
use landfall::deployment::Answers;
use landfall::wizard::{Reply, WizardError, apply, apply_all, complete_without_asking};

fn complaints(pairs: &[&str]) -> Vec<(String, String)> {
    let entry = entry("flowguard");
    let mut answers = Answers::new("flowguard", "acme");
    let pairs: Vec<String> = pairs.iter().map(|pair| (*pair).to_owned()).collect();
    apply_all(entry.product(), &mut answers, &pairs).unwrap();
    match complete_without_asking(entry.product(), &answers) {
        Err(WizardError::Answers { complaints }) => {
            complaints.into_iter().map(|one| (one.key, one.message)).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn kubernetes_is_refused_below_enterprise() {
    let found = complaints(&["parts.main.mode=kubernetes", "tier=business"]);
    assert_eq!(found[0].0, "parts.main.mode");
    assert!(
        found[0]
            .1
            .contains("on Enterprise only; the tier here is Business"),
        "{found:?}"
    );
}

#[test]
fn the_uk_is_refused_below_enterprise() {
    let found = complaints(&[
        "parts.main.mode=our_cloud",
        "parts.main.region=uksouth",
        "tier=pro",
    ]);
    assert_eq!(found[0].0, "parts.main.region");
    assert!(
        found[0].1.contains("UK (UK South) on Enterprise only"),
        "{found:?}"
    );
}

#[test]
fn a_prompt_shows_the_reason_and_asks_again() {
    let entry = entry("flowguard");
    let mut script = Script::of(&[
        ("tier", "business"),
        ("parts.main.mode", "kubernetes/kubernetes"),
        ("parts.main.mode", "our_cloud"),
        ("parts.main.region", "uksouth"),
        ("parts.main.region", "westeurope"),
    ]);
    let answers = script
        .run(entry.product(), Answers::new("flowguard", ""))
        .unwrap();
    assert_eq!(answers.parts["main"].region.as_deref(), Some("westeurope"));
    let shown: Vec<&String> = script
        .prompts
        .iter()
        .filter(|p| p.key.starts_with("parts."))
        .filter_map(|p| p.complaint.as_ref())
        .collect();
    assert_eq!(shown.len(), 2, "{shown:?}");
    assert!(shown[0].contains("Enterprise only") && shown[1].contains("Enterprise only"));
}

#[test]
fn a_tier_lowered_later_asks_for_the_mode_again() {
    let entry = entry("flowguard");
    let mut script = Script::of(&[
        ("tier", "enterprise"),
        ("tier", "free"),
        ("parts.main.mode", "kubernetes"),
    ]);
    script.then("parts.main.options.namespace", Reply::Back);
    script.then("parts.main.mode", Reply::Back);
    let answers = script
        .run(entry.product(), Answers::new("flowguard", "acme"))
        .unwrap();
    assert_eq!(answers.parts["main"].mode, "our_cloud");
    assert!(answers.parts["main"].options.is_empty());
}

#[test]
fn unknown_keys_and_values_name_the_nearest() {
    let entry = entry("sample");
    let mut answers = Answers::new("sample", "acme");
    apply(entry.product(), &mut answers, "parts.main.mode=host").unwrap();
    let error = apply(entry.product(), &mut answers, "settings.api_prot=1").unwrap_err();
    assert_eq!(error.hints(), ["did you mean `settings.api_port`?"]);
    let error = apply(entry.product(), &mut answers, "parts.main.mode=hots").unwrap_err();
    assert_eq!(error.hints(), ["did you mean `host`?"]);
    assert!(matches!(
        apply(entry.product(), &mut answers, "mode"),
        Err(WizardError::NoPair { .. })
    ));
    let error = apply(entry.product(), &mut answers, "services.license.token=hunter2").unwrap_err();
    assert!(!error.to_string().contains("hunter2"));
}
