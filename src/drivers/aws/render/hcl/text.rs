//! Text between quotes.

use super::Piece;

/// Writes text with references in it; one reference alone needs no quotes.
pub(super) fn template(pieces: &[Piece]) -> String {
    if let [Piece::Reference(reference)] = pieces {
        return reference.write();
    }
    let mut text = String::from("\"");
    for (index, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Plain(plain) => {
                let opens = pieces.get(index + 1).is_some();
                escape(plain, opens, &mut text);
            }
            Piece::Reference(reference) => {
                text.push_str("${");
                text.push_str(&reference.write());
                text.push('}');
            }
        }
    }
    text.push('"');
    text
}

/// Writes plain text.
pub(super) fn quoted(text: &str) -> String {
    template(&[Piece::Plain(text.to_owned())])
}

/// Escapes plain text; `opens` says that more of the template follows it.
fn escape(plain: &str, opens: bool, into: &mut String) {
    let mut rest = plain.chars().peekable();
    while let Some(letter) = rest.next() {
        let next = rest.peek().copied();
        match letter {
            '"' => into.push_str("\\\""),
            '\\' => into.push_str("\\\\"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\t' => into.push_str("\\t"),
            // Before a brace it would open a reference; doubled it does not.
            '$' | '%' if next == Some('{') => into.extend([letter, letter]),
            // Before such a pair, or before a reference that follows, it would be read together with what comes.
            '$' | '%' if next == Some(letter) || (next.is_none() && opens) => {
                into.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            control if control.is_control() => into.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => into.push(other),
        }
    }
}
