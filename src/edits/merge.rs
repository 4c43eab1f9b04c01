//! Three texts become one, line by line.

use diffy::{ConflictStyle, MergeOptions};

/// What came of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// Both sides' changes, in one text.
    Clean(String),
    /// The places at which both changed the same lines, each with the three texts.
    Conflict(Vec<Clash>),
}

/// A place at which both sides changed the same lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clash {
    /// What was rendered last.
    pub base: Vec<String>,
    /// What the customer made of it.
    pub theirs: Vec<String>,
    /// What is rendered now.
    pub new: Vec<String>,
}

/// Long enough that no configuration file has such a line.
const MARKER: usize = 47;

/// Merges what the customer and a new rendering made of the same text.
///
/// Lines side by side that were changed by one side each do not clash, and neither do lines that one side added beside
/// those that the other changed: every rendered file begins with a line that names the version, and what follows it must
/// stay editable, as must its end.
pub fn merge(base: &str, theirs: &str, new: &str) -> Merge {
    let (base, theirs, new) = (ended(base), ended(theirs), ended(new));
    let mut options = MergeOptions::new();
    options
        .set_conflict_marker_length(MARKER)
        .set_conflict_style(ConflictStyle::Diff3);
    match options.merge(&base, &theirs, &new) {
        Ok(text) => Merge::Clean(text),
        Err(marked) => settle(&marked),
    }
}

fn ended(text: &str) -> String {
    match text {
        "" => String::new(),
        text if text.ends_with('\n') => text.to_owned(),
        text => format!("{text}\n"),
    }
}

/// Settles the clashes that are none, and lists the others.
fn settle(marked: &str) -> Merge {
    let marks = ["<", "|", "=", ">"].map(|mark| mark.repeat(MARKER));
    let (mut text, mut clashes) = (String::new(), Vec::new());
    let mut within: Option<(usize, Clash)> = None;
    for line in marked.lines() {
        let mark = marks.iter().position(|mark| line.starts_with(mark.as_str()));
        match (mark, &mut within) {
            (Some(0), _) => within = Some((0, Clash::default())),
            (Some(3), _) => {
                let Some((_, clash)) = within.take() else { continue };
                match clash.settled() {
                    Some(lines) => lines.iter().for_each(|line| text.push_str(&format!("{line}\n"))),
                    None => clashes.push(clash),
                }
            }
            (Some(next), Some((side, _))) => *side = next,
            (_, Some((side, clash))) => {
                let lines = match side {
                    0 => &mut clash.theirs,
                    1 => &mut clash.base,
                    _ => &mut clash.new,
                };
                lines.push(line.to_owned());
            }
            (_, None) => text.push_str(&format!("{line}\n")),
        }
    }
    if clashes.is_empty() {
        Merge::Clean(text)
    } else {
        Merge::Conflict(clashes)
    }
}

impl Clash {
    /// Merges what only stands side by side.
    fn settled(&self) -> Option<Vec<&str>> {
        self.beside(&self.theirs, &self.new)
            .or_else(|| self.beside(&self.new, &self.theirs))
            .or_else(|| self.one_by_one())
    }

    /// Merges where one side only added lines, before or after those that the other changed.
    fn beside<'a>(&'a self, added: &'a [String], changed: &'a [String]) -> Option<Vec<&'a str>> {
        if self.base.is_empty() {
            return None;
        }
        let (before, after) = match (
            added.strip_suffix(&self.base[..]),
            added.strip_prefix(&self.base[..]),
        ) {
            (Some(before), _) => (before, &[][..]),
            (None, Some(after)) => (&[][..], after),
            (None, None) => return None,
        };
        let lines = before.iter().chain(changed).chain(after);
        Some(lines.map(String::as_str).collect())
    }

    /// Merges lines one by one, where no side added or removed any.
    fn one_by_one(&self) -> Option<Vec<&str>> {
        if self.base.len() != self.theirs.len() || self.base.len() != self.new.len() {
            return None;
        }
        let lines = self.base.iter().zip(&self.theirs).zip(&self.new);
        lines
            .map(|((base, theirs), new)| match () {
                () if theirs == base => Some(new.as_str()),
                () if new == base || new == theirs => Some(theirs.as_str()),
                () => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "# of 1.0\na=1\nb=2\nc=3\n";

    fn clean(theirs: &str, new: &str) -> String {
        match merge(BASE, theirs, new) {
            Merge::Clean(text) => text,
            Merge::Conflict(clashes) => panic!("{clashes:?}"),
        }
    }

    #[test]
    fn changes_of_both_sides_come_together() {
        let theirs = "# of 1.0\na=1\nb=2\nc=9\nd=mine\n";
        let new = "# of 1.1\na=1\nb=2\nc=3\n";
        assert_eq!(clean(theirs, new), "# of 1.1\na=1\nb=2\nc=9\nd=mine\n");
    }

    #[test]
    fn neighbours_that_one_side_each_changed_do_not_clash() {
        let theirs = "# of 1.0\na=9\nb=2\nc=3\n";
        let new = "# of 1.1\na=1\nb=2\nc=3\nd=4\n";
        assert_eq!(clean(theirs, new), "# of 1.1\na=9\nb=2\nc=3\nd=4\n");
    }

    #[test]
    fn lines_added_beside_changed_ones_do_not_clash() {
        let new = "# of 1.1\na=1\nb=2\nc=7\n";
        assert_eq!(
            clean("# of 1.0\na=1\nb=2\nc=3\nd=mine\n", new),
            "# of 1.1\na=1\nb=2\nc=7\nd=mine\n"
        );
        assert_eq!(
            clean("# mine\n# of 1.0\na=1\nb=2\nc=3\n", new),
            "# mine\n# of 1.1\na=1\nb=2\nc=7\n"
        );
    }

    #[test]
    fn a_last_line_without_an_end_is_a_line() {
        assert_eq!(
            clean("# of 1.0\na=1\nb=2\nc=9", "# of 1.1\na=1\nb=2\nc=3\n"),
            "# of 1.1\na=1\nb=2\nc=9\n"
        );
    }

    #[test]
    fn the_same_line_changed_twice_is_shown_with_all_three_texts() {
        let found = merge(
            BASE,
            "# of 1.0\na=1\nb=mine\nc=3\n",
            "# of 1.1\na=1\nb=new\nc=3\n",
        );
        let clash = Clash {
            base: vec!["b=2".to_owned()],
            theirs: vec!["b=mine".to_owned()],
            new: vec!["b=new".to_owned()],
        };
        assert_eq!(found, Merge::Conflict(vec![clash]));
    }

    #[test]
    fn the_same_change_on_both_sides_is_one() {
        let both = "# of 1.0\na=1\nb=7\nc=3\n";
        assert_eq!(clean(both, both), both);
    }
}
