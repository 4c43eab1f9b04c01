//! What is in the way is found before anything is applied, and nothing is left behind by looking.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use landfall::license::{License, Policy, issue};
use serde_json::{Value, json};

use super::super::common::repository;
use super::common::Ground;

impl Ground {
    fn options(&mut self) -> &mut Value {
        &mut self.answers["parts"]["main"]["options"]
    }

    /// Makes the namespace, as somebody else may have done.
    fn make_namespace(&self) {
        self.kubectl(&["create", "namespace", &self.namespace]);
        let enforce = "pod-security.kubernetes.io/enforce=restricted";
        self.kubectl(&["label", "namespace", &self.namespace, enforce]);
    }

    /// Applies a manifest as somebody who may do anything.
    fn apply(&self, manifest: &str) {
        let file = self.path("manifest.yaml");
        fs_err::write(&file, manifest).unwrap();
        self.kubectl(&["apply", "--filename", file.as_str()]);
    }

    /// Everything that is there: the namespace, and what lies in it.
    fn everything(&self) -> BTreeMap<String, String> {
        let found = [
            "get",
            "namespace",
            &self.namespace,
            "--ignore-not-found",
            "-o",
            "json",
        ];
        let namespace = self.kubectl(&found);
        let mut all = match namespace.trim() {
            "" => BTreeMap::new(),
            _ => self.revisions(),
        };
        all.insert("the namespace itself".to_owned(), namespace);
        all
    }

    /// Asserts that doctor and `up` find a blocker, say so in these words, and leave no trace.
    #[track_caller]
    fn assert_blocked(&self, words: &[&str]) {
        let before = self.everything();
        let told = self.expect(4, &["doctor"]);
        let blockers: String = told
            .stdout
            .lines()
            // A blocker's line is followed by what to do about it.
            .skip_while(|line| !line.starts_with("BLOCKER"))
            .take_while(|line| line.starts_with("BLOCKER") || line.starts_with(' '))
            .collect::<Vec<_>>()
            .join("\n");
        let refused = self.expect(4, &["up", "--yes"]);
        for word in words {
            assert!(blockers.contains(word), "no blocker says `{word}`: {told}");
            let all = format!("{}{}", refused.stdout, refused.stderr);
            assert!(all.contains(word), "`up` does not say `{word}`: {refused}");
        }
        assert!(blockers.contains("fix: "), "{told}");
        assert!(self.runs().is_empty());
        assert_eq!(self.everything(), before, "looking leaves nothing behind");
    }
}

#[test]
fn a_storage_class_that_is_not_there() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    ground.options()["storage_class"] = json!("golden");
    ground.write_answers();
    ground.assert_blocked(&["golden", "there is no such storage class", "storage_class="]);
}

#[test]
fn an_image_that_cannot_be_pulled() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let nowhere = format!("{}/nowhere", text(&ground.options()["registry"]));
    ground.options()["registry"] = json!(nowhere);
    ground.write_answers();
    ground.assert_blocked(&[&nowhere, "sample-api", "the registry does not have it"]);
}

#[test]
fn a_quota_that_is_full() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    ground.make_namespace();
    ground.kubectl(&[
        "create",
        "quota",
        "tight",
        "--hard=requests.cpu=100m,requests.memory=8Gi,pods=20",
    ]);
    let is_counted = [
        "wait",
        "--for=jsonpath={.status.hard.pods}=20",
        "quota/tight",
        "--timeout=30s",
    ];
    ground.kubectl(&is_counted);
    ground.assert_blocked(&["ResourceQuota tight", "requests.cpu", "100m"]);
}

/// Answers every request with a document, until the test ends.
fn provider(document: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let _ = stream.read(&mut [0; 4096]);
            let length = document.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(format!("{head}{document}").as_bytes());
        }
    });
    url
}

#[test]
fn an_identity_provider_with_another_issuer() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let url = provider(r#"{ "issuer": "https://login.example.com/other" }"#);
    ground.answers["services"]["identity"] = json!({ "supply": "yours", "issuer": url });
    ground.write_answers();
    ground.assert_blocked(&[
        "https://login.example.com/other",
        &url,
        "services.identity.issuer=",
    ]);
}

