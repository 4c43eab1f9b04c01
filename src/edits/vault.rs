//! Text as it lies on disk becomes text in which secrets are references.

use std::collections::BTreeMap;

use crate::deployment::{Bound, Piece, SecretForm};
use crate::secret::Secret;

/// Knows the secrets that may stand in a file, and how each is written there.
#[derive(Debug, Default)]
pub struct Vault {
    /// References with what stands in their place, the longest value first.
    written: Vec<(String, Secret)>,
    /// Values as they are in the store: none may be left over.
    values: Vec<Secret>,
    /// Whether references stay as they are, as they do in files that are placed unfilled.
    literal: bool,
}

/// A text whose known secrets are references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referred {
    /// The text. It may be shown, with care for [`Referred::whole`].
    pub text: String,
    /// Whether filling the references gives exactly the text that was read, and no secret can be left in it. Otherwise
    /// it must not be recorded.
    pub whole: bool,
}

impl Vault {
    /// Makes a vault for files in which references are not filled.
    pub fn literal() -> Self {
        Self {
            literal: true,
            ..Self::default()
        }
    }

    /// Adds a reference with what stands in its place in a filled text.
    pub fn write(&mut self, form: SecretForm, name: &str, written: Secret) {
        if !written.expose().is_empty() {
            self.written.push((Bound::reference(form, name), written));
            self.written
                .sort_by_key(|(_, written)| std::cmp::Reverse(written.expose().len()));
        }
    }

    /// Adds a secret as the store holds it.
    pub fn guard(&mut self, value: Secret) {
        if !value.expose().is_empty() {
            self.values.push(value);
        }
    }

    /// Fills references; none when one is not known.
    pub fn fill(&self, text: &str) -> Option<Secret> {
        if self.literal {
            return Some(Secret::new(text));
        }
        let known: BTreeMap<&str, &Secret> = self
            .written
            .iter()
            .map(|(reference, written)| (reference.as_str(), written))
            .collect();
        let filled = Bound::new(text).replace(|form, name| {
            let written = known.get(Bound::reference(form, name).as_str());
            written.map(|written| written.expose().to_owned()).ok_or(())
        });
        filled.ok().map(Secret::new)
    }

    /// Says whether a text is another one, filled. A secret that is not known any more may have had any value.
    pub fn is_filled(&self, text: &str, base: &str) -> bool {
        if let Some(filled) = self.fill(base) {
            return filled.expose() == text;
        }
        let (lines, wanted) = (text.split('\n'), base.split('\n'));
        lines.clone().count() == wanted.clone().count()
            && lines.zip(wanted).all(|(line, wanted)| match self.fill(wanted) {
                Some(filled) => filled.expose() == line,
                None => fits(line, &plain(wanted)),
            })
    }

    /// Replaces the secrets in a text that once was `base`, filled.
    pub fn refer(&self, theirs: &str, base: &str) -> Referred {
        let lines: BTreeMap<String, &str> = base
            .lines()
            .filter(|line| line.contains("${"))
            .filter_map(|line| Some((self.fill(line)?.expose().to_owned(), line)))
            .collect();
        let mut text = String::with_capacity(theirs.len());
        for line in theirs.split_inclusive('\n') {
            let bare = line.trim_end_matches('\n');
            match lines.get(bare) {
                Some(referring) => text.push_str(referring),
                None => text.push_str(&self.refer_line(bare)),
            }
            text.push_str(&line[bare.len()..]);
        }
        let back = self.fill(&text).is_some_and(|filled| filled.expose() == theirs);
        let left = self
            .values
            .iter()
            .any(|value| plain(&text).contains(value.expose()));
        let whole = back && !left && !lost(&text, base) && !told(&text, base);
        Referred { text, whole }
    }

    fn refer_line(&self, line: &str) -> String {
        let mut pieces = vec![Ok(line)];
        for (reference, written) in &self.written {
            pieces = pieces
                .into_iter()
                .flat_map(|piece: Result<&str, &str>| match piece {
                    Err(reference) => vec![Err(reference)],
                    Ok(text) => {
                        let parts = text.split(written.expose()).map(Ok);
                        let mut parted: Vec<Result<&str, &str>> = Vec::new();
                        for part in parts {
                            if !parted.is_empty() {
                                parted.push(Err(reference));
                            }
                            parted.push(part);
                        }
                        parted
                    }
                })
                .collect();
        }
        pieces
            .into_iter()
            .map(|piece| piece.unwrap_or_else(|reference| reference))
            .collect()
    }
}

/// Says whether a reference to a secret's value went away: what stands there instead may be another value.
fn lost(text: &str, base: &str) -> bool {
    let (now, before) = (private(text), private(base));
    before
        .iter()
        .any(|(name, count)| now.get(name).is_none_or(|found| found < count))
}

/// Says whether a line that was not rendered looks as if it held a secret.
fn told(text: &str, base: &str) -> bool {
    text.lines()
        .filter(|line| looks_secret(line))
        .any(|line| base.lines().all(|rendered| rendered != line))
}

/// Returns the plain pieces of a text, references left out.
fn plain(text: &str) -> String {
    let bound = Bound::new(text);
    let pieces = bound.pieces();
    let plain = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => *text,
        Piece::Secret(..) | Piece::Output { .. } => "\0",
    });
    plain.collect()
}

