//! How what is there differs from what should be: found by drivers, told by `landfall drift`.

use serde::Serialize;

/// Whose a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It follows from what was asked: the next `up`, `upgrade` or `start` settles it.
    Expected,
    /// It is the customer's own, and stays so.
    Yours,
    /// Nobody asked for it, and it can do harm.
    Dangerous,
}

impl Class {
    /// Returns its name, as it stands in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Yours => "yours",
            Self::Dangerous => "dangerous",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Whose it is.
    pub class: Class,
    /// The part of the installation.
    pub part: String,
    /// The file, unit, secret or database.
    pub subject: String,
    /// What differs, as a phrase.
    pub what: String,
    /// The difference between texts, with nothing secret in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<String>,
    /// The next command, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Everything that differs, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The differences.
    pub drift: Vec<Drift>,
    /// What could not be compared, and why.
    pub notes: Vec<String>,
}

impl Report {
    /// Takes in another report.
    pub fn extend(&mut self, other: Self) {
        self.drift.extend(other.drift);
        self.notes.extend(other.notes);
    }

    /// Puts the gravest first; within a class, the order of subjects.
    pub fn sort(&mut self) {
        self.drift
            .sort_by(|a, b| (b.class, &a.part, &a.subject).cmp(&(a.class, &b.part, &b.subject)));
    }

    /// Counts the differences of a class.
    pub fn count(&self, class: Class) -> usize {
        self.drift.iter().filter(|drift| drift.class == class).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_comes_first() {
        let drift = |class, subject: &str| Drift {
            class,
            part: "main".to_owned(),
            subject: subject.to_owned(),
            what: "differs".to_owned(),
            difference: None,
            next: None,
        };
        let mut report = Report {
            drift: vec![
                drift(Class::Expected, "a"),
                drift(Class::Dangerous, "z"),
                drift(Class::Yours, "b"),
                drift(Class::Dangerous, "c"),
            ],
            notes: Vec::new(),
        };
        report.sort();
        let order: Vec<&str> = report.drift.iter().map(|drift| drift.subject.as_str()).collect();
        assert_eq!(order, ["c", "z", "b", "a"]);
        assert_eq!(report.count(Class::Dangerous), 2);
    }
}
