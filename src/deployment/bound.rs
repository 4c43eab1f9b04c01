//! Text in which every secret is a reference.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Text with references to secrets: `${secret:name}` for the value, `${secret-url:name}` for the value escaped for a URL
/// and `${secret-file:name}` for the path of the file that holds it.
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
}

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

    /// Splits the text into plain pieces and secrets.
    pub fn pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        let mut rest = self.0.as_str();
        while let Some((start, open, form)) = next_reference(rest) {
            let Some(length) = rest[start + open..].find('}') else {
                break;
            };
            if start > 0 {
                pieces.push(Piece::Text(&rest[..start]));
            }
            pieces.push(Piece::Secret(form, &rest[start + open..start + open + length]));
            rest = &rest[start + open + length + 1..];
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
            Piece::Text(_) => None,
        })
    }

    /// Replaces every reference with what the target puts in its place.
    ///
    /// # Errors
    /// Whatever the replacement says.
    pub fn replace<E>(
        &self,
        mut with: impl FnMut(SecretForm, &str) -> Result<String, E>,
    ) -> Result<String, E> {
        let mut text = String::with_capacity(self.0.len());
        for piece in self.pieces() {
            match piece {
                Piece::Text(plain) => text.push_str(plain),
                Piece::Secret(form, name) => text.push_str(&with(form, name)?),
            }
        }
        Ok(text)
    }
}

fn next_reference(text: &str) -> Option<(usize, usize, SecretForm)> {
    FORMS
        .iter()
        .filter_map(|(open, form)| Some((text.find(open)?, open.len(), *form)))
        .min_by_key(|(at, ..)| *at)
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
    fn a_path_to_a_secret_is_not_private() {
        assert!(!Bound::new("${secret-file:key}").is_private());
        assert!(!Bound::new("${PATH} ${secret:").is_private());
    }
}
