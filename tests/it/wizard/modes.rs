//! Every mode of every product, by prompts and by flags.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::entry;
use super::script::Script;
use crate::fixtures::release;
use landfall::deployment::{Answers, resolve};
use landfall::product::{Catalog, Entry, Product};
use landfall::wizard::{apply_all, complete, complete_without_asking, write};

/// A mode on a target of a product, answered by a script.
struct Done {
    entry: Entry,
    mode: String,
    what: String,
    answers: Answers,
    given: BTreeMap<String, String>,
}

/// Every mode on every target of every product.
static DONE: LazyLock<Vec<Done>> = LazyLock::new(|| {
    let mut done = Vec::new();
    for name in Catalog::default().names() {
        let entry = entry(&name);
        for (mode, content) in entry.product().modes.iter().filter(|(_, mode)| !mode.addition) {
            let mut candidates: Vec<String> = content
                .targets
                .iter()
                .map(|target| format!("{mode}/{target}"))
                .collect();
            if candidates.is_empty() {
                candidates.push(mode.clone());
            }
            done.extend(candidates.iter().map(|candidate| answer(&entry, mode, candidate)));
        }
    }
    done
});

fn answer(entry: &Entry, mode: &str, candidate: &str) -> Done {
    let what = format!("{} {candidate}", entry.product().name);
    let tier = entry.product().tiers.last().cloned().unwrap_or_default();
    let mut script = Script::of(&[("tier", &tier), ("parts.main.mode", candidate)]);
    let answers = script
        .run(entry.product(), start(entry))
        .unwrap_or_else(|error| panic!("{what}: {error}\n{:?}", script.keys()));
    Done {
        entry: entry.clone(),
        mode: mode.to_owned(),
        what,
        answers,
        given: script.given,
    }
}

fn start(entry: &Entry) -> Answers {
    Answers::new(&entry.product().name, "")
}

#[test]
fn every_mode_of_every_product_is_answered_and_resolved() {
    for Done {
        entry,
        mode,
        what,
        answers,
        ..
    } in DONE.iter()
    {
        assert_eq!(answers.parts["main"].mode, *mode, "{what}");
        let text = write(entry.product(), answers);
        let parsed =
            Answers::parse("landfall.yaml", &text).unwrap_or_else(|error| panic!("{what}: {error}\n{text}"));
        assert_eq!(parsed.content, *answers, "{what}\n{text}");
        if let Err(error) = resolve(entry, &release(entry.product()), &parsed) {
            panic!("{what}: {error:?}\n{text}");
        }
    }
}

#[test]
fn the_same_answers_by_flags_in_any_order_give_the_same_bytes() {
    for Done {
        entry,
        what,
        answers,
        given,
        ..
    } in DONE.iter()
    {
        let mut pairs: Vec<String> = Vec::new();
        for (key, text) in given
            .iter()
            .filter(|(key, _)| key.contains('.') || matches!(key.as_str(), "name" | "tier"))
        {
            match text.split_once('/').filter(|_| key.ends_with(".mode")) {
                Some((mode, target)) => {
                    pairs.push(format!("{}={target}", key.replace(".mode", ".target")));
                    pairs.push(format!("{key}={mode}"));
                }
                None => pairs.push(format!("{key}={text}")),
            }
        }
        if let Some(region) = &answers.parts["main"].region {
            pairs.push(format!("parts.main.region={region}"));
        }
        for _ in 0..2 {
            pairs.reverse();
            let mut flagged = start(entry);
            apply_all(entry.product(), &mut flagged, &pairs)
                .unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let flagged = complete_without_asking(entry.product(), &flagged)
                .unwrap_or_else(|error| panic!("{what}: {error} {:?}", error.hints()));
            assert_eq!(
                write(entry.product(), &flagged),
                write(entry.product(), answers),
                "{what}"
            );
        }
    }
}

#[test]
fn what_was_written_asks_nothing_but_to_confirm() {
    for Done {
        entry, what, answers, ..
    } in DONE.iter()
    {
        let mut again = Script::default();
        assert_eq!(again.run(entry.product(), answers.clone()).unwrap(), *answers);
        assert_eq!(again.keys(), ["confirm"], "{what}");
        assert_eq!(complete(entry.product(), answers), *answers);
    }
}

#[test]
fn comments_are_wrapped_and_the_schema_comes_first() {
    for Done { entry, answers, .. } in DONE.iter() {
        let text = write(entry.product(), answers);
        assert!(text.starts_with("# yaml-language-server: $schema="));
        for line in text.lines().filter(|line| line.trim_start().starts_with('#')) {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

/// Look at it with `cargo insta review`: the file is what people see first.
#[test]
fn a_file_reads_well() {
    let product: Product = serde_yaml::from_str(include_str!("small.yaml")).unwrap();
    let answers = Script::of(&[("tier", "plus")])
        .run(&product, Answers::new("small", ""))
        .unwrap();
    insta::assert_snapshot!(write(&product, &answers));
}
