//! What can be wrong with definitions and releases.

use camino::Utf8PathBuf;

use super::Version;
use crate::document::Problems;

/// Says why a product or a release cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ProductError {
    /// No product of that name is known.
    #[error("no product is called `{name}`: known are {known}")]
    UnknownProduct {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
        /// The one that was probably meant.
        nearest: Option<String>,
    },
    /// The product has no release at all.
    #[error("{product} has no release yet, so there is no image to run")]
    NoRelease {
        /// The product's name.
        product: String,
    },
    /// The product has releases, but not this one.
    #[error("{product} has no release {version}: known are {known}")]
    UnknownRelease {
        /// The product's name.
        product: String,
        /// What was asked for.
        version: Version,
        /// The versions there are.
        known: String,
    },
    /// A definition or release is wrong in itself.
    #[error("{what} is not valid")]
    Invalid {
        /// Which document.
        what: String,
        /// Everything that is wrong, placed.
        #[source]
        problems: Problems,
    },
    /// A file could not be read.
    #[error("could not read {path}")]
    Read {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write {path}")]
    Write {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file that would be made is there already.
    #[error("{path} is there already")]
    Exists {
        /// The file.
        path: Utf8PathBuf,
    },
}