/// Says whether a line consists of the pieces of another, with anything between them.
fn fits(line: &str, pieces: &str) -> bool {
    let mut pieces = pieces.split('\0');
    let Some(mut rest) = pieces.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Counts the references to secrets' values.
fn private(text: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for piece in Bound::new(text).pieces() {
        if let Piece::Secret(SecretForm::Value | SecretForm::Url, name) = piece {
            *counts.entry(name.to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

/// Says whether a secret's value belongs into a line.
pub(super) fn is_private(line: &str) -> bool {
    Bound::new(line).is_private()
}

/// Says whether a line gives something a value whose name says that it is secret.
///
/// References are not secret, and neither are the paths, addresses and settings that have such words in their names.
pub(super) fn looks_secret(line: &str) -> bool {
    let line = line.trim();
    let Some((name, value)) = line.split_once(['=', ':']).filter(|_| !line.starts_with('#')) else {
        return false;
    };
    let name = name.trim_matches([' ', '"', '\'', '-']).to_uppercase();
    let value = value.trim_matches([' ', '"', '\'', ',', '\t']);
    let words: Vec<&str> = name.split(['_', '-', '.', ' ']).collect();
    let secret = words.iter().any(|word| {
        matches!(
            *word,
            "PASSWORD" | "PASSWD" | "SECRET" | "TOKEN" | "CREDENTIAL" | "CREDENTIALS" | "PRIVATE" | "APIKEY"
        )
    }) || name.ends_with("_KEY")
        || name == "KEY";
    let harmless = matches!(
        words.last().copied(),
        Some("FILE" | "PATH" | "URL" | "TTL" | "ENCRYPTION" | "ID")
    );
    let switch = matches!(
        value.to_lowercase().as_str(),
        "" | "true" | "false" | "yes" | "no"
    );
    secret && !harmless && !switch && !value.starts_with("${") && !value.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let mut vault = Vault::default();
        for (form, name, written) in [
            (SecretForm::Value, "db", "p4ss\\\"w"),
            (SecretForm::Url, "db", "p4ss%22w"),
            (SecretForm::File, "key", "/opt/secrets/key"),
        ] {
            vault.write(form, name, Secret::new(written));
        }
        vault.guard(Secret::new("p4ss\"w"));
        vault
    }

    const BASE: &str =
        "# of 1.0\nA=\"${secret:db}\"\nU=\"x://u:${secret-url:db}@h\"\nF=\"${secret-file:key}\"\n";

    fn filled() -> String {
        vault().fill(BASE).unwrap().expose().to_owned()
    }

    #[test]
    fn what_was_filled_becomes_references_again() {
        let found = vault().refer(&filled(), BASE);
        assert_eq!((found.text.as_str(), found.whole), (BASE, true));
        let edited = filled().replace("@h", "@other") + "MORE=1\n";
        let found = vault().refer(&edited, BASE);
        assert_eq!(found.text, BASE.replace("@h", "@other") + "MORE=1\n");
        assert!(found.whole);
    }

    #[test]
    fn a_text_is_told_by_the_rest_of_it_when_a_secret_is_gone() {
        let vault = Vault::default();
        assert!(vault.is_filled(&filled(), BASE));
        assert!(!vault.is_filled(&filled().replace("# of 1.0", "# of mine"), BASE));
        assert!(!vault.is_filled(&(filled() + "MORE=1\n"), BASE));
        assert!(!vault.is_filled(&filled().replace("@h", "@other"), BASE));
    }

    #[test]
    fn a_secret_copied_elsewhere_is_a_reference_too() {
        let found = vault().refer(&(filled() + "B=\"p4ss\\\"w\"\n"), BASE);
        assert!(found.text.ends_with("B=\"${secret:db}\"\n"), "{}", found.text);
        assert!(found.whole);
    }

    #[test]
    fn a_value_in_another_form_a_changed_one_or_a_new_secret_is_not_recorded() {
        let raw = vault().refer(&(filled() + "note: p4ss\"w\n"), BASE);
        assert!(!raw.whole, "{}", raw.text);
        let changed = vault().refer(&filled().replace("A=\"p4ss\\\"w\"", "A=\"other\""), BASE);
        assert!(!changed.whole, "{}", changed.text);
        let new = vault().refer(&(filled() + "SMTP_PASSWORD=abc\n"), BASE);
        assert!(!new.whole, "{}", new.text);
    }

    #[test]
    fn text_that_looks_like_a_reference_is_not_filled() {
        for typed in ["X=${secret:db}\n", "X=${secret:other}\n"] {
            assert!(!vault().refer(&(filled() + typed), BASE).whole, "{typed}");
        }
    }

    #[test]
    fn names_tell_what_is_secret() {
        for line in [
            "DB_PASSWORD=x",
            "  token: \"abc\"",
            "- api_key: x",
            "SESSION_KEY=\"x\"",
        ] {
            assert!(looks_secret(line), "{line}");
        }
        for line in [
            "DB_PASSWORD_FILE=/x",
            "# password: x",
            "token: ${secret:x}",
            "password_encryption = 'scram'",
            "KEYS=3",
            "tls_key: /etc/x",
        ] {
            assert!(!looks_secret(line), "{line}");
        }
    }
}
