//! Every example on AWS, and every variant that matters, compared with `tests/golden/<product>/aws[-<case>]/`.
//!
//! The modules are the same for all and are kept once, in `terraform/modules`: a golden folder holds what differs.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use landfall::deployment::{Bound, Deployment, Part, ResolvedComponent, ResolvedFile};
use landfall::drivers::aws;
use landfall::oci::Digest;
use landfall::product::{Supply, Target};
use landfall::render::Artifacts;
use serde_json::{Value, json};

use crate::fixtures::{Example, assert_folder, assert_no_orphans, files_below, root};

/// An example with other answers: the golden folder, the example, the options and the services that are answered otherwise.
fn variants() -> Vec<(&'static str, &'static str, Value, Value)> {
    vec![
        (
            "sample/aws-yours",
            "sample-aws",
            json!({
                "images": "mirror", "registry": "registry.acme.internal/mirror", "state": "local", "waf": false,
                "architecture": "amd64", "egress": ["10.1.0.0/16:4317"], "internal": true, "allowed_cidrs": ["10.0.0.0/8"],
                "tags": ["team=notes", "cost center=4711"],
            }),
            json!({
                "database": { "supply": "yours", "host": "10.1.2.3", "password": "env:NOTES_DATABASE_PASSWORD" },
                "cache": { "supply": "none" },
            }),
        ),
        (
            "sample/aws-postgres",
            "sample-aws",
            json!({
                "database_kind": "postgres", "cache_engine": "redis", "cache_version": "7.1", "images": "ecr",
                "state": "bucket", "state_bucket": "acme-states", "size": "standard", "multi_az": true, "nat": "per_zone",
                "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
            }),
            json!({ "objects": { "supply": "managed" } }),
        ),
    ]
}

/// Takes other answers into an example.
fn deployment_of(example: &str, options: &Value, services: &Value) -> Deployment {
    let mut example = Example::named(example);
    for (name, service) in services.as_object().unwrap() {
        let service = serde_json::from_value(service.clone()).unwrap();
        example.answers.content.services.insert(name.clone(), service);
    }
    let mut deployment = example.deployment();
    for part in deployment.parts.values_mut() {
        part.options.extend(options.as_object().unwrap().clone());
    }
    deployment
}

pub fn part_of(deployment: &Deployment) -> Option<&Part> {
    deployment
        .parts
        .values()
        .find(|part| part.target == Some(Target::Aws))
}

/// Lists every case, by the golden folder it belongs to.
pub fn cases() -> BTreeMap<Utf8PathBuf, Deployment> {
    let mut all = BTreeMap::new();
    for example in Example::all() {
        let deployment = example.deployment();
        if let Some(part) = part_of(&deployment) {
            let others = deployment.parts.keys().filter(|name| **name != part.name);
            let folder = others.fold("aws".to_owned(), |folder, other| format!("{folder}-{other}"));
            all.insert(Utf8PathBuf::from(&deployment.product).join(folder), deployment);
        }
    }
    for (folder, example, options, services) in variants() {
        all.insert(
            Utf8PathBuf::from(folder),
            deployment_of(example, &options, &services),
        );
    }
    all
}

/// Renders every case.
fn rendered() -> BTreeMap<Utf8PathBuf, Artifacts> {
    let render = |(folder, deployment): (Utf8PathBuf, Deployment)| {
        let part = part_of(&deployment).unwrap();
        let artifacts = aws::render(&deployment, part).unwrap_or_else(|e| panic!("{folder}: {e}"));
        (folder, artifacts)
    };
    cases().into_iter().map(render).collect()
}

#[test]
fn every_case_renders_as_its_golden_folder_says() {
    let golden = root().join("tests/golden");
    let rendered = rendered();
    for (folder, artifacts) in &rendered {
        let files = artifacts
            .iter()
            .filter(|(path, _)| !path.starts_with("modules"))
            .map(|(path, file)| (path.clone(), file.text.clone()));
        assert_folder(&golden.join(folder), &files.collect());
    }
    assert_no_orphans(&golden, "aws", &rendered);
}

