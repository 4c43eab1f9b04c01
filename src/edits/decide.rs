//! What becomes of a file that the customer changed.

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::difference::{clash, difference};
use super::merge::{Merge, merge};
use super::vault::Vault;
use crate::oci::Digest;

/// What becomes of a file that the customer changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It stays as the customer made it.
    Kept,
    /// It goes along to the new release as it is, copied from the old one: what is in it must not be recorded.
    Copied,
    /// The customer's changes and those of the new rendering come together.
    Merged,
    /// It is written anew; the customer said so.
    Overwritten,
    /// Both changed the same lines, and nobody has decided yet.
    Conflict,
}

/// A file that the customer changed, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// Where the customer's text lies.
    pub from: Utf8PathBuf,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Whether that was decided on the command line.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub decided: bool,
    /// The digest of the text that is placed, secrets as references; none when nothing is written but what was rendered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Digest>,
    /// What is in conflict, for people; nothing secret stands in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflict: Vec<String>,
}

/// What the customer says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Keep mine.
    Keep,
    /// Write what is rendered.
    Overwrite,
}

/// What the customer says about files, by their paths: those of artifacts, or those on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    /// The files that stay as they are.
    pub keep: Vec<String>,
    /// The files that are written anew.
    pub overwrite: Vec<String>,
}

/// Names every file.
const ALL: &str = "all";

impl Decisions {
    /// Finds what is said about a file; what names it goes before what names all.
    pub fn of(&self, part: &str, artifact: &Utf8Path, place: &Utf8Path) -> Option<Decision> {
        let named = |list: &[String]| {
            list.iter().any(|name| {
                let name = Utf8Path::new(name);
                name == artifact
                    || name == place
                    || name.strip_prefix(part).is_ok_and(|rest| rest == artifact)
            })
        };
        let all = |list: &[String]| list.iter().any(|name| name == ALL);
        if named(&self.keep) {
            Some(Decision::Keep)
        } else if named(&self.overwrite) {
            Some(Decision::Overwrite)
        } else if all(&self.keep) {
            Some(Decision::Keep)
        } else {
            all(&self.overwrite).then_some(Decision::Overwrite)
        }
    }

    /// Lists the names that were said, but for `all`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.keep.iter().chain(&self.overwrite);
        names.map(String::as_str).filter(|name| *name != ALL)
    }

    /// Takes in what was decided about a file before.
    pub fn remember(&mut self, name: String, edit: &Edit) {
        match edit.outcome {
            _ if !edit.decided => {}
            Outcome::Overwritten => self.overwrite.push(name),
            _ => self.keep.push(name),
        }
    }
}

/// The texts of one file.
#[derive(Debug)]
pub struct Sides<'a> {
    /// What was rendered last, secrets as references.
    pub base: &'a str,
    /// What lies on disk; none when it is no text.
    pub theirs: Option<&'a str>,
    /// What is rendered now, secrets as references.
    pub new: &'a str,
    /// Whether its place changes, as it does from one release to the next.
    pub moves: bool,
    /// Whether it must be written because a secret in it changes.
    pub rewritten: bool,
    /// What the customer says.
    pub decision: Option<Decision>,
}

/// What becomes of a file, with the text to place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What becomes of it.
    pub outcome: Outcome,
    /// The text to place, secrets as references; none when it stays where it is, is copied or is rendered.
    pub text: Option<String>,
    /// What is in conflict, for people.
    pub conflict: Vec<String>,
}

impl Decided {
    fn new(outcome: Outcome, text: Option<String>) -> Self {
        Self {
            outcome,
            text,
            conflict: Vec::new(),
        }
    }
}

/// Decides about a file; none when the customer changed nothing that matters.
pub fn decide(sides: &Sides<'_>, vault: &Vault) -> Option<Decided> {
    let is = |text: &str| sides.theirs.is_some_and(|theirs| vault.is_filled(theirs, text));
    if is(sides.base) || is(sides.new) {
        return None;
    }
    if sides.decision == Some(Decision::Overwrite) {
        return Some(Decided::new(Outcome::Overwritten, None));
    }
    let referred = sides.theirs.map(|theirs| vault.refer(theirs, sides.base));
    let whole = referred.as_ref().filter(|referred| referred.whole);
    if sides.base == sides.new || sides.decision == Some(Decision::Keep) {
        return Some(keep(sides, whole.map(|referred| referred.text.as_str())));
    }
    let Some(text) = whole.map(|referred| referred.text.as_str()) else {
        return Some(unmergeable(
            sides,
            referred.as_ref().map(|referred| referred.text.as_str()),
        ));
    };
    match merge(sides.base, text, sides.new) {
        Merge::Clean(merged) if merged == sides.new => None,
        Merge::Clean(merged) if merged == text => Some(keep(sides, Some(text))),
        Merge::Clean(merged) => Some(Decided::new(Outcome::Merged, Some(merged))),
        Merge::Conflict(clashes) => Some(Decided {
            conflict: clashes.iter().map(clash).collect(),
            ..Decided::new(Outcome::Conflict, None)
        }),
    }
}