#[test]
fn a_license_that_has_expired() {
    let Some(ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    let definition = fs_err::read_to_string(repository("products/sample/product.yaml")).unwrap();
    let definition: Value = serde_yaml::from_str(&definition).unwrap();
    let policy: Policy =
        serde_json::from_value(definition["services"]["license"]["license"].clone()).unwrap();
    let at = |text: &str| Some(text.parse().unwrap());
    let license = License {
        issuer: Some("landfall".to_owned()),
        customer: Some("acme".to_owned()),
        id: Some("old".to_owned()),
        product: Some("notes".to_owned()),
        tier: Some("community".to_owned()),
        seats: Some(5),
        issued: at("2024-01-01T00:00:00Z"),
        expires: at("2025-01-01T00:00:00Z"),
        ..License::default()
    };
    let key = fs_err::read(repository("sample/keys/license-test.key.pem")).unwrap();
    fs_err::write(
        ground.path("license.jwt"),
        issue(&license, &policy, &key).unwrap(),
    )
    .unwrap();
    ground.assert_blocked(&["services.license", "expired", "ask the vendor for a license"]);
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Makes an account without any right, and a kubeconfig that signs in as it.
fn stranger(ground: &mut Ground) {
    ground.make_namespace();
    ground.kubectl(&["create", "serviceaccount", "deployer"]);
    let token = ground.kubectl(&["create", "token", "deployer", "--duration=1h"]);
    let own = ground.kubectl(&["config", "view", "--raw", "--minify", "--flatten", "-o", "json"]);
    let mut config: Value = serde_json::from_str(&own).unwrap();
    config["users"][0]["user"] = json!({ "token": token.trim() });
    let path = ground.path("kubeconfig");
    fs_err::write(&path, config.to_string()).unwrap();
    ground.options()["kubeconfig"] = json!(path);
    ground.write_answers();
}

/// Takes the Role and its RoleBinding out of what doctor says.
fn handed_out(ground: &Ground) -> Vec<Value> {
    use serde::Deserialize as _;
    let findings = ground.expect(4, &["doctor", "--output", "json"]).json();
    let findings = findings.as_array().unwrap();
    let access = findings
        .iter()
        .find(|finding| finding["check"] == "access" && finding["level"] == "blocker");
    let fix = text(&access.unwrap_or_else(|| panic!("{findings:#?}"))["fix"]);
    let (_, manifest) = fix.split_once('\n').expect("a sentence, and then what to apply");
    serde_yaml::Deserializer::from_str(manifest)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}

#[test]
fn a_right_that_is_missing_and_the_role_that_gives_it() {
    let Some(mut ground) = Ground::new(&["1.0.0"]) else {
        return;
    };
    stranger(&mut ground);
    ground.assert_blocked(&["system:serviceaccount", "deployer", "kind: Role"]);
    let [mut role, binding] = <[Value; 2]>::try_from(handed_out(&ground)).unwrap();
    let whole = role.clone();
    let rules = role["rules"].as_array_mut().unwrap();
    for rule in rules.iter_mut() {
        let resources = rule["resources"].as_array_mut().unwrap();
        resources.retain(|resource| resource != "networkpolicies");
    }
    rules.retain(|rule| rule["resources"] != json!([]));
    assert_ne!(role, whole);
    ground.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": [role, binding] }).to_string());
    ground.assert_blocked(&["networkpolicies", "deployer", &ground.namespace]);
    let told = ground.expect(4, &["doctor"]);
    let missing = told
        .stdout
        .lines()
        .find(|line| line.contains("may not, in the namespace"));
    assert!(
        !missing.unwrap().contains("secrets"),
        "only what is missing is named: {told}"
    );
    // What it hands out is enough: for doctor, and to bring the product up and take it away again.
    ground.apply(&whole.to_string());
    ground.expect(0, &["doctor"]);
    ground.expect(0, &["up", "--yes"]);
    ground.assert_well();
    ground.expect(0, &["destroy", "--data", "--confirm", &ground.name]);
}
