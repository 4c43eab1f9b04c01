//! How what runs is given a license, as data.

use serde::{Deserialize, Serialize};

/// A component that takes a license while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LicenseReload {
    /// The license's service.
    pub service: String,
    /// The secret that holds the license in the target's store.
    pub secret: String,
    /// The component.
    pub component: String,
    /// The port of each of its instances.
    pub port: u16,
    /// The path that a license is posted to.
    pub path: String,
    /// Seconds until an instance that does not answer counts as failed.
    pub within: u32,
}
