//! Why nothing can be estimated.

use thiserror::Error;

/// Describes why an estimate could not be made.
#[derive(Debug, Error)]
pub enum CostError {
    /// A price table that is built in is wrong: a mistake of ours.
    #[error("the price table is not usable")]
    Table {
        /// What is wrong.
        #[source]
        source: serde_yaml::Error,
    },
    /// The table does not know what something is charged with: a mistake of ours, found by tests.
    #[error("the price table of {date} does not know `{name}`")]
    Unknown {
        /// The table's date.
        date: jiff::civil::Date,
        /// The kind, price, measure or assumption.
        name: String,
    },
    /// Something was assumed that the table does not ask.
    #[error("`{key}` is nothing that the estimate assumes")]
    Assumption {
        /// The key that was given.
        key: String,
        /// Those that there are.
        known: Vec<String>,
    },
}
