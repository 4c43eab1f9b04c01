//! What the aws target is said to make and to cost, compared with what Terraform made of the golden layers.

use std::collections::{BTreeMap, BTreeSet};

use landfall::cost::{Kind, Table};
use landfall::drivers::aws;

use crate::aws::{cases, part_of};
use crate::common::TestEnv;
use crate::fixtures::{Example, assert_folder, files_below, release, root};

/// How many of each type Terraform made, by golden folder, and by the test that made them, which is called like the layer.
type Counted = BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>;

fn counted() -> Counted {
    let text = fs_err::read_to_string(root().join("tests/data/aws-made.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn table() -> Table {
    Table::parse(aws::PRICES).unwrap()
}

/// Makes a folder as a person has it: an example's answers, and a release that was added.
pub fn installed(example: &str) -> TestEnv {
    let env = TestEnv::new();
    let entry = Example::named(example).entry;
    let product = entry.product();
    let answers = fs_err::read_to_string(root().join(format!("examples/{example}.yaml"))).unwrap();
    env.write("landfall.yaml", answers);
    let folder = env.root().join("data/releases").join(&product.name);
    fs_err::create_dir_all(&folder).unwrap();
    let text = serde_json::to_string(&release(product)).unwrap();
    fs_err::write(folder.join("1.0.0.yaml"), text).unwrap();
    env
}

#[test]
fn what_is_said_to_be_made_is_what_terraform_makes() {
    let counted = counted();
    let cases = cases();
    assert_eq!(
        counted.len(),
        cases.len(),
        "cargo xtask lint writes tests/data/aws-made.json"
    );
    for (folder, deployment) in cases {
        let made = aws::made(&deployment, part_of(&deployment).unwrap())
            .unwrap()
            .layers;
        let runs = &counted[&folder.as_str().replace('/', "-")];
        for layer in ["foundation", "data", "application"] {
            let mut wanted: BTreeSet<String> = runs[layer].keys().cloned().collect();
            if layer == "application" {
                wanted.extend(runs["closed_and_ready_to_go"].keys().cloned());
            }
            assert_eq!(made[layer], wanted, "{folder} {layer}");
        }
    }
}

#[test]
fn as_many_things_have_a_price_as_terraform_makes() {
    let table = table();
    let is_charged = |type_: &str| {
        let of_type = |key: &String| key.split('/').next() == Some(type_);
        let mut kinds = table.kinds.iter().filter(|(key, _)| of_type(key));
        kinds.any(|(_, kind)| matches!(kind, Kind::Charges(_)))
    };
    for (folder, deployment) in cases() {
        let mut found: BTreeMap<(String, String), u64> = BTreeMap::new();
        for thing in aws::things(&deployment, part_of(&deployment).unwrap()).unwrap() {
            *found
                .entry((thing.layer.clone(), thing.word().to_owned()))
                .or_default() += thing.count;
        }
        let runs = counted().remove(&folder.as_str().replace('/', "-")).unwrap();
        for layer in ["foundation", "data", "application"] {
            let wanted: BTreeMap<&str, u64> = runs[layer]
                .iter()
                .filter(|(type_, _)| is_charged(type_))
                .map(|(type_, count)| (type_.as_str(), *count))
                .collect();
            let found: BTreeMap<&str, u64> = found
                .iter()
                .filter(|((of, _), _)| of == layer)
                .map(|((_, type_), count)| (type_.as_str(), *count))
                .collect();
            assert_eq!(found, wanted, "{folder} {layer}");
        }
    }
}

/// Lists the types that all modules declare.
fn declared() -> BTreeSet<String> {
    let modules = root().join("terraform/modules");
    let mut found = BTreeSet::new();
    for path in files_below(&modules)
        .iter()
        .filter(|path| path.extension() == Some("tf"))
    {
        let text = fs_err::read_to_string(modules.join(path)).unwrap();
        let resources = text.lines().filter_map(|line| line.strip_prefix("resource \""));
        found.extend(resources.filter_map(|rest| Some(rest.split('"').next()?.to_owned())));
    }
    found
}

#[test]
fn every_resource_of_the_modules_has_a_price_or_a_reason_and_no_other_has() {
    let known: BTreeSet<String> = table()
        .kinds
        .keys()
        .filter_map(|kind| Some(kind.split('/').next()?.to_owned()))
        .collect();
    assert_eq!(known, declared());
}

#[test]
fn every_price_and_assumption_is_used_and_every_one_that_is_used_is_there() {
    let table = table();
    let charges = table.kinds.values().filter_map(|kind| match kind {
        Kind::Charges(charges) => Some(charges),
        Kind::Free(_) | Kind::Uncounted(_) => None,
    });
    let charges: Vec<_> = charges.flatten().collect();
    let prices: BTreeSet<&String> = charges.iter().map(|charge| &charge.price).collect();
    assert_eq!(prices, table.prices.keys().collect());
    let assumed: BTreeSet<&String> = charges
        .iter()
        .filter_map(|charge| charge.assume.as_ref())
        .collect();
    assert_eq!(assumed, table.assumptions.keys().collect());
    for (key, price) in &table.prices {
        let written: Vec<&str> = price.regions.keys().map(String::as_str).collect();
        let is_whole = price.everywhere.is_some() || written == ["eu-west-1", "us-east-1"];
        assert!(is_whole, "{key} lacks the price of a region that others have");
    }
    for region in table.regions.values() {
        assert!(["eu-west-1", "us-east-1"].contains(&region.like.as_str()));
    }
}

#[test]
fn the_estimate_of_every_example_is_as_it_was_read_over() {
    let examples = Example::all().into_iter().filter(|example| {
        let deployment = example.deployment();
        part_of(&deployment).is_some()
    });
    let told = examples.map(|example| {
        let ran = installed(&example.name).run(&["cost"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        (format!("{}.txt", example.name).into(), ran.stdout)
    });
    assert_folder(&root().join("tests/data/aws-cost"), &told.collect());
}

#[test]
fn what_is_known_better_is_taken_and_what_is_not_assumed_is_refused() {
    let env = installed("sample-aws");
    let json = |args: &[&str]| {
        let ran = env.run(&[&["cost", "--output", "json"], args].concat());
        let value: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        value["parts"][0]["estimate"].clone()
    };
    let told = json(&["--assume", "nat_gib=100", "--assume", "requests_millions=1..2"]);
    let lines = told["lines"].as_array().unwrap();
    let nat = lines
        .iter()
        .find(|line| line["title"] == "data through NAT")
        .unwrap();
    assert_eq!(nat["cost"], serde_json::json!({ "low": "4.80", "high": "4.80" }));
    let nothing = json(&[]);
    let nat = nothing["lines"]
        .as_array()
        .unwrap()
        .iter()
        .find(|line| line["title"] == "data through NAT");
    assert_eq!(
        nat.unwrap()["cost"],
        serde_json::json!({ "low": "0.48", "high": "9.60" })
    );
    env.run(&["cost", "--assume", "nat=1"]).exits(3).says(&[
        "`nat` is nothing that the estimate assumes",
        "known: access_log_gib, backup_gib",
    ]);
    env.run(&["cost", "--assume", "nat_gib=2..1"]).exits(64);
}

#[test]
fn on_machines_of_one_s_own_there_is_nothing_to_estimate() {
    let ran = installed("sample-host").run(&["cost"]);
    ran.exits(0)
        .says(&["part `main`: nothing to estimate, because it runs on a Linux machine"]);
    assert_eq!(ran.stdout, "");
}