#[test]
fn rendering_twice_gives_the_same_bytes() {
    assert_eq!(rendered(), rendered());
}

/// Lists the modules that the roots of a folder call.
fn called(artifacts: &Artifacts) -> BTreeSet<String> {
    let roots = artifacts.iter().filter(|(path, _)| !path.starts_with("modules"));
    let sources = roots.flat_map(|(_, file)| file.text.split("\"../modules/").skip(1));
    sources
        .filter_map(|rest| Some(rest.split('"').next()?.to_owned()))
        .collect()
}

#[test]
fn modules_that_are_called_are_handed_over_as_they_are_kept() {
    let kept = root().join("terraform/modules");
    for (folder, artifacts) in rendered() {
        let called = called(&artifacts);
        assert!(called.contains("task"), "{folder}: {called:?}");
        let wanted: BTreeMap<Utf8PathBuf, String> = called
            .iter()
            .flat_map(|module| {
                files_below(&kept.join(module))
                    .into_iter()
                    .map(|path| Utf8Path::new(module).join(path))
            })
            .filter(|path| !path.as_str().contains("/tests/"))
            .map(|path| (path.clone(), fs_err::read_to_string(kept.join(&path)).unwrap()))
            .collect();
        let handed = artifacts.below("modules");
        let handed = handed
            .iter()
            .map(|(path, file)| (path.clone(), file.text.clone()));
        assert!(
            handed.collect::<BTreeMap<_, _>>() == wanted,
            "{folder}: the modules are others than {called:?}"
        );
    }
}

#[test]
fn another_release_with_the_same_definition_changes_one_file() {
    let before = Example::named("sample-aws").deployment();
    let mut after = before.clone();
    for component in after.parts.values_mut().flat_map(|part| &mut part.components) {
        component.image.digest = Digest::of("another");
    }
    let [before, after] = [&before, &after].map(|it| aws::render(it, part_of(it).unwrap()).unwrap());
    let changed: Vec<&Utf8PathBuf> = after
        .iter()
        .filter(|(path, file)| before.get(path) != Some(file))
        .map(|(path, _)| path)
        .collect();
    assert_eq!(changed, [Utf8Path::new("application/images.auto.tfvars.json")]);
}

#[test]
fn no_secret_is_a_value_and_every_reference_is_terraform_s() {
    for (folder, artifacts) in rendered() {
        for (path, file) in artifacts.iter() {
            for mark in ["${secret", "${output", "env:"] {
                assert!(!file.text.contains(mark), "{folder}/{path} holds {mark}");
            }
        }
    }
}

#[test]
fn texts_with_secrets_become_secrets_and_files_keep_their_lines() {
    let mut deployment = Example::named("sample-aws").deployment();
    let api = api_of(&mut deployment);
    let url = "x://u:${secret-url:database_password}@${output:database.host}/?l=100%&k=${secret:session_key}";
    api.environment.insert("URL".to_owned(), Bound::new(url));
    for (name, text) in [
        ("plain", "say ${HOME}\n"),
        ("told", "host = ${output:database.host}\nend"),
        ("private", "[db]\npassword = ${secret:database_password}\n"),
    ] {
        let path = format!("/etc/notes/{name}.conf").into();
        let content = Bound::new(text);
        api.files.insert(name.to_owned(), ResolvedFile { path, content });
    }
    let artifacts = aws::render(&deployment, part_of(&deployment).unwrap()).unwrap();
    let text = |path: &str| artifacts.get(Utf8Path::new(path)).unwrap().text.as_str();
    for line in [
        r#"text  = "x://u:%s@${var.data.database.host}/?l=100\u0025%&k=%s""#,
        r#"with  = ["database_password:url", "session_key"]"#,
        r#"text  = join("\n", ["[db]", "password = %s", ""])"#,
    ] {
        assert!(text("application/composed.tf").contains(line), "{line}");
    }
    for line in [
        r#"module.composed.secret_arns["api-url"]"#,
        r#"{ text = file("${path.module}/files/api/plain.conf") }"#,
        r#"{ text = join("\n", ["host = ${var.data.database.host}", "end"]) }"#,
        r#"{ secret = module.composed.secret_arns["api-private"] }"#,
    ] {
        let components = text("application/components.tf");
        assert!(components.contains(line), "{line}\n{components}");
    }
    assert_eq!(text("application/files/api/plain.conf"), "say ${HOME}\n");
}

