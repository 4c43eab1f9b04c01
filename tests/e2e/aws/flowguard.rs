//! FlowGuard in an account of one's own, with images that stand in for those of its vendor.

use serde_json::json;

use super::installation::{Installation, Place, wait};

const VERSION: &str = "1.0.0";

/// A business's answers: everything is made in the account.
fn installation() -> Option<Installation> {
    let one = Installation::with(|place: &Place| {
        let mut options = place.options("flowguard.example.test");
        options["budget"] = 500.into();
        options["alarm_emails"] = json!(["platform@example.test"]);
        // None of its images has a shell.
        options["tools_image"] = wait(place.emulator.image("library/postgres", "15")).into();
        json!({
            "schema": "landfall/answers/v1",
            "product": "flowguard",
            "release": VERSION,
            "name": place.name,
            "tier": "business",
            "parts": { "main": { "mode": "your_cloud", "target": "aws", "options": options } },
            "services": {
                "database": { "supply": "managed" },
                "objects": { "supply": "managed" },
                "cache": { "supply": "managed" },
                "identity": { "supply": "none" },
                "ai": { "supply": "none" },
                "license": { "supply": "none" },
            },
        })
    })?;
    // Its runtime browsers are its agents.
    let images = [
        ("api", "api"),
        ("web", "web"),
        ("runtime", "agent"),
        ("agent", "agent"),
    ];
    let images = images.map(|(name, image)| (name, format!("landfall/flowguard-{image}:{VERSION}")));
    one.add_images(("flowguard", VERSION), &images, &[]);
    Some(one)
}

#[test]
fn comes_up_changes_nothing_the_second_time_and_leaves_what_is_kept() {
    let Some(one) = installation() else { return };
    one.expect(0, &["up", "--yes"]);
    assert_eq!(one.states(), ["running"; 3]);
    assert_eq!(one.version(), VERSION);
    one.assert_nothing_is_beside();
    one.expect(0, &["up", "--yes"]).says("nothing to do");

    one.expect(0, &["destroy", "--confirm", &one.name]);
    one.assert_nothing_is_beside();
    let left = one.tagged();
    let has = |what: &str| left.iter().any(|arn| arn.contains(what));
    assert!(
        has(":cluster:") && has(":secret:") && has(":key/") && has(":vpc/"),
        "{left:#?}"
    );
    assert!(!has(":service/") && !has("loadbalancer/"), "{left:#?}");

    one.expect(0, &["destroy", "--data", "--confirm", &one.name]);
    // Keys and secrets wait for a month, revisions and gateways that are gone are told for a while.
    let stays = [
        ":key/",
        ":secret:",
        "snapshot:",
        ":task-definition/",
        ":natgateway/",
    ];
    let mut left = one.tagged();
    left.retain(|arn| !stays.iter().any(|kind| arn.contains(kind)));
    assert!(left.is_empty(), "{left:#?}");
}
