//! Choosing without being asked: FlowGuard's page "Choosing a mode", and what a tier may not use.

use crate::common::TestEnv;

/// The rows of the page: what is said, the mode and target that it names, the region where it names one.
const ROWS: [(&str, &str, Option<&str>, Option<&str>); 11] = [
    ("facts.reachability=public", "our_cloud", None, None),
    ("facts.cloud_in_use=aws", "your_cloud", Some("aws"), None),
    ("facts.cloud_in_use=azure", "your_cloud", Some("azure"), None),
    ("facts.staging_locked=true", "your_cloud", Some("aws"), None),
    (
        "facts.deployment_standard=kubernetes",
        "kubernetes",
        Some("kubernetes"),
        None,
    ),
    ("facts.residency=eu", "our_cloud", None, Some("westeurope")),
    ("facts.data_leaves_network=false", "firewall", Some("host"), None),
    ("facts.own_ai=bedrock", "firewall", Some("host"), None),
    ("facts.own_ai=foundry", "firewall", Some("host"), None),
    ("facts.lowest_setup=true", "our_cloud", None, None),
    ("facts.reachability=mixed", "our_cloud", None, None),
];

#[test]
fn the_nine_rows_of_the_page_rank_its_mode_first() {
    let env = TestEnv::new();
    for (fact, mode, target, region) in ROWS {
        for tier in [&["--set", "tier=enterprise"][..], &[]] {
            let mut args = vec!["recommend", "flowguard", "--output", "json", "--set", fact];
            args.extend(tier);
            let ranking = env.run(&args).exits(0).json();
            let first = &ranking[0];
            assert_eq!(first["mode"], mode, "{args:?}: {ranking:#}");
            assert_eq!(first["target"].as_str(), target, "{args:?}: {ranking:#}");
            assert_eq!(first["region"].as_str(), region, "{args:?}: {ranking:#}");
            assert_eq!(first["open"], true, "{args:?}: {ranking:#}");
            assert_ne!(
                first["reasons"].as_array().unwrap().len(),
                0,
                "{args:?}: {ranking:#}"
            );
        }
    }
}

/// `init` by flags, which must be refused with these words and write nothing.
fn refused(pairs: &[&str], words: &[&str]) {
    let env = TestEnv::new();
    let mut args = vec!["init", "flowguard", "--no-input", "--name", "acme"];
    for pair in pairs {
        args.extend(["--set", pair]);
    }
    env.run(&args).exits(3).says(words);
    assert!(!env.work().join("landfall.yaml").exists());
}

#[test]
fn kubernetes_and_firewall_are_refused_below_enterprise() {
    for (mode, title) in [
        ("kubernetes", "Self-hosted Kubernetes"),
        ("firewall", "Behind your firewall"),
    ] {
        for (tier, name) in [("business", "Business"), ("pro", "Pro"), ("free", "Free")] {
            refused(
                &[&format!("parts.main.mode={mode}"), &format!("tier={tier}")],
                &[
                    "parts.main.mode",
                    &format!("({title}) on Enterprise only; the tier here is {name}"),
                    &format!("modes open to {name}: "),
                ],
            );
        }
    }
}

#[test]
fn your_cloud_is_refused_below_business() {
    refused(
        &["parts.main.mode=your_cloud", "parts.main.target=aws", "tier=pro"],
        &["(Your cloud) on Business or Enterprise only; the tier here is Pro"],
    );
}

#[test]
fn the_uk_is_refused_below_enterprise_and_open_to_it() {
    for (tier, name) in [("business", "Business"), ("pro", "Pro"), ("free", "Free")] {
        refused(
            &[
                "parts.main.mode=our_cloud",
                "parts.main.region=uksouth",
                &format!("tier={tier}"),
            ],
            &[
                "parts.main.region",
                &format!("region UK (UK South) on Enterprise only; the tier here is {name}"),
                "eastus, westeurope",
            ],
        );
    }
    let env = TestEnv::new();
    let open = [
        "parts.main.mode=our_cloud",
        "parts.main.region=uksouth",
        "tier=enterprise",
    ];
    let mut args = vec!["init", "flowguard", "--no-input", "--name", "acme"];
    for pair in &open {
        args.extend(["--set", pair]);
    }
    env.run(&args).exits(0);
}

#[test]
fn a_closed_mode_is_ranked_last_with_the_reason() {
    let env = TestEnv::new();
    let fact = "facts.deployment_standard=kubernetes";
    let args = [
        "recommend",
        "flowguard",
        "--set",
        fact,
        "--set",
        "tier=business",
        "--output",
        "json",
    ];
    let ranking = env.run(&args).exits(0).json();
    assert_eq!(ranking[0]["open"], true);
    let closed = ranking
        .as_array()
        .unwrap()
        .iter()
        .find(|ranked| ranked["mode"] == "kubernetes")
        .unwrap();
    assert_eq!(
        closed["closed_because"],
        "FlowGuard offers it on Enterprise only; the tier here is Business"
    );
}

#[test]
fn a_password_in_the_place_for_state_is_refused_and_not_shown() {
    let env = TestEnv::new();
    for state in [
        "s3://jo:hunter2-plain@bucket/x",
        "az://container/x?sig=hunter2-plain",
    ] {
        let ran = env.run(&["init", "sample", "--mode", "host", "--state", state]);
        ran.exits(3).says(&["`state`", "in the environment, as AWS_"]);
        assert!(!ran.all().contains("hunter2-plain"), "{ran}");
        assert!(!env.work().join("landfall.yaml").exists());
    }
}