#[test]
fn no_component_can_reach_one_that_it_is_not_told_of() {
    let deployment = Example::named("sample-aws").deployment();
    let artifacts = aws::render(&deployment, part_of(&deployment).unwrap()).unwrap();
    let components = &artifacts
        .get(Utf8Path::new("application/components.tf"))
        .unwrap()
        .text;
    let callers: Vec<&str> = components
        .lines()
        .filter(|line| line.contains(" callers "))
        .map(str::trim)
        .collect();
    // In the order of their names: api, web, worker.
    assert_eq!(
        callers,
        [r#"callers    = ["web"]"#, "callers    = []", "callers       = []"]
    );
}

fn api_of(deployment: &mut Deployment) -> &mut ResolvedComponent {
    let components = &mut deployment.parts.get_mut("main").unwrap().components;
    components
        .iter_mut()
        .find(|component| component.name == "api")
        .unwrap()
}

/// Changes a deployment of the sample, and says why it cannot be rendered.
fn refusal(change: impl FnOnce(&mut Deployment)) -> String {
    let mut deployment = Example::named("sample-aws").deployment();
    change(&mut deployment);
    aws::render(&deployment, part_of(&deployment).unwrap())
        .unwrap_err()
        .to_string()
}

#[test]
fn answers_that_no_account_could_have_are_refused() {
    for (options, words) in [
        (json!({ "account": "12345" }), "`account` has 12 digits"),
        (
            json!({ "certificate": "given" }),
            "`certificate_arn` takes an ARN of acm",
        ),
        (
            json!({ "vpc": "existing", "vpc_id": "vpc-1" }),
            "two subnets or more in `public_subnets`",
        ),
        (json!({ "nat": "none" }), "answer `images` with `ecr` or `mirror`"),
        (json!({ "images": "mirror" }), "needs `registry`"),
        (json!({ "tools_image": "busybox:1" }), "reference@sha256:digest"),
        (
            json!({ "egress": ["fd00::/8:443"] }),
            "takes an IPv4 network and a port",
        ),
        (json!({ "architecture": "arm64" }), "is not made for linux/arm64"),
        (
            json!({ "region": "xx-north-9" }),
            "name a file with them as `database_ca`",
        ),
    ] {
        let said = refusal(|deployment| {
            let part = deployment.parts.get_mut("main").unwrap();
            part.options.extend(options.as_object().unwrap().clone());
        });
        assert!(said.contains(words), "{said}");
    }
    let said = refusal(|deployment| deployment.name = "a-name-that-is-too-long".to_owned());
    assert!(said.contains("3 to 16 characters"), "{said}");
}

#[test]
fn what_ecs_cannot_run_is_refused_with_what_to_do() {
    type Change = fn(&mut ResolvedComponent);
    let cases: [(Change, &str); 7] = [
        (|it| it.user = 0, "runs as root"),
        (|it| it.grace = 121, "Fargate waits for 120"),
        (
            |it| it.resources.cpu = "17".to_owned(),
            "asks for more than Fargate has",
        ),
        (
            |it| _ = it.directories.insert("data".to_owned(), "/data".into()),
            "must go to an object store",
        ),
        (
            |it| it.name = "migration".to_owned(),
            "has a name that a task of Landfall's own has",
        ),
        (
            |it| it.args.push(Bound::new("${secret:session_key}")),
            "as an argument",
        ),
        (
            |it| _ = it.routes.insert("/other".to_owned(), 9999),
            "lead to several ports",
        ),
    ];
    for (change, words) in cases {
        let said = refusal(|deployment| change(api_of(deployment)));
        assert!(said.contains(words), "{said}");
    }
    let said = refusal(|deployment| {
        let service = deployment.services.get_mut("database").unwrap();
        service.supply = Supply::Bundled;
    });
    assert!(said.contains("give one of your own"), "{said}");
}
