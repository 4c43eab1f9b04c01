//! Values in Terraform's language, written as `terraform fmt` would leave them.
//!
//! Text can hold anything: what the language would read as its own is escaped here and nowhere else. References are made
//! of names, so that no text ever becomes a piece of an expression.

#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How long a list or an object on one line may be.
const WIDTH: usize = 110;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Hcl {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(u64),
    /// A number that has a fraction.
    Decimal(f64),
    /// Text, with references in it.
    Text(Vec<Piece>),
    /// What is somewhere else.
    Reference(Reference),
    /// A function of Terraform's, such as `join`.
    Call(&'static str, Vec<Self>),
    /// A list.
    List(Vec<Self>),
    /// An object or a map, in the order that is given.
    Object(Vec<(String, Self)>),
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// What is somewhere else.
    Reference(Reference),
}

/// Names something: a variable's field, or an entry of a map.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    path: &'static str,
    key: Option<String>,
}

impl Reference {
    /// Names what a path of ours leads to, such as `var.data.database.host`.
    pub fn to(path: &'static str) -> Self {
        Self { path, key: None }
    }

    /// Names an entry of a map.
    pub fn entry(path: &'static str, key: impl Into<String>) -> Self {
        let key = Some(key.into());
        Self { path, key }
    }

    fn write(&self) -> String {
        match &self.key {
            None => self.path.to_owned(),
            Some(key) => format!("{}[{}]", self.path, text::quoted(key)),
        }
    }
}

impl Hcl {
    /// Makes plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(vec![Piece::Plain(text.into())])
    }

    /// Makes a list of texts.
    pub fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Makes an object whose keys are known.
    pub fn object<const N: usize>(fields: [(&str, Self); N]) -> Self {
        Self::Object(
            fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// Makes a map.
    pub fn map(map: BTreeMap<String, Self>) -> Self {
        Self::Object(map.into_iter().collect())
    }

    /// Counts what is in a list, an object or a map.
    pub fn entries(&self) -> usize {
        match self {
            Self::List(list) => list.len(),
            Self::Object(fields) => fields.len(),
            _ => 0,
        }
    }

    /// Makes text of a value that may be missing.
    pub fn optional(text: Option<&str>) -> Self {
        text.map_or(Self::Null, Self::text)
    }

    /// Writes the value; lines after the first are indented by so many steps.
    pub fn write(&self, depth: usize) -> String {
        let flat = self.flat();
        match (self, flat) {
            (_, Some(flat)) if flat.len() + 2 * depth <= WIDTH => flat,
            (Self::Object(fields), _) if !fields.is_empty() => {
                format!("{{\n{}{}}}", attributes(fields, depth + 1), indent(depth))
            }
            (Self::List(items), _) if !items.is_empty() => {
                format!("[\n{}{}]", lines(items, depth), indent(depth))
            }
            (Self::Call(name, arguments), _) => {
                let arguments: Vec<String> = arguments.iter().map(|it| it.write(depth)).collect();
                format!("{name}({})", arguments.join(", "))
            }
            (_, flat) => flat.unwrap_or_default(),
        }
    }

    /// Writes it on one line; none where that would be hard to read, whatever its length.
    fn flat(&self) -> Option<String> {
        Some(match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Decimal(number) => number.to_string(),
            Self::Text(pieces) => text::template(pieces),
            Self::Reference(reference) => reference.write(),
            Self::Call(name, arguments) => {
                let arguments: Option<Vec<String>> = arguments.iter().map(Self::flat).collect();
                format!("{name}({})", arguments?.join(", "))
            }
            Self::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(Self::flat).collect();
                format!("[{}]", items?.join(", "))
            }
            Self::Object(fields) if fields.is_empty() => "{}".to_owned(),
            // An object in an object reads better on lines of its own.
            Self::Object(fields)
                if fields.len() > 4 || fields.iter().any(|(_, value)| value.holds_objects()) =>
            {
                return None;
            }
            Self::Object(fields) => {
                let field =
                    |(key, value): &(String, Self)| Some(format!("{} = {}", name(key), value.flat()?));
                let fields: Option<Vec<String>> = fields.iter().map(field).collect();
                format!("{{ {} }}", fields?.join(", "))
            }
        })
    }

    fn holds_objects(&self) -> bool {
        match self {
            Self::Object(fields) => !fields.is_empty(),
            Self::List(items) | Self::Call(_, items) => items.iter().any(Self::holds_objects),
            _ => false,
        }
    }
}

/// Writes arguments of a block, entries of an object, or variables of a file: a line for each, their `=` one below the other.
pub fn attributes(fields: &[(String, Hcl)], depth: usize) -> String {
    let written: Vec<(String, String)> = fields
        .iter()
        .map(|(key, value)| (name(key), value.write(depth)))
        .collect();
    let mut text = String::new();
    // `terraform fmt` lines up what stands on neighbouring lines; a value of several lines parts them.
    for group in written.chunk_by(|(_, before), (_, after)| !before.contains('\n') && !after.contains('\n')) {
        let widest = group.iter().map(|(key, _)| key.chars().count()).max();
        for (key, value) in group {
            let _ = writeln!(
                text,
                "{}{key:<width$} = {value}",
                indent(depth),
                width = widest.unwrap_or(0)
            );
        }
    }
    text
}

fn lines(items: &[Hcl], depth: usize) -> String {
    let line = |item: &Hcl| format!("{}{},\n", indent(depth + 1), item.write(depth + 1));
    items.iter().map(line).collect()
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

/// Writes a key: as it is where the language takes it for a name and nothing else.
fn name(key: &str) -> String {
    const WORDS: [&str; 6] = ["for", "if", "in", "null", "true", "false"];
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let is_name = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key.bytes().all(letter)
        && !WORDS.contains(&key);
    if is_name {
        key.to_owned()
    } else {
        text::quoted(key)
    }
}
