//! What the expressions of a definition may speak of.
//!
//! Tera finds an unknown name only when it evaluates it; a definition must be found wrong when it is read. So the
//! names in every template and condition are collected here and checked against what the definition declares.

use std::collections::BTreeSet;

/// A dotted name in an expression, such as `services.database.host`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Its parts in order.
    pub parts: Vec<String>,
}

impl Reference {
    /// Joins the parts with dots.
    pub fn dotted(&self) -> String {
        self.parts.join(".")
    }
}

/// The text of an expression source: a template has its expressions in braces, a condition is one whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expressions<'a> {
    /// Text with `{{ }}` and `{% %}` in it.
    Template(&'a str),
    /// An expression by itself.
    Condition(&'a str),
}

/// The roots of the context that every expression is evaluated over.
const ROOTS: [&str; 8] = [
    "settings",
    "services",
    "secrets",
    "facts",
    "components",
    "files",
    "directories",
    "installation",
];

/// Collects the dotted names that start at a root of the context.
pub fn references(source: Expressions<'_>) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    match source {
        Expressions::Condition(text) => collect(text, &mut found),
        Expressions::Template(text) => {
            let text = &without_raw(text);
            for (open, close) in [("{{", "}}"), ("{%", "%}")] {
                let mut rest = text.as_str();
                while let Some((_, after)) = rest.split_once(open) {
                    let (inside, after) = after.split_once(close).unwrap_or((after, ""));
                    collect(inside, &mut found);
                    rest = after;
                }
            }
        }
    }
    found
}

/// Leaves out what stands between `{% raw %}` and `{% endraw %}`: another tool's expressions.
fn without_raw(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{% raw %}") {
        kept.push_str(before);
        rest = after.split_once("{% endraw %}").map_or("", |(_, after)| after);
    }
    kept + rest
}

fn collect(text: &str, found: &mut BTreeSet<Reference>) {
    let mut quote: Option<char> = None;
    let mut word = String::new();
    for letter in text.chars().chain([' ']) {
        match quote {
            Some(open) => {
                if letter == open {
                    quote = None;
                }
            }
            None if matches!(letter, '"' | '\'' | '`') => {
                keep(&mut word, found);
                quote = Some(letter);
            }
            None if letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' => word.push(letter),
            None => keep(&mut word, found),
        }
    }
}

fn keep(word: &mut String, found: &mut BTreeSet<Reference>) {
    let parts: Vec<String> = word.split('.').map(str::to_owned).collect();
    word.clear();
    if parts.len() > 1 && ROOTS.contains(&parts[0].as_str()) && parts.iter().all(|part| !part.is_empty()) {
        found.insert(Reference { parts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dotted(source: Expressions<'_>) -> Vec<String> {
        references(source).iter().map(Reference::dotted).collect()
    }

    #[test]
    fn names_in_braces_are_found_and_quoted_text_is_not() {
        let text = "postgres://{{ services.database.user }}@{% if settings.tls %}x{% endif %} settings.no";
        assert_eq!(
            dotted(Expressions::Template(text)),
            ["services.database.user", "settings.tls"]
        );
        assert_eq!(
            dotted(Expressions::Condition("facts.cloud == 'facts.no'")),
            ["facts.cloud"]
        );
    }

    #[test]
    fn what_is_raw_belongs_to_another_tool() {
        let text = "{{ settings.tag }} {% raw %}${{ secrets.TOKEN }}{% endraw %} {{ settings.other }}";
        assert_eq!(
            dotted(Expressions::Template(text)),
            ["settings.other", "settings.tag"]
        );
    }
}
