//! Arbitrary input.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::entry;
use super::script::Script;
use landfall::deployment::{Answers, outline};
use landfall::product::Entry;
use landfall::wizard::{apply, complete, complete_without_asking, rank, write};

static SAMPLE: LazyLock<Entry> = LazyLock::new(|| entry("sample"));
static DONE: LazyLock<Answers> = LazyLock::new(|| {
    Script::default()
        .run(SAMPLE.product(), Answers::new("sample", "acme"))
        .unwrap()
});

fn keys() -> Vec<String> {
    outline(SAMPLE.product(), &DONE)
        .asked
        .into_iter()
        .map(|asked| asked.key)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_answer_panics_and_what_is_accepted_round_trips(
        index in 0usize..200, text in "\\PC*|[ -~]{0,40}|'.*'|[\\[{&*!|>%@`#~?-].{0,9}", second in ".*"
    ) {
        let keys = keys();
        let key = &keys[index % keys.len()];
        let mut answers = DONE.clone();
        let _ = apply(SAMPLE.product(), &mut answers, &format!("{key}={text}"));
        let _ = apply(SAMPLE.product(), &mut answers, &format!("settings.revocations={second}"));
        let _ = apply(SAMPLE.product(), &mut answers, &format!("{text}={second}"));
        let _ = rank(SAMPLE.product(), &answers.facts, Some(&text));
        if let Ok(answers) = complete_without_asking(SAMPLE.product(), &answers) {
            let written = write(SAMPLE.product(), &answers);
            let parsed = Answers::parse("landfall.yaml", &written);
            prop_assert_eq!(parsed.map(|document| document.content).ok(), Some(answers), "{}", written);
        }
    }

    #[test]
    fn values_that_nobody_checked_round_trip_too(text in "(?s).*", other in "\\PC*", number in any::<i64>()) {
        let mut answers = DONE.clone();
        answers.product = text.clone();
        answers.name = other.clone();
        answers.settings.insert("stray".to_owned(), serde_json::json!([text, other, number, { "k": text }, null]));
        answers.settings.insert("api_port".to_owned(), text.into());
        answers.facts.insert("place".to_owned(), other.into());
        let expected = complete(SAMPLE.product(), &answers);
        let written = write(SAMPLE.product(), &answers);
        let parsed = Answers::parse("landfall.yaml", &written);
        prop_assert_eq!(parsed.map(|document| document.content), Ok(expected), "{}", written);
    }

    #[test]
    fn a_person_who_types_anything_does_no_harm(texts in proptest::collection::vec(".*", 1..8)) {
        let mut script = Script::default();
        let keys = keys();
        for (index, text) in texts.iter().enumerate() {
            script.then(&keys[(index * 7 + text.len()) % keys.len()], landfall::wizard::Reply::Answer(text.clone()));
        }
        let _ = script.run(SAMPLE.product(), Answers::new("sample", ""));
    }
}
