//! What is wrong with a document, and where.

use std::fmt;

use serde::Serialize;

use super::Positions;

/// One complaint about one place in a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// One-based line.
    pub line: usize,
    /// One-based column, in characters.
    pub column: usize,
    /// The key path, such as `components.api.ports[0]`.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Makes a problem at a place.
    pub fn at(file: &str, line: usize, column: usize, path: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            column,
            path: path.to_owned(),
            message: message.into(),
            hint: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the nearest right name as a hint, when one is near.
    #[must_use]
    pub fn nearest<'a>(self, wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Self {
        let right: Vec<&str> = right.into_iter().collect();
        match nearest(wrong, right.iter().copied()) {
            Some(name) => self.hint(format!("did you mean `{name}`?")),
            None if right.is_empty() => self,
            None => self.hint(format!("known: {}", right.join(", "))),
        }
    }

    /// Names the file of a problem that was found before the name was known.
    #[must_use]
    pub(super) fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    /// Places a parser's complaint and finds the nearest right name for an unknown one.
    pub(super) fn from_yaml(
        file: &str,
        positions: &Positions,
        error: &serde_path_to_error::Error<serde_yaml::Error>,
    ) -> Self {
        let text = error.inner().to_string();
        let text = text
            .rsplit_once(" at line ")
            .map_or(text.as_str(), |(text, _)| text);
        let (_, message) = split_path(text);
        let unknown =
            quoted_after(message, "unknown field ").or_else(|| quoted_after(message, "unknown variant "));
        let path = error.path().to_string();
        let path = path.trim_end_matches(['?', '.']);
        let below = unknown.map(|name| join(path, name));
        // The unknown name may be a key of the place that the path names, or stand there itself.
        let full = below
            .filter(|below| !path.ends_with(unknown.unwrap_or_default()) && positions.contains(below))
            .unwrap_or_else(|| path.to_owned());
        let (line, column) = match error.inner().location() {
            Some(place) if !positions.contains(&full) => (place.line(), place.column()),
            _ => positions.find(&full),
        };
        let problem = Self::at(file, line, column, &full, in_words(message));
        match unknown {
            Some(name) => {
                let expected = message.split_once("expected ").map_or("", |(_, names)| names);
                match nearest(name, expected.split('`').skip(1).step_by(2)) {
                    Some(right) => problem.hint(format!("did you mean `{right}`?")),
                    None => problem,
                }
            }
            None => problem,
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Says in words what serde says in types. The value itself is left out: it may be a secret in the wrong place.
fn in_words(message: &str) -> String {
    let of_type = message
        .strip_prefix("invalid type: ")
        .or_else(|| message.strip_prefix("invalid value: "));
    match of_type.and_then(|rest| rest.rsplit_once(", expected ")) {
        Some((given, expected)) => format!("expected {}, not {}", wanted(expected), kind_of(given)),
        None if message == "JSON number out of range" => "the number is too large".to_owned(),
        None => message.to_owned(),
    }
}

fn wanted(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "i32" | "i64" | "isize" => "a whole number",
        "a sequence" => "a list",
        "a map" => "a mapping",
        "a string" | "a borrowed string" | "string" => "text",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a mapping",
        other => other,
    }
}

fn kind_of(given: &str) -> &str {
    match given.split(['"', '`']).next().unwrap_or_default().trim() {
        "string" => "text",
        "integer" | "floating point" => "this number",
        "boolean" => "true or false",
        "unit value" | "null" | "Option value" => "nothing",
        "sequence" => "a list",
        "map" => "a mapping",
        other => other,
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(formatter, "`{}`: ", self.path)?;
        }
        formatter.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(formatter, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// All that is wrong with a document, never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Wraps one problem.
    pub fn one(problem: Problem) -> Self {
        Self(vec![problem])
    }

    /// Turns a list into a result: an error when there is at least one.
    ///
    /// # Errors
    /// The problems themselves, in the order of their places.
    pub fn check(mut problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() {
            return Ok(());
        }
        problems
            .sort_by(|a, b| (&a.file, a.line, a.column, &a.path).cmp(&(&b.file, b.line, b.column, &b.path)));
        problems.dedup();
        Err(Self(problems))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            problem.fmt(formatter)?;
        }
        Ok(())
    }
}

/// Finds the right name that a wrong one most likely means.
pub fn nearest<'a>(wrong: &str, right: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    right
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Splits `components.api: message` into path and message; the path is empty where the parser gave none.
fn split_path(text: &str) -> (&str, &str) {
    match text.split_once(": ") {
        Some((path, rest)) if !path.is_empty() && !path.contains(' ') && !path.contains('`') => (path, rest),
        _ => ("", text),
    }
}

fn quoted_after<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.strip_prefix(start)?.split('`').nth(1)
}
