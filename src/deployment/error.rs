//! Why answers do not make a deployment.

use super::outline::Asked;
use crate::document::Problems;
use crate::product::ProductError;

/// Says why answers do not make a deployment.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// Answers are wrong.
    #[error("the answers do not fit the product")]
    Answers {
        /// Every wrong answer, placed in the answers file.
        #[source]
        problems: Problems,
    },
    /// Answers are missing.
    #[error("{} missing", if .missing.len() == 1 { "an answer is".to_owned() } else { format!("{} answers are", .missing.len()) })]
    Missing {
        /// Every missing answer.
        missing: Vec<Missing>,
    },
    /// A part of the product's definition fails when it is evaluated.
    #[error("could not evaluate `{key}` of the product's definition: {message}")]
    Evaluate {
        /// The key path in the definition.
        key: String,
        /// What the expression engine says.
        message: String,
    },
    /// A component of the chosen mode has no image in the release.
    #[error("release {version} has no image for the component `{component}`")]
    NoImage {
        /// The release.
        version: String,
        /// The component.
        component: String,
    },
    /// A component cannot run on a host.
    #[error("the component `{component}` names no binary, so it cannot run on a host")]
    NoBinary {
        /// The component.
        component: String,
    },
    /// Components wait for each other.
    #[error("the components {components} wait for each other")]
    Circle {
        /// Their names.
        components: String,
    },
    /// A file of the product cannot be read.
    #[error(transparent)]
    Product(#[from] ProductError),
}

/// An answer that is needed and not there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Missing {
    /// The key in the answers file.
    pub key: String,
    /// What would be asked.
    pub prompt: String,
    /// What may be answered.
    pub expected: String,
    /// The flag that answers it.
    pub flag: String,
}

impl Missing {
    /// Describes the answer to a question that nobody gave.
    pub fn of(asked: &Asked) -> Self {
        let choices: Vec<&str> = asked
            .question
            .choices
            .iter()
            .map(|choice| choice.value.as_str())
            .collect();
        let expected = if choices.is_empty() {
            asked.question.kind.describe().to_owned()
        } else {
            format!("one of {}", choices.join(", "))
        };
        Self {
            key: asked.key.clone(),
            prompt: asked.question.prompt.clone(),
            expected,
            flag: format!("--set {}=...", asked.key),
        }
    }
}
