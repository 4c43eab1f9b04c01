//! Quotas, limits and nodes.

use super::*;

#[test]
fn a_quota_that_is_full_blocks_and_one_that_an_upgrade_would_fill_warns() {
    let mut seen = well();
    seen.found.quotas = Some(Ok(vec![quota(
        amounts([("requests.cpu", "1"), ("pods", "10")]),
        amounts([("requests.cpu", "900m"), ("pods", "3")]),
    )]));
    let finding = trouble(&seen);
    assert_eq!(finding.level, Level::Blocker);
    assert_eq!(finding.message, "requests.cpu: 200m needed, 100m of 1 free");
    seen.found.quotas = Some(Ok(vec![quota(amounts([("pods", "2")]), Amounts::new())]));
    let finding = trouble(&seen);
    assert_eq!(finding.level, Level::Warning);
    assert_eq!(finding.message, "pods: 3 needed during an upgrade, 2 of 2 free");
    seen.found.quotas = Some(Ok(vec![quota(
        amounts([("requests.storage", "5Gi"), ("persistentvolumeclaims", "1")]),
        Amounts::new(),
    )]));
    assert_eq!(
        trouble(&seen).message,
        "requests.storage: 10Gi needed, 5Gi of 5Gi free"
    );
}

#[test]
fn what_is_there_already_is_not_counted_again() {
    let mut seen = well();
    change(&mut seen).pods[0].there = true;
    change(&mut seen).volumes[0].there = true;
    let full = amounts([("pods", "5"), ("requests.storage", "10Gi")]);
    let used = amounts([("pods", "2"), ("requests.storage", "10Gi")]);
    seen.found.quotas = Some(Ok(vec![quota(full, used)]));
    assert!(judge(&seen).iter().all(|finding| finding.level == Level::Ok));
}

#[test]
fn a_quota_on_what_containers_do_not_say_blocks_unless_there_is_a_default() {
    let mut seen = well();
    seen.found.quotas = Some(Ok(vec![quota(amounts([("limits.cpu", "10")]), Amounts::new())]));
    let finding = trouble(&seen);
    assert!(
        finding.message.ends_with("limits.cpu of `Deployment notes-api`"),
        "{finding:?}"
    );
    seen.found.limits = Some(Ok(vec![LimitSeen {
        name: "defaults".to_owned(),
        kind: "Container".to_owned(),
        default_limits: amounts([("cpu", "500m")]),
        ..LimitSeen::default()
    }]));
    assert!(crate::doctor::is_clear(&judge(&seen)));
}

#[test]
fn a_container_outside_of_the_limits_blocks() {
    let mut seen = well();
    seen.found.limits = Some(Ok(vec![LimitSeen {
        name: "small".to_owned(),
        kind: "Container".to_owned(),
        max: amounts([("memory", "64Mi")]),
        ..LimitSeen::default()
    }]));
    let finding = trouble(&seen);
    assert_eq!(
        finding.message,
        "main of Deployment notes-api asks for memory 128Mi, the most is 64Mi"
    );
}

#[test]
fn nodes_that_are_too_small_are_a_warning() {
    let mut seen = well();
    seen.found.nodes = Some(Ok(vec![amounts([("cpu", "50m"), ("memory", "8Gi")])]));
    assert_eq!(
        (trouble(&seen).check, trouble(&seen).level),
        ("capacity", Level::Warning)
    );
}
