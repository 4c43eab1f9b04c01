//! Something that costs.

use std::collections::BTreeMap;

use super::amount::{Amount, Band};

/// Something that a deployment makes, as the price table can find it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Where it belongs, such as a layer.
    pub layer: String,
    /// What it is, in the target's own word: `word`, or `word/variant` where the price depends on more.
    pub kind: String,
    /// Which one it is; empty where there is one alone.
    pub subject: String,
    /// How many of it there are.
    pub count: u64,
    /// What it is measured by, for each one.
    pub measures: BTreeMap<&'static str, Band<Amount>>,
}

impl Thing {
    /// Makes one thing without measures.
    pub fn new(layer: &str, kind: impl Into<String>) -> Self {
        Self {
            layer: layer.to_owned(),
            kind: kind.into(),
            subject: String::new(),
            count: 1,
            measures: BTreeMap::new(),
        }
    }

    /// Says which one it is.
    #[must_use]
    pub fn named(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// Says how many there are.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.count = count.try_into().unwrap_or(u64::MAX);
        self
    }

    /// Adds a measure.
    #[must_use]
    pub fn measuring(mut self, name: &'static str, band: Band<Amount>) -> Self {
        self.measures.insert(name, band);
        self
    }

    /// Returns the kind without its variant.
    pub fn word(&self) -> &str {
        self.kind.split('/').next().unwrap_or_default()
    }
}
