//! The body of an answers file: a tree of commented keys, some of them commented out.

use serde_json::Value;

/// The widest line that is written, comments being wrapped.
const WIDTH: usize = 100;

/// A key with what hangs on it.
#[derive(Debug, Default)]
pub(super) struct Node {
    children: Vec<(String, Self)>,
    leaf: Option<Leaf>,
}

/// A value, or the lack of one.
#[derive(Debug)]
pub(super) struct Leaf {
    /// What is written above the key, one paragraph each.
    pub comments: Vec<String>,
    /// The value.
    pub value: Option<Value>,
    /// Whether it counts; otherwise the line is commented out.
    pub live: bool,
}

impl Node {
    /// Adds a leaf below a key path; the first to come stays.
    pub fn insert(&mut self, path: &[&str], leaf: Leaf) {
        let Some((first, rest)) = path.split_first() else {
            self.leaf.get_or_insert(leaf);
            return;
        };
        let at = match self.children.iter().position(|(key, _)| key == first) {
            Some(at) => at,
            None => {
                self.children.push(((*first).to_owned(), Self::default()));
                self.children.len() - 1
            }
        };
        self.children[at].1.insert(rest, leaf);
    }

    /// Takes a child away; an empty one when there is none.
    pub fn take(&mut self, key: &str) -> Self {
        match self.children.iter().position(|(name, _)| name == key) {
            Some(at) => self.children.remove(at).1,
            None => Self::default(),
        }
    }

    /// Puts a child in place.
    pub fn put(&mut self, key: &str, node: Self) {
        self.children.push((key.to_owned(), node));
    }

    /// Says whether nothing hangs on it.
    pub fn is_empty(&self) -> bool {
        self.children.is_empty() && self.leaf.is_none()
    }

    /// Says whether any value below counts.
    pub fn is_live(&self) -> bool {
        self.leaf.as_ref().is_some_and(|leaf| leaf.live)
            || self.children.iter().any(|(_, node)| node.is_live())
    }

    /// Writes the tree below this node.
    pub fn write(&self, text: &mut String) {
        self.write_at(text, 0);
    }

    fn write_at(&self, text: &mut String, column: usize) {
        let indent = " ".repeat(column);
        for (key, node) in &self.children {
            // A branch without a value is commented out with its name: an empty mapping is no mapping in YAML.
            let mark = if node.is_live() { "" } else { "# " };
            let start = format!("{indent}{mark}{}:", scalar(key));
            let Some(leaf) = &node.leaf else {
                text.push_str(&start);
                text.push('\n');
                node.write_at(text, column + 2);
                continue;
            };
            for comment in &leaf.comments {
                wrap(text, &indent, comment);
            }
            text.push_str(&start);
            if let Some(value) = &leaf.value {
                text.push(' ');
                text.push_str(&written(value));
            }
            text.push('\n');
        }
    }
}

/// Writes a comment, wrapped between words.
pub(super) fn wrap(text: &mut String, indent: &str, comment: &str) {
    let mut line = format!("{indent}#");
    let empty = line.len();
    for word in comment.split_whitespace() {
        if line.len() > empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.truncate(empty);
        }
        line.push(' ');
        line.push_str(word);
    }
    if line.len() > empty {
        text.push_str(&line);
        text.push('\n');
    }
}

/// Writes a value on one line.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(in_list).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) => {
            let quoted = |text: &str| in_list(&Value::from(text));
            let fields = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", quoted(key), in_list(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes an item of a list; what would end it is quoted.
fn in_list(value: &Value) -> String {
    let written = written(value);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/' | b'@');
    match value {
        Value::String(text) if !written.starts_with(['"', '\'']) && !text.bytes().all(plain) => quoted(text),
        _ => written,
    }
}

/// Writes text as a scalar on one line, quoted only where it must be.
pub(super) fn scalar(text: &str) -> String {
    let emitted = serde_yaml::to_string(text).unwrap_or_default();
    let emitted = emitted.strip_suffix('\n').unwrap_or(&emitted);
    let block = emitted.starts_with(['|', '>']) || emitted.contains('\n') || emitted.is_empty();
    if block { quoted(text) } else { emitted.to_owned() }
}

/// Quotes text with every character escaped that a parser may trip over.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            ' '..='~' => quoted.push(letter),
            _ if letter.is_alphanumeric() => quoted.push(letter),
            _ => quoted.push_str(&format!("\\U{:08X}", u32::from(letter))),
        }
    }
    quoted.push('"');
    quoted
}
