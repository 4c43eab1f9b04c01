//! Licenses.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Policy.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// Key.
    pub key: Option<String>,
}
