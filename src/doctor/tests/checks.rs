//! What each check makes of what it sees.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Examination, Finding, Level, LicenseRules, Response, ToolSeen, examine_within, is_clear};
use super::deployment;
use super::world::Fake;
use crate::deployment::Deployment;
use crate::license::{License, issue};

const OWN: [&str; 7] = [
    "parts.main.mode=host",
    "services.database.supply=yours",
    "services.database.host=db.test",
    "services.database.password=env:DB",
    "services.identity.supply=yours",
    "services.identity.issuer=https://id.test",
    "services.identity.audience=notes",
];

async fn report(deployment: &Deployment, world: &Fake) -> Vec<Finding> {
    let licenses = BTreeMap::from([("license".to_owned(), LicenseRules::default())]);
    let what = Examination {
        deployment,
        fresh: true,
        tools: &[],
        clusters: &[],
        accounts: &[],
        licenses: &licenses,
        clock: None,
    };
    examine_within(&what, world, Duration::from_millis(50)).await
}

fn well() -> Fake {
    let mut world = Fake::default();
    world.environment.insert("DB".to_owned(), "word".to_owned());
    let date = Some(world.now);
    let page = |body: &str| Response {
        status: 200,
        date,
        body: body.to_owned(),
    };
    world.pages.insert(
        "https://id.test/.well-known/openid-configuration".to_owned(),
        page(r#"{"issuer":"https://id.test","jwks_uri":"https://id.test/keys"}"#),
    );
    world.pages.insert(
        "https://id.test/keys".to_owned(),
        page(r#"{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"},{"kty":"RSA","n":"AQ","e":"AQAB","use":"enc"}]}"#),
    );
    world
}

fn found<'a>(findings: &'a [Finding], check: &str) -> Vec<&'a Finding> {
    findings.iter().filter(|finding| finding.check == check).collect()
}

/// Finds the one finding of a check that is not ok.
fn trouble<'a>(findings: &'a [Finding], check: &str) -> &'a Finding {
    let bad: Vec<&Finding> = found(findings, check)
        .into_iter()
        .filter(|finding| finding.level != Level::Ok)
        .collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    bad[0]
}

#[tokio::test]
async fn where_all_is_well_only_the_license_is_in_the_way() {
    let findings = report(&deployment(&OWN), &well()).await;
    let bad: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.level != Level::Ok)
        .collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert_eq!(
        (bad[0].check, bad[0].subject.as_str()),
        ("license", "services.license")
    );
    assert!(!is_clear(&findings));
    assert_eq!(findings, report(&deployment(&OWN), &well()).await);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_what_it_is_for() {
    let deployment = deployment(&OWN);
    let worker = deployment.parts["main"]
        .components
        .iter()
        .find(|component| component.name == "worker")
        .unwrap();
    let port = worker.ports["http"].number;
    let mut world = well();
    world.taken.insert(port);
    let findings = report(&deployment, &world).await;
    let finding = trouble(&findings, "port");
    assert_eq!(finding.subject, format!("127.0.0.1:{port}"));
    assert!(finding.message.contains("Worker"), "{finding:?}");
}

#[tokio::test]
async fn disk_space_is_for_this_release_and_the_next() {
    let mut world = well();
    world.space = 1 << 29;
    assert_eq!(
        trouble(&report(&deployment(&OWN), &world).await, "disk").level,
        Level::Blocker
    );
    world.space = 2 << 30;
    assert_eq!(
        trouble(&report(&deployment(&OWN), &world).await, "disk").level,
        Level::Warning
    );
}

#[tokio::test]
async fn clocks_that_differ_warn_and_then_block() {
    for (now, level) in [
        ("2026-06-01T12:02:00Z", Level::Warning),
        ("2026-06-01T11:00:00Z", Level::Blocker),
    ] {
        let mut world = well();
        world.now = now.parse().unwrap();
        assert_eq!(
            trouble(&report(&deployment(&OWN), &world).await, "clock").level,
            level
        );
    }
    let mut world = well();
    world.now = "1970-01-01T00:00:00Z".parse().unwrap();
    let findings = report(&deployment(&OWN), &world).await;
    assert_eq!(found(&findings, "clock")[0].level, Level::Blocker);
}

#[tokio::test]
async fn a_database_that_is_old_or_silent_blocks() {
    let mut world = well();
    world.database = Some("14.11 (Debian 14.11-1)".to_owned());
    let findings = report(&deployment(&OWN), &world).await;
    assert!(trouble(&findings, "database").message.contains("15 is needed"));
    world.silent = true;
    let findings = report(&deployment(&OWN), &world).await;
    assert!(
        trouble(&findings, "database")
            .message
            .contains("no answer within")
    );
}

#[tokio::test]
async fn what_a_cluster_reaches_need_not_be_reached_from_here() {
    let mut pairs = OWN.to_vec();
    pairs[0] = "parts.main.mode=kubernetes";
    pairs.push("parts.main.options.domain=notes.test");
    let mut world = well();
    world.database = None;
    let findings = report(&deployment(&pairs), &world).await;
    assert_eq!(trouble(&findings, "database").level, Level::Warning);
    assert!(found(&findings, "port").is_empty() && found(&findings, "disk").is_empty());
}

