//! What steps do, as data: verbs with everything they need to know.

use serde::{Deserialize, Serialize};

/// What a step does. A driver's performer carries it out; nothing is decided there any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Does nothing.
    Nothing,
}
