//! Every example in a cluster, and every variant that matters, compared with `tests/golden/<product>/kubernetes[-<case>]/`.
//!
//! The charts are the same for all and are kept once, in `helm/charts`: a golden folder holds what differs.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use landfall::deployment::{Deployment, Part};
use landfall::drivers::{BackupOrder, kubernetes, plan_backup};
use landfall::plan::BackupLock;
use landfall::product::Target;
use landfall::render::Artifacts;
use serde_json::{Value, json};

use crate::fixtures::{Example, assert_folder, assert_no_orphans, files_below, root};

/// The folders of a rendered deployment that are charts.
const CHARTS: [&str; 2] = ["product", "services"];

/// An example with other options: the golden folder, the example, what is answered otherwise.
fn variants() -> Vec<(&'static str, &'static str, Value)> {
    let repository = "https://git.acme.internal/platform/notes.git";
    vec![
        (
            "sample/kubernetes-gateway",
            "sample-kubernetes",
            json!({ "expose": "gateway", "gateway": "gateways/public", "ingress_namespace": "gateways", "monitoring": false }),
        ),
        (
            "sample/kubernetes-argocd",
            "sample-kubernetes",
            json!({
                "gitops": "argocd", "gitops_repository": repository, "gitops_path": "clusters/one",
                "gitops_branch": "production", "gitops_namespace": "delivery", "gitops_project": "notes",
            }),
        ),
        (
            "sample/kubernetes-flux",
            "sample-kubernetes",
            json!({ "gitops": "flux", "gitops_repository": repository, "gitops_path": "clusters/one" }),
        ),
        (
            "sample/kubernetes-aks",
            "sample-kubernetes",
            json!({
                "flavor": "aks",
                "ingress_annotations": ["nginx.ingress.kubernetes.io/proxy-body-size=100m"],
                "tls_secret": "notes-certificate",
                "cluster_issuer": "acme",
                "ca": "/etc/acme/ca.pem",
                "http_proxy": "http://proxy.acme.internal:3128",
                "https_proxy": "http://proxy.acme.internal:3128",
                "no_proxy": ["acme.internal"],
                "registry": "registry.acme.internal/mirror",
                "pull_secret": "acme-registry",
                "workload_identity": "550e8400-e29b-41d4-a716-446655440000",
                "egress": ["10.1.0.0/16:443"],
            }),
        ),
        (
            "sample/kubernetes-gke",
            "sample-kubernetes",
            json!({
                "flavor": "gke",
                "storage_class": "filestore",
                "storage_access": "ReadWriteMany",
                "storage_size": "1Ti",
                "workload_identity": "notes@acme.iam.gserviceaccount.com",
            }),
        ),
        (
            "sample/kubernetes-hook",
            "sample-kubernetes",
            json!({ "snapshot": "hook", "snapshot_hook": "tools/save-notes", "snapshot_password": true }),
        ),
        (
            "sample/kubernetes-objects",
            "sample-kubernetes",
            json!({
                "snapshot": "objects",
                "snapshot_image": format!("registry.acme.internal/rclone/rclone@sha256:{}", "0".repeat(64)),
                "ca": "/etc/acme/ca.pem",
                "http_proxy": "http://proxy.acme.internal:3128",
                "https_proxy": "http://proxy.acme.internal:3128",
                "no_proxy": ["acme.internal"],
            }),
        ),
    ]
}

/// An object store of the customer's, for the variant that saves into it.
fn with_a_store(example: &mut Example) {
    let store = json!({
        "supply": "yours", "driver": "s3", "endpoint": "https://objects.acme.internal:9000",
        "access_key": "env:NOTES_ACCESS", "secret_key": "file:/etc/acme/objects-key",
    });
    let services = &mut example.answers.content.services;
    services.insert("objects".to_owned(), serde_json::from_value(store).unwrap());
}

fn part_of(deployment: &Deployment) -> Option<&Part> {
    deployment
        .parts
        .values()
        .find(|part| part.target == Some(Target::Kubernetes))
}

/// Renders every case, by the golden folder it belongs to.
fn rendered() -> BTreeMap<Utf8PathBuf, Artifacts> {
    let mut all = BTreeMap::new();
    for example in Example::all() {
        let deployment = example.deployment();
        let Some(part) = part_of(&deployment) else {
            continue;
        };
        let folder = match part.mode.as_str() {
            "kubernetes" => "kubernetes".to_owned(),
            mode => format!("kubernetes-{mode}"),
        };
        let artifacts =
            kubernetes::render(&deployment, part).unwrap_or_else(|e| panic!("{}: {e}", example.name));
        all.insert(Utf8PathBuf::from(&deployment.product).join(folder), artifacts);
    }
    for (folder, example, options) in variants() {
        let mut example = Example::named(example);
        if options["snapshot"] == "objects" {
            with_a_store(&mut example);
        }
        let mut deployment = example.deployment();
        for part in deployment.parts.values_mut() {
            part.options.extend(options.as_object().unwrap().clone());
        }
        let artifacts = kubernetes::render(&deployment, part_of(&deployment).unwrap())
            .unwrap_or_else(|e| panic!("{folder}: {e}"));
        all.insert(Utf8PathBuf::from(folder), artifacts);
    }
    all
}

