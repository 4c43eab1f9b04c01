//! How what is there compares with what should be.

use serde::{Deserialize, Serialize};

/// How something compares with what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likeness {
    /// It is as it should be.
    Same,
    /// It is there and different.
    Different,
    /// It is not there.
    Absent,
}
