//! The answers file's JSON Schema, for editors and checks.

use serde_json::Value;

use super::Answers;
use crate::product::described;

/// Returns the JSON Schema of the answers file.
pub fn answers_schema() -> Value {
    described::<Answers>("answers", "Answers to what a product asks: landfall.yaml")
}
