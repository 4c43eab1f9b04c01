//! The services that come with the product for an evaluation, each of which is asked from within its pod.

use serde_json::{Value, json};

use super::super::common::repository;
use super::common::{Ground, eventually};

/// One service of each kind, from the images of the test cluster.
fn values(ground: &Ground) -> Value {
    let registry = ground.answers["parts"]["main"]["options"]["registry"]
        .as_str()
        .expect("a text");
    let image = |name: &str, tag: &str| {
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
        let manifest = format!("http://{registry}/v2/{name}/manifests/{tag}");
        let asked = format!("curl --noproxy '*' --silent --fail --head --header '{accept}' {manifest}");
        let head = ground.shell(&ground.path(""), &asked).to_lowercase();
        let digest = head
            .lines()
            .find_map(|line| line.strip_prefix("docker-content-digest: "));
        let digest = digest.expect("a registry tells it").trim();
        json!({ "repository": format!("{registry}/{name}"), "digest": digest })
    };
    let password = json!({ "secret": "passwords", "key": "password" });
    let resources = json!({
        "requests": { "cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi" },
        "limits": { "memory": "256Mi", "ephemeral-storage": "512Mi" },
    });
    let service = |kind: &str, image: Value, own: Value| {
        let mut service = json!({
            "kind": kind, "image": image, "storage": { "size": "1Gi" }, "resources": resources,
        });
        let fields = service.as_object_mut().expect("an object");
        fields.extend(own.as_object().expect("an object").clone());
        service
    };
    let serve = [
        "rclone",
        "serve",
        "s3",
        "--addr",
        ":9000",
        "--auth-key",
        "shop,$(SECRET)",
        ":local:/data",
    ];
    json!({
        "networkPolicy": { "from": [{ "podSelector": { "matchLabels": { "app": "nobody" } } }] },
        "services": {
            "database": service("postgresql", image("library/postgres", "15"), json!({
                "databases": [{ "name": "shop", "role": "shop", "password": password }],
            })),
            "cache": service("redis", image("library/redis", "7"), json!({ "password": password })),
            "objects": service("objects", image("rclone/rclone", "1"), json!({
                "command": serve,
                "secretEnv": { "SECRET": { "secret": "passwords", "key": "store" } },
            })),
            "temporal": service("temporal", image("temporalio/temporal", "1"), json!({ "namespaces": ["shop"] })),
        },
    })
}

/// Asks in the pod of a service.
fn ask(ground: &Ground, service: &str, command: &[&str]) -> String {
    let pod = format!("shop-{service}-0");
    let mut all = vec!["exec", &pod, "--"];
    all.extend(command);
    ground.kubectl(&all)
}

#[test]
fn a_service_of_each_kind_runs_restricted_and_keeps_its_data_when_its_pod_goes() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let restricted = "pod-security.kubernetes.io/enforce=restricted";
    ground.kubectl(&["create", "namespace", &ground.namespace]);
    ground.kubectl(&["label", "namespace", &ground.namespace, restricted]);
    let password = "--from-literal=password=f00-bar/baz\"quoted";
    let store = "--from-literal=store=check-secret";
    ground.kubectl(&["create", "secret", "generic", "passwords", password, store]);
    fs_err::write(ground.path("values.json"), values(&ground).to_string()).unwrap();
    let (chart, values) = (repository("helm/charts/services"), ground.path("values.json"));
    let install = [
        "upgrade",
        "--install",
        "shop",
        chart.as_str(),
        "--values",
        values.as_str(),
        "--wait",
    ];
    ground.helm(&install);

    let with_password = "PGPASSWORD='f00-bar/baz\"quoted' psql -h 127.0.0.1 -U shop -d shop -Atc";
    let database = |sql: &str| {
        ask(
            &ground,
            "database",
            &["sh", "-c", &format!("{with_password} '{sql}'")],
        )
    };
    let cache = |command: &str| {
        let line = format!("REDISCLI_AUTH='f00-bar/baz\"quoted' redis-cli {command}");
        ask(&ground, "cache", &["sh", "-c", &line])
    };
    let bucket = ":s3,provider=Other,endpoint='http://127.0.0.1:9000',access_key_id=shop,\
                  secret_access_key=check-secret:notes";
    let objects = |verb: &[&str]| ask(&ground, "objects", &[&["rclone"], verb].concat());
    database("create table kept as select 42 as answer");
    cache("set kept 42");
    objects(&["mkdir", bucket]);
    objects(&["copyto", "/etc/hostname", &format!("{bucket}/kept")]);
    let address = "127.0.0.1:7233";
    let temporal = [
        "temporal",
        "operator",
        "namespace",
        "describe",
        "shop",
        "--address",
        address,
    ];
    assert!(ask(&ground, "temporal", &temporal).contains("Registered"));

    ground.kubectl(&["delete", "pods", "--all"]);
    eventually("the pods are ready again", || {
        let pods = ground.objects("pods");
        let is_ready = |pod: &Value| pod["status"]["containerStatuses"][0]["ready"] == true;
        pods.len() == 4 && pods.iter().all(is_ready)
    });
    assert_eq!(database("select answer from kept").trim(), "42");
    assert_eq!(cache("get kept").trim(), "42");
    assert_eq!(
        objects(&["cat", &format!("{bucket}/kept")]).trim(),
        "shop-objects-0"
    );
    assert!(ask(&ground, "temporal", &temporal).contains("Registered"));
}
