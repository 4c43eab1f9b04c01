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
pub const ROOTS: [&str; 8] = [
    "settings",
    "services",
    "secrets",
    "facts",
    "components",
    "files",
    "directories",
    "installation",
];

/// Words of the expression language itself, and `tier`, which conditions read by itself.
const WORDS: [&str; 34] = [
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "set_global",
    "endset",
    "block",
    "endblock",
    "raw",
    "endraw",
    "filter",
    "endfilter",
    "macro",
    "endmacro",
    "break",
    "continue",
    "true",
    "false",
    "True",
    "False",
    "none",
    "None",
    "null",
    "loop",
    "tier",
    "__tera_context",
];

/// Collects the dotted names that start at a root of the context.
pub fn references(source: Expressions<'_>) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    each(source, |text| collect(text, &mut found));
    found
}

/// Collects the names that start at no root of the context, and that the text itself does not introduce.
pub fn strangers(source: Expressions<'_>) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    let mut own = BTreeSet::new();
    each(source, |text| names(text, &mut used, &mut own));
    used.retain(|name: &String| {
        let root = name.split('.').next().unwrap_or_default();
        !own.contains(root) && !ROOTS.contains(&root) && !WORDS.contains(&root)
    });
    used
}

/// Visits the inside of every pair of braces; a condition is one inside.
fn each(source: Expressions<'_>, mut visit: impl FnMut(&str)) {
    match source {
        Expressions::Condition(text) => visit(text),
        Expressions::Template(text) => {
            let text = without(&without(text, "{#", "#}"), "{% raw %}", "{% endraw %}");
            for (open, close) in [("{{", "}}"), ("{%", "%}")] {
                let mut rest = text.as_str();
                while let Some((_, after)) = rest.split_once(open) {
                    let (inside, after) = after.split_once(close).unwrap_or((after, ""));
                    visit(inside);
                    rest = after;
                }
            }
        }
    }
}

/// Leaves out what stands between two marks: comments, and what is raw, another tool's expressions.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// Sorts the names of one inside into those that are used and those that it introduces.
fn names(text: &str, used: &mut BTreeSet<String>, own: &mut BTreeSet<String>) {
    // What came before the name: a word, or a sign.
    let mut before = [String::new(), String::new()];
    let mut introducing = false;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
        let length = match first {
            '"' | '\'' | '`' => rest[1..].find(first).map_or(rest.len(), |end| end + 2),
            first if word(first) => rest.find(|letter| !word(letter)).unwrap_or(rest.len()),
            first => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        rest = after;
        if first.is_whitespace() {
            continue;
        }
        let next = after.trim_start();
        let named = next.starts_with('=') && !next.starts_with("==");
        let tested = before[1] == "is" || (before[1] == "not" && before[0] == "is");
        let plain = first.is_ascii_alphabetic() || first == '_';
        match token {
            "for" | "set" | "set_global" => introducing = true,
            "in" => introducing = false,
            name if plain && introducing => {
                own.insert(name.to_owned());
                introducing = !named;
            }
            name if plain && !named && !tested && before[1] != "|" && !next.starts_with('(') => {
                used.insert(name.to_owned());
            }
            _ => {}
        }
        before.swap(0, 1);
        token.clone_into(&mut before[1]);
    }
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
    fn names_that_nothing_declares_are_strangers() {
        let text = "{% for item in settings.list %}{{ item.name | default(value=other) }}{% endfor %}\
                    {% set a = setings.b %}{{ a }}{# {{ not.this }} #}{{ now() }}{% if x is defined %}{% endif %}";
        let found: Vec<String> = strangers(Expressions::Template(text)).into_iter().collect();
        assert_eq!(found, ["other", "setings.b", "x"]);
        let found = strangers(Expressions::Condition(
            "tier in ['a'] and not facts.b and fact.c == 1.5",
        ));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["fact.c"]);
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
