//! One step of a plan: what is done, what it needs first, and how it is taken back.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Action;
use crate::product::Version;

/// Names a step: `<subject>/<verb>`, in kebab-case; ids never change their meaning between versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// Makes an id of a subject (a component, a service or the host) and a verb.
    pub fn new(subject: &str, verb: &str) -> Self {
        Self(format!("{}/{verb}", subject.replace('_', "-")))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name.
    pub id: StepId,
    /// What people read, as a phrase: "unpack the image of the API".
    pub title: String,
    /// The part of the installation it belongs to.
    pub part: String,
    /// The release on the way that it belongs to; none means the one that the run ends with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Version>,
    /// Whether the new version may take users' traffic, and so accept writes, from this step on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opens: bool,
    /// What is done. Doing it twice is the same as doing it once.
    pub action: Action,
    /// How it is taken back.
    pub undo: Undo,
    /// The steps that must have been done before.
    #[serde(default)]
    pub needs: BTreeSet<StepId>,
}

/// How a step is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Undo {
    /// By the performer's `revert`; the phrase says what that does.
    Revert(String),
    /// There is nothing to take back; the phrase says why.
    Nothing(String),
    /// What was done stays, and the next try goes on with it; the phrase says so.
    Stays(String),
    /// It cannot be taken back: the point of no return; the phrase says why.
    Impossible(String),
    /// By putting data back as it was saved; safe only while no step that [opens](Step::opens) has begun.
    Restore {
        /// What that does.
        how: String,
        /// Why the data may stay as it is once users have written to it; without a reason, a person decides.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        or_keep: Option<String>,
    },
}

impl Undo {
    /// Returns the phrase.
    pub fn phrase(&self) -> &str {
        match self {
            Self::Revert(phrase) | Self::Nothing(phrase) | Self::Stays(phrase) | Self::Impossible(phrase) => {
                phrase
            }
            Self::Restore { how, .. } => how,
        }
    }
}
