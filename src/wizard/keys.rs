//! The key paths of answers, and what to do with those that nothing asks for any more.

use std::collections::BTreeMap;

use crate::deployment::{Answers, Outline};

/// Lists the key path of every answer in the sections that the outline asks about.
pub(super) fn answered(answers: &Answers) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    keys.extend(answers.facts.keys().map(|key| format!("facts.{key}")));
    for (part, content) in &answers.parts {
        let present = [
            (!content.mode.is_empty(), "mode"),
            (content.target.is_some(), "target"),
            (content.region.is_some(), "region"),
        ];
        let present = present.into_iter().filter(|(present, _)| *present);
        keys.extend(present.map(|(_, key)| format!("parts.{part}.{key}")));
        keys.extend(
            content
                .options
                .keys()
                .map(|key| format!("parts.{part}.options.{key}")),
        );
    }
    for (service, fields) in &answers.services {
        keys.extend(fields.keys().map(|key| format!("services.{service}.{key}")));
    }
    keys.extend(answers.settings.keys().map(|key| format!("settings.{key}")));
    keys.extend(answers.secrets.keys().map(|key| format!("secrets.{key}")));
    keys
}

/// The questions by their key paths: the prompt tells two questions of one key apart.
pub(super) type Questions = BTreeMap<String, String>;

/// Lists the key path of every question with its prompt.
pub(super) fn asked(outline: &Outline<'_>) -> Questions {
    let asked = outline.asked.iter();
    asked
        .map(|asked| (asked.key.clone(), asked.question.prompt.clone()))
        .collect()
}

/// Forgets answers that nothing asks for any more and returns their key paths; `may` says which may go.
///
/// An answer to another question of the same key (the port of your database, the port of a bundled one) goes too.
pub(super) fn forget(
    answers: &mut Answers,
    before: &Questions,
    now: &Questions,
    may: impl Fn(&str) -> bool,
) -> Vec<String> {
    let stale = |key: &String| match (before.get(key), now.get(key)) {
        (_, None) => true,
        (Some(before), Some(now)) => before != now,
        (None, Some(_)) => false,
    };
    let stale: Vec<String> = answered(answers)
        .into_iter()
        // A fact that is not asked for at the moment stays: it does no harm and may be asked for again.
        .filter(|key| stale(key) && !key.starts_with("facts.") && may(key))
        .collect();
    for key in &stale {
        answers.remove(key);
    }
    stale
}
