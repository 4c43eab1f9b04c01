//! Why the wizard ends without an answers file.

use crate::deployment::{Complaint, Missing};

/// Says why there are no answers.
#[derive(Debug, thiserror::Error)]
pub enum WizardError {
    /// The person said so.
    #[error("cancelled: nothing was written")]
    Cancelled,
    /// Nothing can be asked.
    #[error("could not ask `{key}`")]
    Ask {
        /// The key of the question.
        key: String,
        /// Why.
        #[source]
        source: PromptError,
    },
    /// Answers are wrong.
    #[error("{}", wrong(.complaints))]
    Answers {
        /// Every wrong answer.
        complaints: Vec<Complaint>,
    },
    /// Answers are missing and nobody is asked.
    #[error("{}", lacking(.missing))]
    Missing {
        /// Every missing answer that is known to be needed.
        missing: Vec<Missing>,
    },
    /// What was given on the command line has no `=`.
    #[error("expected `KEY=VALUE`, not `{given}`")]
    NoPair {
        /// What was given; only its start when it is long.
        given: String,
    },
    /// Nothing asks for a key.
    #[error("nothing asks for `{key}` here")]
    UnknownKey {
        /// The key.
        key: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// A value does not fit its question.
    #[error("`{key}`: {message}")]
    Value {
        /// The key.
        key: String,
        /// What was expected.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

/// Says why a question cannot be put to anybody.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// The terminal does not work.
    #[error("the terminal cannot be used")]
    Terminal(#[source] std::io::Error),
    /// A script has no further reply.
    #[error("the script has no reply left")]
    Ended,
}

impl WizardError {
    /// Says what to do next.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownKey { hint, .. } | Self::Value { hint, .. } => hint.iter().cloned().collect(),
            Self::Answers { complaints } => complaints.iter().filter_map(|one| one.hint.clone()).collect(),
            Self::Missing { missing } => missing
                .iter()
                .map(|missing| format!("{} ({})", missing.flag, missing.expected))
                .collect(),
            Self::Cancelled | Self::Ask { .. } | Self::NoPair { .. } => Vec::new(),
        }
    }
}

fn wrong(complaints: &[Complaint]) -> String {
    let lines: Vec<String> = complaints
        .iter()
        .map(|one| format!("`{}`: {}", one.key, one.message))
        .collect();
    lines.join("\n")
}

fn lacking(missing: &[Missing]) -> String {
    let keys: Vec<String> = missing.iter().map(|one| format!("`{}`", one.key)).collect();
    let noun = if keys.len() == 1 {
        "an answer is"
    } else {
        "answers are"
    };
    format!("{noun} missing: {}", keys.join(", "))
}
