//! The one error of this product: a sentence that says what failed, why, and what to do.

use std::error::Error;
use std::fmt;

/// A failure, told in one sentence.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// Makes a failure of a sentence.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Turns an error into a [`Failure`] that says what was tried.
pub trait Explain<T> {
    /// Puts `what` before the error and its causes.
    fn explain(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Error> Explain<T> for Result<T, E> {
    fn explain(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| {
            let mut message = format!("{what}: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                message.push_str(&format!(": {error}"));
                cause = error.source();
            }
            Failure(message)
        })
    }
}