fn keep(sides: &Sides<'_>, whole: Option<&str>) -> Decided {
    match whole {
        Some(text) if sides.moves || sides.rewritten => Decided::new(Outcome::Kept, Some(text.to_owned())),
        None if sides.moves => Decided::new(Outcome::Copied, None),
        _ => Decided::new(Outcome::Kept, None),
    }
}

/// Says why a file that the customer changed cannot be merged.
fn unmergeable(sides: &Sides<'_>, referred: Option<&str>) -> Decided {
    let conflict = match referred {
        Some(text) => vec![
            "a line of it may hold a secret, and secrets are never recorded".to_owned(),
            difference(sides.base, text),
        ],
        None => vec!["it is no text any more".to_owned()],
    };
    Decided {
        conflict,
        ..Decided::new(Outcome::Conflict, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::SecretForm;
    use crate::secret::Secret;

    const BASE: &str = "# of 1.0\na=1\nb=2\nP=\"${secret:db}\"\n";
    const NEXT: &str = "# of 1.1\na=1\nb=2\nP=\"${secret:db}\"\n";

    fn vault() -> Vault {
        let mut vault = Vault::default();
        vault.write(SecretForm::Value, "db", Secret::new("s3cr3t"));
        vault.guard(Secret::new("s3cr3t"));
        vault
    }

    fn sides<'a>(theirs: &'a str, new: &'a str) -> Sides<'a> {
        Sides {
            base: BASE,
            theirs: Some(theirs),
            new,
            moves: false,
            rewritten: false,
            decision: None,
        }
    }

    const UNTOUCHED: &str = "# of 1.0\na=1\nb=2\nP=\"s3cr3t\"\n";

    #[test]
    fn what_was_not_edited_is_written_silently() {
        assert_eq!(decide(&sides(UNTOUCHED, NEXT), &vault()), None);
        let already = UNTOUCHED.replace("1.0", "1.1");
        assert_eq!(decide(&sides(&already, NEXT), &vault()), None);
    }

    #[test]
    fn an_edit_of_what_did_not_change_is_kept_and_its_text_is_not_recorded() {
        let theirs = UNTOUCHED.replace("b=2", "b=9");
        let kept = decide(&sides(&theirs, BASE), &vault()).unwrap();
        assert_eq!((kept.outcome, kept.text), (Outcome::Kept, None));
        let rotated = Sides {
            rewritten: true,
            ..sides(&theirs, BASE)
        };
        let text = decide(&rotated, &vault()).unwrap().text.unwrap();
        assert_eq!(text, BASE.replace("b=2", "b=9"));
    }

    #[test]
    fn both_sides_changes_are_merged_with_secrets_as_references() {
        let theirs = UNTOUCHED.replace("b=2", "b=9");
        let merged = decide(&sides(&theirs, NEXT), &vault()).unwrap();
        assert_eq!(merged.outcome, Outcome::Merged);
        assert_eq!(merged.text.unwrap(), NEXT.replace("b=2", "b=9"));
    }

    #[test]
    fn a_conflict_waits_for_a_decision() {
        let theirs = UNTOUCHED.replace("b=2", "b=9");
        let new = NEXT.replace("b=2", "b=7");
        let conflict = decide(&sides(&theirs, &new), &vault()).unwrap();
        assert_eq!(conflict.outcome, Outcome::Conflict);
        assert!(conflict.conflict[0].contains("yours | b=9"), "{conflict:?}");
        for (decision, moves, outcome) in [
            (Decision::Keep, false, Outcome::Kept),
            (Decision::Keep, true, Outcome::Kept),
            (Decision::Overwrite, true, Outcome::Overwritten),
        ] {
            let decided = Sides {
                moves,
                decision: Some(decision),
                ..sides(&theirs, &new)
            };
            assert_eq!(decide(&decided, &vault()).unwrap().outcome, outcome);
        }
    }

    #[test]
    fn a_changed_secret_is_a_conflict_that_shows_nothing_of_it_and_goes_along_as_a_copy() {
        let theirs = UNTOUCHED.replace("s3cr3t", "hunter2");
        let conflict = decide(&sides(&theirs, NEXT), &vault()).unwrap();
        assert_eq!(conflict.outcome, Outcome::Conflict);
        assert!(!conflict.conflict.concat().contains("hunter2"), "{conflict:?}");
        let kept = Sides {
            moves: true,
            decision: Some(Decision::Keep),
            ..sides(&theirs, NEXT)
        };
        assert_eq!(decide(&kept, &vault()).unwrap().outcome, Outcome::Copied);
        let in_place = decide(&sides(&theirs, BASE), &vault()).unwrap();
        assert_eq!((in_place.outcome, in_place.text), (Outcome::Kept, None));
    }

    #[test]
    fn decisions_name_files_in_the_ways_people_see_them() {
        let decisions = Decisions {
            keep: vec!["config/api/a.yaml".to_owned(), "/opt/x/env/web.env".to_owned()],
            overwrite: vec!["all".to_owned()],
        };
        let of =
            |artifact: &str, place: &str| decisions.of("main", Utf8Path::new(artifact), Utf8Path::new(place));
        assert_eq!(of("config/api/a.yaml", "/x"), Some(Decision::Keep));
        assert_eq!(of("env/web.env", "/opt/x/env/web.env"), Some(Decision::Keep));
        assert_eq!(of("proxy.yaml", "/x"), Some(Decision::Overwrite));
    }
}
