//! Removing the product, with and without its data.

use super::common::{Ground, eventually};

#[test]
fn destroy_keeps_volumes_and_secrets_and_the_next_up_finds_them() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    ground.fill(3);
    let before = ground.checksum();
    let (volumes, secrets) = (
        ground.names("persistentvolumeclaims"),
        ground.object_text("secret", &ground.object("secrets")),
    );
    assert_eq!(volumes.len(), 2, "{volumes:?}");
    ground
        .expect(0, &["destroy", "--confirm", &ground.name])
        .says("stay");
    let left = "deployments,statefulsets,services,ingresses,networkpolicies";
    eventually("nothing runs", || {
        ground.names(left).is_empty() && ground.digests().is_empty()
    });
    assert_eq!(ground.names("persistentvolumeclaims"), volumes);
    assert_eq!(ground.object_text("secret", &ground.object("secrets")), secrets);
    let status = ground.status();
    assert!(status["installed"].is_null(), "{status:#}");

    ground.expect(0, &["up", "--yes"]);
    ground.assert_well();
    assert_eq!(ground.checksum(), before);
}

#[test]
fn destroy_with_data_leaves_nothing_of_it() {
    let Some(ground) = Ground::up(&["1.0.0", "1.1.0"]) else {
        return;
    };
    ground.fill(3);
    // What an upgrade has saved is data too.
    ground.expect(0, &["upgrade", "--to", "1.1.0", "--yes"]);
    ground
        .expect(3, &["destroy", "--data", "--yes"])
        .says("--confirm");
    ground.assert_well();
    ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
    let all =
        "deployments,statefulsets,services,ingresses,persistentvolumeclaims,secrets,configmaps,jobs,pods";
    // Every namespace has this one.
    let theirs = "configmap/kube-root-ca.crt";
    eventually("nothing is left", || {
        ground
            .try_kubectl(&["get", all, "-o", "name"])
            .is_ok_and(|left| left.lines().all(|name| name == theirs))
    });
    ground.expect(0, &["up", "--yes"]);
    ground.assert_well();
    assert_eq!(ground.checksum()["count"], 0);
}
