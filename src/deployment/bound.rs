//! Text in which every secret, and everything known only later, is a reference.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text with references to secrets: `${secret:name}` for the value, `${secret-url:name}` for the value escaped for a URL
/// and `${secret-file:name}` for the path of the file that holds it; and to what a managed service has only once the
/// cloud has made it: `${output:service.field}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bound(String);

/// How a secret is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretForm {
    /// Its value.
    Value,
    /// Its value, percent-encoded.
    Url,
    /// The path of the file that holds it.
    File,
}

/// A piece of bound text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Plain text.
    Text(&'a str),
    /// A secret.
    Secret(SecretForm, &'a str),
    /// What a managed service will have once it is made.
    Output {
        /// The service.
        service: &'a str,
        /// Its field.
        field: &'a str,
    },
}

const OUTPUT: &str = "${output:";
const FORMS: [(&str, SecretForm); 3] = [
    ("${secret:", SecretForm::Value),
    ("${secret-url:", SecretForm::Url),
    ("${secret-file:", SecretForm::File),
];

impl Bound {
    /// Wraps rendered text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Writes a reference.
    pub fn reference(form: SecretForm, name: &str) -> String {
        let open = FORMS
            .iter()
            .find(|(_, known)| *known == form)
            .map_or("", |(open, _)| open);
        format!("{open}{name}}}")
    }

    /// Returns the text with its references as they are.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Writes a reference to a field that a managed service will have.
    pub fn output(service: &str, field: &str) -> String {
        format!("{OUTPUT}{service}.{field}}}")
    }

    /// Splits the text into plain pieces and references.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((start, end, piece)) = next_reference(rest) {
            if start > 0 {
                pieces.push(Piece::Text(&rest[..start]));
            }
            pieces.push(piece);
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest));
        }
        pieces
    }

    /// Says whether a secret's value stands in it, so that the text may be kept in private places only.
    pub fn is_private(&self) -> bool {
        self.pieces()
            .iter()
            .any(|piece| matches!(piece, Piece::Secret(SecretForm::Value | SecretForm::Url, _)))
    }

    /// Lists the names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.pieces().into_iter().filter_map(|piece| match piece {
            Piece::Secret(_, name) => Some(name),
            Piece::Text(_) | Piece::Output { .. } => None,
        })
    }

    /// Lists what it awaits of managed services, as service and field.
    pub fn outputs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pieces().into_iter().filter_map(|piece| match piece {
            Piece::Output { service, field } => Some((service, field)),
            Piece::Text(_) | Piece::Secret(..) => None,
        })
    }

    /// Replaces every reference to a secret with what the target puts in its place; awaited outputs stay.
    ///
    /// # Errors
    /// Whatever the replacement says.
    pub fn replace<E>(
        &self,
        mut with: impl FnMut(SecretForm, &str) -> Result<String, E>,
    ) -> Result<String, E> {
        self.rewrite(|piece| match piece {
            Piece::Text(plain) => Ok(plain.to_owned()),
            Piece::Secret(form, name) => with(form, name),
            Piece::Output { service, field } => Ok(Self::output(service, field)),
        })
    }

    /// Replaces every awaited output, by service and field; references to secrets stay.
    ///
    /// # Errors
    /// Whatever the replacement says.
    pub fn replace_outputs<E>(
        &self,
        mut with: impl FnMut(&str, &str) -> Result<String, E>,
    ) -> Result<Self, E> {
        self.rewrite(|piece| match piece {
            Piece::Text(plain) => Ok(plain.to_owned()),
            Piece::Secret(form, name) => Ok(Self::reference(form, name)),
            Piece::Output { service, field } => with(service, field),
        })
        .map(Self)
    }

    /// Writes every piece anew.
    ///
    /// # Errors
    /// Whatever the replacement says.
    pub fn rewrite<E>(&self, with: impl FnMut(Piece<'_>) -> Result<String, E>) -> Result<String, E> {
        self.pieces().into_iter().map(with).collect()
    }
}

/// Finds the first reference: where it starts and ends, and what it is. What only looks like one is text.
fn next_reference(text: &str) -> Option<(usize, usize, Piece<'_>)> {
    let mut from = 0;
    while let Some(start) = text[from..].find("${").map(|at| from + at) {
        let rest = &text[start..];
        if let Some(length) = rest.find('}')
            && let Some(piece) = reference_in(&rest[..length])
        {
            return Some((start, start + length + 1, piece));
        }
        from = start + 2;
    }
    None
}

/// Reads a reference without its closing brace.
fn reference_in(text: &str) -> Option<Piece<'_>> {
    if let Some(output) = text.strip_prefix(OUTPUT) {
        let (service, field) = output.split_once('.')?;
        return Some(Piece::Output { service, field });
    }
    FORMS
        .iter()
        .find_map(|(open, form)| Some(Piece::Secret(*form, text.strip_prefix(open)?)))
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_and_replaced() {
        let bound = Bound::new("postgres://u:${secret-url:db}@h/x?f=${secret-file:ca}");
        assert!(bound.is_private());
        assert_eq!(bound.secrets().collect::<Vec<_>>(), ["db", "ca"]);
        let text = bound
            .replace(|form, name| Ok::<_, ()>(format!("<{form:?} {name}>")))
            .unwrap();
        assert_eq!(text, "postgres://u:<Url db>@h/x?f=<File ca>");
    }

    #[test]
    fn awaited_outputs_are_found_and_replaced() {
        let bound =
            Bound::new("postgres://u:${secret-url:db}@${output:database.host}:${output:database.port}/x");
        assert_eq!(
            bound.outputs().collect::<Vec<_>>(),
            [("database", "host"), ("database", "port")]
        );
        let kept = bound.replace(|_, name| Ok::<_, ()>(format!("<{name}>"))).unwrap();
        assert_eq!(
            kept,
            "postgres://u:<db>@${output:database.host}:${output:database.port}/x"
        );
        let known = bound
            .replace_outputs(|_, field| Ok::<_, ()>(field.to_uppercase()))
            .unwrap();
        assert_eq!(known.as_str(), "postgres://u:${secret-url:db}@HOST:PORT/x");
        assert_eq!(Bound::new("${outputs:a.b} ${output:a}").outputs().count(), 0);
    }

    #[test]
    fn a_path_to_a_secret_is_not_private() {
        assert!(!Bound::new("${secret-file:key}").is_private());
        assert!(!Bound::new("${PATH} ${secret:").is_private());
    }
}
