//! The answers file: commented, safe to commit, the same bytes for the same answers.

use serde_json::Value;

use super::tree::{Leaf, Node, scalar, wrap};
use super::{complete, keys};
use crate::deployment::{ANSWERS_SCHEMA, Answers, Asked, outline};
use crate::product::{Product, QuestionType};

/// What stands above each section.
const SECTIONS: [(&str, &str); 5] = [
    ("facts", "What mattered for choosing the mode."),
    ("parts", "What runs where: one part is one mode on one target."),
    ("services", "Who supplies each service, and where it is."),
    ("settings", "What else the product asks."),
    (
        "secrets",
        "Where your secrets are: file:PATH or env:NAME, never the secrets themselves.",
    ),
];

/// Writes answers as a file that a person can read, edit and commit.
///
/// What is written is what [`complete`] makes of the answers, so parsing the text gives exactly that.
pub fn write(product: &Product, answers: &Answers) -> String {
    let answers = complete(product, answers);
    let mut text = String::from("# yaml-language-server: $schema=landfall.schema.json\n");
    let about = format!(
        "How {} runs here. Safe to commit: secrets are references.",
        product.title
    );
    wrap(&mut text, "", &about);
    head(&mut text, product, &answers);
    let mut root = Node::default();
    for asked in &outline(product, &answers).asked {
        root.insert(&path(&asked.key), leaf(asked, answers.get(&asked.key)));
    }
    // Answers that nothing asks for at the moment are kept, so that nothing is lost by writing.
    for key in keys::answered(&answers) {
        let value = answers.get(&key);
        let comments = vec!["Not asked for at the moment.".to_owned()];
        root.insert(
            &path(&key),
            Leaf {
                comments,
                value,
                live: true,
            },
        );
    }
    for (name, about) in SECTIONS {
        let section = root.take(name);
        if section.is_empty() {
            continue;
        }
        text.push('\n');
        wrap(&mut text, "", about);
        let mut only = Node::default();
        only.put(name, section);
        only.write(&mut text);
    }
    // The section is required even where it is empty.
    if answers.parts.is_empty() {
        text.push_str("\nparts: {}\n");
    }
    text
}

/// Writes the keys above the sections.
fn head(text: &mut String, product: &Product, answers: &Answers) {
    let mut line = |comment: &str, key: &str, value: Option<String>| {
        text.push('\n');
        wrap(text, "", comment);
        match value {
            Some(value) => text.push_str(&format!("{key}: {value}\n")),
            None => text.push_str(&format!("# {key}:\n")),
        }
    };
    line(
        "The version of this file's format.",
        "schema",
        Some(ANSWERS_SCHEMA.to_owned()),
    );
    let what = "The product's name, or the folder of its definition.";
    line(what, "product", Some(scalar(&answers.product)));
    let release = answers.release.as_ref().map(|release| scalar(release.as_str()));
    line(
        "The release; the newest there is when it is left out.",
        "release",
        release,
    );
    line(
        "What is this installation called?",
        "name",
        Some(scalar(&answers.name)),
    );
    if !product.tiers.is_empty() || answers.tier.is_some() {
        let what = format!("The tier that was bought: {}.", product.tiers.join(", "));
        line(&what, "tier", answers.tier.as_deref().map(scalar));
    }
    let what = "Where the state lies: a folder relative to this file, or an object store's URL.";
    line(what, "state", Some(scalar(&answers.state)));
}

/// Splits a key path where its sections end, so that a dot in a name of the customer's does no harm.
fn path(key: &str) -> Vec<&str> {
    key.split('.').collect()
}

/// Makes the leaf of a question: live where it was answered, commented out otherwise.
fn leaf(asked: &Asked, answer: Option<Value>) -> Leaf {
    let question = &asked.question;
    let mut comments = vec![question.prompt.clone()];
    if !question.choices.is_empty() {
        let values: Vec<&str> = question
            .choices
            .iter()
            .map(|choice| choice.value.as_str())
            .collect();
        let how = if question.kind == QuestionType::Choices {
            "Any of"
        } else {
            "One of"
        };
        comments.push(format!("{how}: {}.", values.join(", ")));
    }
    if let Some(why) = &asked.fixed {
        comments.push(format!("Fixed: {why}."));
    }
    if let Some(assumed) = &question.assumed
        && asked.value() == asked.default.as_ref()
    {
        comments.push(format!("Assumed: {assumed}"));
    }
    let live = answer.is_some();
    Leaf {
        comments,
        value: answer.or_else(|| asked.default.clone()),
        live,
    }
}