#[tokio::test]
async fn an_issuer_that_differs_by_a_slash_blocks() {
    let mut world = well();
    let url = "https://id.test/.well-known/openid-configuration";
    let page = world.pages.get_mut(url).unwrap();
    page.body = page.body.replace("\"https://id.test\"", "\"https://id.test/\"");
    let findings = report(&deployment(&OWN), &world).await;
    let finding = trouble(&findings, "identity");
    assert_eq!(
        finding.fix.as_deref(),
        Some("--set services.identity.issuer=https://id.test/")
    );
}

#[tokio::test]
async fn keys_that_check_no_signature_block() {
    let mut world = well();
    world.pages.get_mut("https://id.test/keys").unwrap().body = r#"{"keys":[{"kty":"oct"}]}"#.to_owned();
    let findings = report(&deployment(&OWN), &world).await;
    assert!(trouble(&findings, "identity").message.contains("no key"));
}

#[tokio::test]
async fn secrets_are_there_and_private() {
    let mut world = well();
    world.environment.clear();
    world.files.get_mut("license.jwt").unwrap().0 = 0o644;
    let findings = report(&deployment(&OWN), &world).await;
    let bad: Vec<(&str, Level)> = found(&findings, "secret")
        .iter()
        .map(|f| (f.subject.as_str(), f.level))
        .collect();
    assert_eq!(
        bad,
        [
            ("database_password", Level::Blocker),
            ("license_token", Level::Warning)
        ]
    );
    assert!(
        findings
            .iter()
            .all(|finding| !finding.message.contains("no license"))
    );
}

#[tokio::test]
async fn tools_that_are_old_or_missing_block() {
    let tool = |name: &str, found: Result<&str, &str>| ToolSeen {
        name: name.to_owned(),
        oldest: Some("3.14".to_owned()),
        found: found.map(str::to_owned).map_err(str::to_owned),
        fix: None,
    };
    let tools = [
        tool("new", Ok("v3.14.2")),
        tool("old", Ok("3.9.1")),
        tool("none", Err("not on the PATH")),
    ];
    let deployment = deployment(&OWN);
    let licenses = BTreeMap::new();
    let what = Examination {
        deployment: &deployment,
        fresh: false,
        tools: &tools,
        clusters: &[],
        accounts: &[],
        licenses: &licenses,
        clock: None,
    };
    let findings = examine_within(&what, &well(), Duration::from_secs(1)).await;
    let levels: Vec<Level> = found(&findings, "tool")
        .iter()
        .map(|finding| finding.level)
        .collect();
    assert_eq!(levels, [Level::Ok, Level::Blocker, Level::Blocker]);
    assert!(found(&findings, "port").is_empty());
}

#[tokio::test]
async fn a_license_is_judged_by_the_vendors_key_and_policy() {
    let deployment = deployment(&OWN);
    let entry = crate::product::Catalog::default().open("sample").unwrap();
    let policy = entry.product().services["license"].license.clone().unwrap();
    let rules = LicenseRules {
        policy: policy.clone(),
        key: Some(include_bytes!("../../../sample/keys/license-test.pub.pem").to_vec()),
        revoked: vec!["taken-back".to_owned()],
    };
    let licenses = BTreeMap::from([("license".to_owned(), rules)]);
    let what = Examination {
        deployment: &deployment,
        fresh: true,
        tools: &[],
        clusters: &[],
        accounts: &[],
        licenses: &licenses,
        clock: None,
    };
    let cases = [
        ("fresh", "2027-06-01T12:00:00Z", Level::Ok, "12 seats"),
        (
            "soon",
            "2026-06-05T12:00:00Z",
            Level::Warning,
            "expires in 4 days",
        ),
        ("late", "2026-05-01T12:00:00Z", Level::Blocker, "expired at"),
        ("taken-back", "2027-06-01T12:00:00Z", Level::Blocker, "revoked"),
    ];
    for (id, expires, level, says) in cases {
        let license = License {
            issuer: None,
            customer: Some("Acme".to_owned()),
            id: Some(id.to_owned()),
            product: policy.product.clone(),
            tier: Some("enterprise".to_owned()),
            seats: Some(12),
            features: vec![],
            issued: None,
            not_before: None,
            expires: Some(expires.parse().unwrap()),
            other: serde_json::Map::new(),
        };
        let key = include_bytes!("../../../sample/keys/license-test.key.pem");
        let mut world = well();
        let token = issue(&license, &policy, key).unwrap();
        world.files.insert("license.jwt".to_owned(), (0o600, token));
        let findings = examine_within(&what, &world, Duration::from_secs(1)).await;
        let finding = found(&findings, "license")[0];
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.message.contains(says), "{finding:?}");
    }
}

#[tokio::test]
async fn what_answers_with_an_error_is_reachable_all_the_same() {
    let mut pairs = OWN.to_vec();
    pairs.extend([
        "services.objects.supply=yours",
        "services.objects.driver=s3",
        "services.objects.endpoint=https://s3.test",
    ]);
    pairs.extend(["services.cache.supply=yours", "services.cache.host=cache.test"]);
    let mut world = well();
    world.pages.insert(
        "https://s3.test".to_owned(),
        Response {
            status: 403,
            ..Response::default()
        },
    );
    world.cache = Some("5.0.14".to_owned());
    let findings = report(&deployment(&pairs), &world).await;
    assert_eq!(found(&findings, "objects")[0].level, Level::Ok);
    assert!(trouble(&findings, "cache").message.contains("6 is needed"));
}
