//! A target's own options of a part, read into its own type.

use serde::de::DeserializeOwned;

use crate::deployment::Part;
use crate::render::RenderError;

/// Reads the options of a part.
///
/// # Errors
/// [`RenderError::Options`] when they are not what the target asks for.
pub(super) fn options<T: DeserializeOwned>(part: &Part) -> Result<T, RenderError> {
    serde_json::from_value(part.options.clone().into()).map_err(|error| unusable(part, error.to_string()))
}

/// Says what is wrong with the options of a part.
pub(super) fn unusable(part: &Part, message: String) -> RenderError {
    RenderError::Options {
        part: part.name.clone(),
        message,
    }
}
