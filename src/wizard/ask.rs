//! Questions of the outline in the words in which they are put to a person.

use serde_json::Value;

use super::prompter::{Form, Item, Prompt};
use super::rank::Ranked;
use crate::deployment::Asked;
use crate::product::{Product, QuestionType};

/// Makes the prompt of a question.
pub(super) fn prompt(asked: &Asked) -> Prompt {
    let question = &asked.question;
    let default = asked.value().filter(|value| !value.is_null()).map(text);
    let mut items: Vec<Item> = question
        .choices
        .iter()
        .map(|choice| item(&choice.value, choice.title.clone()))
        .collect();
    if question.kind == QuestionType::Boolean {
        items = vec![item("true", "Yes".to_owned()), item("false", "No".to_owned())];
    }
    if question.optional && default.is_none() && question.kind != QuestionType::Choices {
        items.push(item("", "Leave it open".to_owned()));
    }
    let form = match question.kind {
        QuestionType::Boolean | QuestionType::Choice => Form::One(items),
        QuestionType::Choices => Form::Any(items),
        _ => Form::Text,
    };
    let assumed = question
        .assumed
        .iter()
        .map(|assumed| format!("Assumed: {assumed}"));
    Prompt {
        key: asked.key.clone(),
        message: question.prompt.clone(),
        help: question.help.clone(),
        notes: assumed.collect(),
        form,
        default,
        optional: question.optional,
        back: false,
        complaint: None,
    }
}

/// Makes the prompt for the mode of a part: every candidate with its reasons, the best first.
pub(super) fn mode(product: &Product, key: &str, ranking: &[Ranked], present: Option<String>) -> Prompt {
    let first = ranking.iter().find(|ranked| ranked.open).map(Ranked::name);
    let items = ranking.iter().map(|ranked| candidate(product, ranked)).collect();
    choose(
        key,
        format!("How shall {} run?", product.title),
        items,
        present.or(first),
    )
}

/// Makes the prompt for one more part; the reply `no` ends the list.
pub(super) fn another(product: &Product, key: &str, ranking: &[Ranked]) -> Prompt {
    let mut items = vec![item("no", "No, that is all".to_owned())];
    items.extend(ranking.iter().map(|ranked| candidate(product, ranked)));
    choose(
        key,
        "Add another part beside it?".to_owned(),
        items,
        Some("no".to_owned()),
    )
}

/// Makes the prompt that ends the questions.
pub(super) fn confirm(key: &str, notes: Vec<String>) -> Prompt {
    let items = vec![
        item("yes", "Yes".to_owned()),
        item("no", "No, write nothing".to_owned()),
    ];
    Prompt {
        notes,
        ..choose(
            key,
            "Write these answers?".to_owned(),
            items,
            Some("yes".to_owned()),
        )
    }
}

fn choose(key: &str, message: String, items: Vec<Item>, default: Option<String>) -> Prompt {
    Prompt {
        key: key.to_owned(),
        message,
        help: String::new(),
        notes: Vec::new(),
        form: Form::One(items),
        default,
        optional: false,
        back: false,
        complaint: None,
    }
}

fn item(value: &str, title: String) -> Item {
    Item {
        value: value.to_owned(),
        title,
        detail: String::new(),
    }
}

/// Makes the item of a candidate: what it is, and what speaks for or against it.
fn candidate(product: &Product, ranked: &Ranked) -> Item {
    let mode = product.modes.get(&ranked.mode);
    let title = mode.map_or(ranked.mode.as_str(), |mode| mode.title.as_str());
    // Where there is no choice of targets, the mode's title says it already.
    let place = match ranked.target {
        Some(target) if mode.is_some_and(|mode| mode.targets.len() > 1) => format!(" on {}", target.title()),
        _ => String::new(),
    };
    let known = |id: &String| {
        let mut regions = mode.into_iter().flat_map(|mode| &mode.regions);
        regions
            .find(|region| region.id == *id)
            .map(|region| &region.title)
    };
    let region = ranked
        .region
        .as_ref()
        .map_or_else(String::new, |id| format!(" in {}", known(id).unwrap_or(id)));
    let closed = if ranked.open { "" } else { " (not open)" };
    let detail = match &ranked.closed_because {
        Some(closed) => format!("{closed}."),
        None if ranked.reasons.is_empty() => mode.map_or_else(String::new, |mode| mode.summary.clone()),
        None => ranked.reasons.join(" "),
    };
    Item {
        value: ranked.name(),
        title: format!("{title}{place}{region}{closed}"),
        detail,
    }
}

/// Writes a value in the form of a reply.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
