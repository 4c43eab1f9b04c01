//! Bringing up from nothing, leaving alone what is well, stopping, starting, looking.

use serde_json::Value;

use super::common::{COMPONENTS, Ground};

#[test]
fn from_nothing_to_a_product_that_answers_in_a_restricted_namespace() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    ground.assert_well();
    let namespace = ground.kubectl(&["get", "namespace", &ground.namespace, "-o", "json"]);
    let namespace: Value = serde_json::from_str(&namespace).unwrap();
    let enforced = &namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"];
    assert_eq!(enforced, "restricted", "{namespace:#}");
    for component in COMPONENTS {
        let deployment = format!("deployment/{}", ground.object(component));
        ground.kubectl(&["wait", &deployment, "--for=condition=Available", "--timeout=1s"]);
    }
    let service = format!(
        "/api/v1/namespaces/{}/services/http:{}:8082/proxy/",
        ground.namespace,
        ground.object("web")
    );
    assert!(ground.kubectl(&["get", "--raw", &service]).contains("<html"));
    ground.fill(3);
    assert_eq!(ground.checksum()["count"], 3);
    // What runs is what the release says.
    let release = fs_err::read_to_string(ground.path("data/releases/sample/1.0.0.yaml")).unwrap();
    let digests = ground.digests();
    assert_eq!(digests.len(), 3, "{digests:?}");
    for digest in digests.values().flatten() {
        assert!(release.contains(digest.as_str()), "{digest} is not of\n{release}");
    }

    let (before, runs) = (ground.revisions(), ground.runs().len());
    ground.expect(0, &["up", "--yes"]).says("nothing to do");
    ground.expect(0, &["up"]).says("nothing to do");
    ground.expect(0, &["plan", "--check"]);
    ground.expect(0, &["drift"]).says("no drift");
    assert_eq!(ground.revisions(), before);
    assert_eq!(ground.runs().len(), runs);
}

#[test]
fn helm_test_asks_the_components_from_a_pod_in_the_restricted_namespace() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    let said = ground.helm(&["test", &ground.name, "--logs"]);
    assert!(said.contains("Phase:          Succeeded"), "{said}");
    for (component, port) in [("api", 8081), ("web", 8082)] {
        let host = ground.object(component);
        let line = format!("http://{host}:{port}/healthz/readiness answered 200 OK");
        assert!(said.contains(&line), "{said}");
    }
    // One that does not answer is noticed.
    let web = format!("deployment/{}", ground.object("web"));
    ground.kubectl(&["scale", &web, "--replicas=0"]);
    // Where no pod is ready, one that ends still answers.
    let pods = "app.kubernetes.io/component=web";
    ground.kubectl(&["wait", "--for=delete", "pod", "--selector", pods, "--timeout=90s"]);
    let refused = ground.try_helm(&["test", &ground.name, "--logs"]);
    assert!(refused.is_err(), "{refused:?}");
    let pod = ground.kubectl(&["logs", &ground.object("test")]);
    assert!(pod.contains("notes-web:8082"), "{pod}");
}

#[test]
fn what_is_stopped_starts_again_with_its_notes() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    ground.fill(3);
    let before = ground.checksum();
    ground.expect(0, &["start", "--yes"]).says("nothing to do");
    ground.expect(0, &["stop", "--yes"]);
    ground.expect(0, &["stop", "--yes"]).says("nothing to do");
    assert!(ground.digests().is_empty(), "{:?}", ground.digests());
    let status = ground.status();
    let components = status["components"].as_array().unwrap();
    assert!(
        components.iter().all(|component| component["state"] == "stopped"),
        "{status:#}"
    );
    assert_ne!(ground.ask("GET", "/", None).status, 200);
    ground.expect(0, &["start", "--yes"]);
    ground.assert_well();
    assert_eq!(ground.checksum(), before);
}

#[test]
fn status_and_logs_tell_of_every_component() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    let status = ground.status();
    assert_eq!(status["healthy"], true, "{status:#}");
    let components = status["components"].as_array().unwrap();
    for name in COMPONENTS.iter().chain(&["database"]) {
        let found = components.iter().find(|component| component["name"] == *name);
        let component = found.unwrap_or_else(|| panic!("nothing is told of {name}: {status:#}"));
        assert_eq!(component["state"], "running", "{component:#}");
        assert_eq!(component["detail"], "1 of 1 pods ready", "{component:#}");
    }
    ground.fill(1);
    for name in COMPONENTS {
        let said = ground.expect(0, &["logs", name]);
        assert!(said.stdout.contains(&format!("\"{name}\"")), "{said}");
    }
    assert!(!ground.expect(0, &["logs", "database"]).stdout.is_empty());
}

#[test]
fn up_without_approval_makes_nothing() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    ground.expect(3, &["up"]).says("--yes");
    let namespace = ["get", "namespace", &ground.namespace];
    assert!(ground.try_kubectl(&namespace).is_err());
    assert!(ground.runs().is_empty());
}

#[test]
fn what_somebody_removed_with_its_namespace_comes_up_anew() {
    let Some(ground) = Ground::up(&["1.0.0"]) else {
        return;
    };
    ground.kubectl(&["delete", "namespace", &ground.namespace]);
    // The database is new, so it is migrated, though history says that this version is installed.
    ground.expect(0, &["up", "--yes"]).says("migrate");
    ground.assert_well();
    ground.fill(1);
}
