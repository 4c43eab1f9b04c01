//! What is written in Terraform's language, judged by the real program.

use std::fmt::Write as _;
use std::process::Command;

use landfall::drivers::aws::hcl::{Hcl, Piece, Reference, attributes};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

/// How many values Terraform is shown.
const MANY: usize = 300;

/// Makes any value, with what JSON tells of it.
fn value() -> impl Strategy<Value = (Hcl, Value)> {
    let letters = r#"[a-z"\\$%{}~# \n\t\u{1}\u{e9}-]{0,12}"#;
    let leaf = prop_oneof![
        Just((Hcl::Bool(true), json!(true))),
        any::<u32>().prop_map(|it| (Hcl::Integer(it.into()), json!(it))),
        (0_u32..1000).prop_map(|it| (Hcl::Decimal(f64::from(it) + 0.5), json!(f64::from(it) + 0.5))),
        letters.prop_map(|it| (Hcl::text(it.clone()), json!(it))),
        (letters, letters).prop_map(|(before, after)| {
            let told = json!(format!("{before}here{after}"));
            let reference = Piece::Reference(Reference::entry("local.there", "a ${key}"));
            (
                Hcl::Text(vec![Piece::Plain(before), reference, Piece::Plain(after)]),
                told,
            )
        }),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let list = prop::collection::vec(inner.clone(), 0..5);
        let map = prop::collection::btree_map(letters, inner, 0..5);
        prop_oneof![
            list.prop_map(|it| {
                let (hcl, told): (Vec<_>, Vec<_>) = it.into_iter().unzip();
                (Hcl::List(hcl), Value::from(told))
            }),
            map.prop_map(|it| {
                let told: Map<_, _> = it
                    .iter()
                    .map(|(key, (_, told))| (key.clone(), told.clone()))
                    .collect();
                let hcl = it.into_iter().map(|(key, (hcl, _))| (key, hcl)).collect();
                (Hcl::Object(hcl), told.into())
            }),
        ]
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program judges what is written, nothing of ours runs it"
)]
fn terraform(folder: &std::path::Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let answer = Command::new("terraform")
        .args(arguments)
        .current_dir(folder)
        .output()
        .ok()?;
    let words = [&answer.stdout[..], &answer.stderr[..]].concat();
    assert!(
        answer.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&words)
    );
    Some(answer.stdout)
}

#[test]
#[expect(clippy::print_stderr, reason = "what is skipped says so")]
fn terraform_reads_what_was_meant_and_would_write_it_so() {
    let mut runner = TestRunner::deterministic();
    let values: Vec<_> = (0..MANY)
        .map(|_| value().new_tree(&mut runner).unwrap().current())
        .collect();
    let mut text = "locals {\n  there = { \"a $${key}\" = \"here\" }\n}\n".to_owned();
    for (index, (hcl, _)) in values.iter().enumerate() {
        let body = attributes(&[("value".to_owned(), hcl.clone())], 1);
        let _ = write!(text, "\noutput \"v{index}\" {{\n{body}}}\n");
    }
    let folder = tempfile::tempdir().unwrap();
    fs_err::write(folder.path().join("main.tf"), text).unwrap();
    let run = |arguments: &[&str]| terraform(folder.path(), arguments);
    if run(&["fmt", "-check", "-diff"]).is_none() {
        eprintln!("SKIPPED: there is no `terraform` on the search path");
        return;
    }
    run(&["init", "-input=false"]);
    run(&["apply", "-input=false", "-auto-approve"]);
    let told: Value = serde_json::from_slice(&run(&["output", "-json"]).unwrap()).unwrap();
    for (index, (hcl, wanted)) in values.iter().enumerate() {
        let found = &told[format!("v{index}")]["value"];
        assert_eq!(found, wanted, "{}", hcl.write(0));
    }
}