fn chart_of(path: &Utf8Path) -> Option<&'static str> {
    CHARTS.into_iter().find(|chart| path.starts_with(chart))
}

#[test]
fn every_case_renders_as_its_golden_folder_says() {
    let golden = root().join("tests/golden");
    let rendered = rendered();
    for (folder, artifacts) in &rendered {
        let files = artifacts
            .iter()
            .filter(|(path, _)| chart_of(path).is_none())
            .map(|(path, file)| (path.clone(), file.text.clone()));
        assert_folder(&golden.join(folder), &files.collect());
    }
    assert_no_orphans(&golden, "kubernetes", &rendered);
}

#[test]
fn charts_are_handed_over_as_they_are_kept() {
    let charts = root().join("helm/charts");
    for (folder, artifacts) in rendered() {
        for chart in CHARTS {
            let kept: BTreeMap<Utf8PathBuf, String> = files_below(&charts.join(chart))
                .into_iter()
                .filter(|path| !path.starts_with("ci"))
                .map(|path| Utf8Path::new(chart).join(path))
                .map(|path| {
                    let text = fs_err::read_to_string(charts.join(&path)).unwrap();
                    (path, text)
                })
                .collect();
            let handed: BTreeMap<Utf8PathBuf, String> = artifacts
                .iter()
                .filter(|(path, _)| chart_of(path) == Some(chart))
                .map(|(path, file)| (path.clone(), file.text.clone()))
                .collect();
            let wanted = chart == "product" || artifacts.get(Utf8Path::new("services.values.yaml")).is_some();
            let kept = if wanted { kept } else { BTreeMap::new() };
            assert!(handed == kept, "{folder}: {chart} is not helm/charts/{chart}");
        }
    }
}

#[test]
fn what_has_no_address_has_no_ingress() {
    let values = values("flowguard/kubernetes-agent");
    assert_eq!(values["ingress"]["enabled"], false);
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    assert_eq!(rendered(), rendered());
}

fn values(folder: &str) -> serde_yaml::Value {
    let text = rendered()[Utf8Path::new(folder)]
        .get(Utf8Path::new("values.yaml"))
        .unwrap()
        .text
        .clone();
    serde_yaml::from_str(&text).unwrap()
}

#[test]
fn the_saas_has_three_replicas_and_its_grpc_port_beside_the_ingress() {
    let values = values("flovyn/kubernetes-saas");
    let server = &values["components"]["server"];
    assert_eq!(server["replicas"], 3);
    assert_eq!(server["ports"]["grpc"]["protocol"], "grpc");
    assert_eq!(
        server["published"]["ports"],
        serde_yaml::from_str::<serde_yaml::Value>("[grpc]").unwrap()
    );
    assert_eq!(server["routes"][0]["port"], "http");
}

#[test]
fn no_half_of_an_installation_is_saved() {
    let mut deployment = Example::named("sample-host").deployment();
    let cluster = Example::named("sample-kubernetes").deployment();
    let mut part = part_of(&cluster).unwrap().clone();
    part.name = "agents".to_owned();
    let order = BackupOrder {
        shelf: "/backups".into(),
        lock: BackupLock::Recipients(Vec::new()),
        keep: None,
    };
    let plan = |deployment: &Deployment| plan_backup(&order, deployment, &Artifacts::default(), json!({}));
    assert!(plan(&deployment).is_ok());
    deployment.parts.insert(part.name.clone(), part);
    let error = plan(&deployment).unwrap_err();
    assert!(error.to_string().contains("`agents`"), "{error}");
}

#[test]
fn two_parts_do_not_share_a_namespace() {
    let mut deployment = Example::named("sample-kubernetes").deployment();
    let mut part = part_of(&deployment).unwrap().clone();
    part.name = "second".to_owned();
    deployment.parts.insert(part.name.clone(), part.clone());
    let error = kubernetes::render(&deployment, &part).unwrap_err();
    assert!(error.to_string().contains("namespace"), "{error}");
    let other = deployment.parts.get_mut("second").unwrap();
    other
        .options
        .insert("context".to_owned(), json!("another-cluster"));
    assert!(kubernetes::render(&deployment, &deployment.parts["second"]).is_ok());
}

/// Renders the sample with other options, and says why it cannot be.
fn refusal(options: Value, store: bool) -> String {
    let mut example = Example::named("sample-kubernetes");
    if store {
        with_a_store(&mut example);
    }
    let mut deployment = example.deployment();
    for part in deployment.parts.values_mut() {
        part.options.extend(options.as_object().unwrap().clone());
    }
    let part = part_of(&deployment).unwrap();
    kubernetes::render(&deployment, part).unwrap_err().to_string()
}

#[test]
fn databases_are_not_saved_where_nothing_could_save_them() {
    let image = json!({ "snapshot": "objects", "snapshot_image": "rclone/rclone:1" });
    for (options, store, words) in [
        (json!({ "snapshot": "hook" }), false, "needs `snapshot_hook`"),
        (
            json!({ "snapshot": "objects" }),
            false,
            "needs an object store of yours",
        ),
        (
            json!({ "snapshot": "objects" }),
            true,
            "needs an image with rclone",
        ),
        (image, true, "reference@sha256:digest"),
    ] {
        let said = refusal(options, store);
        assert!(said.contains(words), "{said}");
    }
}
