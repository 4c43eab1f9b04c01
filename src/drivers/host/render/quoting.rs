//! Text as systemd reads it.

/// Keeps systemd from expanding `%` in a setting.
pub(super) fn no_specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// Quotes a path in a setting that takes several.
pub(super) fn systemd_path(path: &str) -> String {
    let path = no_specifiers(path);
    if path.contains(char::is_whitespace) || path.contains(['"', '\'', '\\']) {
        format!("\"{}\"", path.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        path
    }
}

/// Quotes a value for an environment file, as systemd.exec(5) reads `EnvironmentFile=`.
pub(super) fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=?&${}*".contains(&byte);
    // A secret may hold anything, and what replaces the reference is escaped for double quotes.
    if !value.is_empty() && value.bytes().all(plain) && !value.contains("${secret") {
        return value.to_owned();
    }
    format!(
        "\"{}\"",
        value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}

/// Quotes a word for `ExecStart=`, as systemd.service(5) splits it; `%` and `$` would be expanded.
pub(super) fn systemd_word(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    if word.contains(char::is_whitespace) || word.contains(['"', '\'', '\\', ';']) || word.is_empty() {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        word
    }
}

/// Turns a Kubernetes quantity into what systemd reads: `256Mi` into `256M`, both powers of 1024.
pub(super) fn systemd_bytes(quantity: &str) -> Option<String> {
    let digits = quantity.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &quantity[digits.len()..] {
        "Ki" => "K",
        "Mi" => "M",
        "Gi" => "G",
        "Ti" => "T",
        "" => "",
        _ => return None,
    };
    digits.parse::<u64>().ok().map(|number| format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_quoted_as_systemd_reads_them() {
        assert_eq!(systemd_word("a b"), "\"a b\"");
        assert_eq!(systemd_word("100%"), "100%%");
        assert_eq!(systemd_path("/opt/a b"), "\"/opt/a b\"");
        assert_eq!(quoted("a b\"c"), "\"a b\\\"c\"");
        assert_eq!(
            quoted("postgres://u:${secret-url:p}@h:1/x"),
            "\"postgres://u:${secret-url:p}@h:1/x\""
        );
    }

    #[test]
    fn quantities_become_systemd_sizes() {
        assert_eq!(systemd_bytes("256Mi").as_deref(), Some("256M"));
        assert_eq!(systemd_bytes("1.5G"), None);
    }
}
