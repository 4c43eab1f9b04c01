//! What differs between two texts, as people read it; what may be secret is hidden.

use std::fmt::Write as _;

use super::merge::Clash;
use super::vault::{is_private, looks_secret};

/// Stands in the place of what must not be shown.
pub const HIDDEN: &str = "[hidden]";

/// How many lines around a change are shown.
const AROUND: usize = 2;

/// Writes the unified difference between two texts whose known secrets are references.
///
/// Lines that took the place of one with a secret are hidden, and so are values whose names say that they are secret.
pub fn difference(before: &str, after: &str) -> String {
    let mut options = diffy::DiffOptions::new();
    options.set_context_len(AROUND);
    let patch = options.create_patch(before, after);
    let mut text = String::new();
    for hunk in patch.hunks() {
        let (old, new) = (hunk.old_range(), hunk.new_range());
        let _ = writeln!(
            text,
            "@@ -{},{} +{},{} @@",
            old.start(),
            old.len(),
            new.start(),
            new.len()
        );
        let mut held_secret = false;
        for line in hunk.lines() {
            match line {
                diffy::Line::Context(line) => {
                    held_secret = false;
                    let _ = writeln!(text, " {}", shown(line));
                }
                diffy::Line::Delete(line) => {
                    held_secret |= is_private(line);
                    let _ = writeln!(text, "-{}", shown(line));
                }
                diffy::Line::Insert(line) if held_secret => {
                    let _ = writeln!(text, "+{}", named_only(line));
                }
                diffy::Line::Insert(line) => {
                    let _ = writeln!(text, "+{}", shown(line));
                }
            }
        }
    }
    text
}

/// Writes a place at which both sides changed the same lines.
pub(super) fn clash(clash: &Clash) -> String {
    let held_secret = clash.base.iter().any(|line| is_private(line));
    let theirs = |line: &String| match held_secret {
        true => named_only(line),
        false => shown(line),
    };
    let mut text = String::new();
    let sides = [
        (
            "was",
            clash.base.iter().map(|line| shown(line)).collect::<Vec<_>>(),
        ),
        ("yours", clash.theirs.iter().map(theirs).collect()),
        ("new", clash.new.iter().map(|line| shown(line)).collect()),
    ];
    for (name, lines) in sides {
        for line in &lines {
            let _ = writeln!(text, "{name:>7} | {line}");
        }
        if lines.is_empty() {
            let _ = writeln!(text, "{name:>7} | (nothing)");
        }
    }
    text
}

/// Shows a line, but for a value that its name says is secret.
pub fn shown(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    if looks_secret(line) {
        return named_only(line);
    }
    line.to_owned()
}

/// Shows what a value is called, and not the value.
fn named_only(line: &str) -> String {
    let line = line.trim_end_matches(['\n', '\r']);
    match line.find(['=', ':']) {
        Some(at) => format!("{}{HIDDEN}", &line[..=at]),
        None => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_what_changed_and_hides_what_took_a_secrets_place() {
        let before = "# of 1.0\nHOST=\"a\"\nPASS=\"${secret:db}\"\nPORT=\"1\"\n";
        let after = "# of 1.0\nHOST=\"b\"\nPASS=\"hunter2\"\nPORT=\"1\"\nAPI_TOKEN=abc\n";
        let told = difference(before, after);
        assert!(
            told.contains("-HOST=\"a\"\n") && told.contains("-PASS=\"${secret:db}\""),
            "{told}"
        );
        assert!(told.contains("+PASS=[hidden]\n"), "{told}");
        assert!(told.contains("+API_TOKEN=[hidden]\n"), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("abc"), "{told}");
        assert!(
            told.contains("-HOST=\"a\"\n") && told.starts_with("@@ -"),
            "{told}"
        );
    }

    #[test]
    fn a_clash_names_the_three_sides() {
        let told = clash(&Clash {
            base: vec!["b=2".to_owned()],
            theirs: vec!["b=mine".to_owned()],
            new: Vec::new(),
        });
        assert_eq!(told, "    was | b=2\n  yours | b=mine\n    new | (nothing)\n");
    }
}
