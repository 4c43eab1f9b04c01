//! Answers given as `key=value`.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::WizardError;
use super::keys;
use crate::deployment::{Answers, outline, wrong_state};
use crate::document::nearest;
use crate::product::{Product, Version};

/// Takes one answer given as `key=value`.
///
/// # Errors
/// See [`apply_all`].
pub fn apply(product: &Product, answers: &mut Answers, pair: &str) -> Result<(), WizardError> {
    apply_all(product, answers, &[pair.to_owned()])
}

/// Takes answers given as `key=value`, in whatever order: a mode is taken before what it asks for.
///
/// An answer that was asked for before and is not any more, because the mode changed, say, is forgotten. The answers
/// stay as they were when one is not taken.
///
/// # Errors
/// [`WizardError::NoPair`], [`WizardError::UnknownKey`] with the nearest right one, or [`WizardError::Value`].
pub fn apply_all(product: &Product, answers: &mut Answers, pairs: &[String]) -> Result<(), WizardError> {
    let mut pending = Vec::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or_else(|| WizardError::NoPair {
            given: pair.chars().take(24).collect(),
        })?;
        pending.push((key.trim(), value));
    }
    // The last of two for one key counts: the sort is stable and later ones overwrite.
    pending.sort_by_key(|(key, _)| order(key));
    let mut taken = answers.clone();
    // What one answer asks for may only show after another, so whatever is not asked for yet waits for the next round.
    while !pending.is_empty() {
        let count = pending.len();
        let mut waiting = Vec::new();
        let mut refused = None;
        for (key, value) in pending {
            match take(product, &mut taken, key, value) {
                Ok(()) => {}
                Err(error) => {
                    refused.get_or_insert(error);
                    waiting.push((key, value));
                }
            }
        }
        if let Some(error) = refused.filter(|_| waiting.len() == count) {
            return Err(error);
        }
        pending = waiting;
    }
    forget(product, &mut taken, answers);
    *answers = taken;
    Ok(())
}

/// Sorts what other questions hang on to the front.
fn order(key: &str) -> u8 {
    match key.split('.').collect::<Vec<_>>().as_slice() {
        ["parts", _, "mode"] => 1,
        ["parts", _, "target"] => 2,
        ["parts", ..] => 3,
        ["services", _, "supply"] => 4,
        ["services", ..] => 5,
        ["settings" | "secrets", ..] => 6,
        _ => 0,
    }
}

/// Forgets what the answers that were there before were asked for and the new ones are not.
fn forget(product: &Product, answers: &mut Answers, original: &Answers) {
    let mut before = keys::asked(&outline(product, original));
    loop {
        let now = keys::asked(&outline(product, answers));
        let old: BTreeSet<String> = keys::answered(answers)
            .into_iter()
            .filter(|key| before.contains_key(key) && answers.get(key) == original.get(key))
            .collect();
        if keys::forget(answers, &before, &now, |key| old.contains(key)).is_empty() {
            break;
        }
        before.extend(now);
    }
}

fn take(product: &Product, answers: &mut Answers, key: &str, text: &str) -> Result<(), WizardError> {
    let wrong = |message: String, hint: Option<String>| WizardError::Value {
        key: key.to_owned(),
        message,
        hint,
    };
    match key {
        "release" => match text.trim().parse::<Version>() {
            Ok(version) => answers.release = Some(version),
            Err(error) => return Err(wrong(error.to_string(), None)),
        },
        "state" => {
            if text.contains(char::is_control) {
                return Err(wrong(
                    "expected a folder or an object store's URL".to_owned(),
                    None,
                ));
            }
            if let Some(message) = wrong_state(text.trim()) {
                return Err(wrong(message.to_owned(), None));
            }
            text.trim().clone_into(&mut answers.state);
        }
        _ => {
            // A part comes into being with its mode.
            let mut with = answers.clone();
            if let Some(part) = new_part(answers, key) {
                with.parts.entry(part.to_owned()).or_default();
            }
            let outline = outline(product, &with);
            let Some(asked) = outline.asked.iter().find(|asked| asked.key == key) else {
                return Err(unknown(key, &keys::asked(&outline), &with));
            };
            let value = match text.trim() {
                "" if asked.question.optional => Value::Null,
                text => asked.question.parse(text).map_err(|error| {
                    let words = asked.question.choices.iter().map(|choice| choice.value.as_str());
                    let near = nearest(text, words).map(|word| format!("did you mean `{word}`?"));
                    wrong(error.to_string(), near)
                })?,
            };
            with.set(key, value);
            *answers = with;
        }
    }
    Ok(())
}

fn new_part<'a>(answers: &Answers, key: &'a str) -> Option<&'a str> {
    let part = key.strip_prefix("parts.")?.strip_suffix(".mode")?;
    (!answers.parts.contains_key(part)).then_some(part)
}

fn unknown(key: &str, known: &keys::Questions, answers: &Answers) -> WizardError {
    let known = known.keys().map(String::as_str).chain(["release", "state"]);
    let near = nearest(key, known).map(|word| format!("did you mean `{word}`?"));
    let undecided = answers.parts.values().all(|part| part.mode.is_empty());
    let hint = if undecided {
        Some("what is asked depends on the mode: give `parts.main.mode` too".to_owned())
    } else {
        near
    };
    WizardError::UnknownKey {
        key: key.to_owned(),
        hint,
    }
}
