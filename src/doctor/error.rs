//! Why a probe did not come back with what it was sent for.

use crate::license::LicenseError;

/// Says why a probe failed.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// Nothing answers there.
    #[error("nothing answers at {address}")]
    Connect {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// TLS could not be agreed on.
    #[error("no TLS connection to {address}")]
    Tls {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A URL could not be fetched.
    #[error("could not fetch {url}")]
    Fetch {
        /// The URL.
        url: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// A database refused.
    #[error("the database at {address} refused")]
    Database {
        /// Where.
        address: String,
        /// Why.
        #[source]
        source: tokio_postgres::Error,
    },
    /// What answers does not speak as it should.
    #[error("{address} answers in an unexpected way: {said}")]
    Strange {
        /// Where.
        address: String,
        /// What it said, shortened.
        said: String,
    },
    /// A file or folder cannot be used.
    #[error("could not {doing} {path}")]
    Path {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A license cannot be judged.
    #[error("the license cannot be judged")]
    License(#[source] LicenseError),
    /// An environment variable is not set.
    #[error("the environment variable `{name}` is not set")]
    Unset {
        /// The variable.
        name: String,
    },
}

impl ProbeError {
    /// Writes the error with everything that caused it, on one line.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            text.push_str(": ");
            text.push_str(&error.to_string());
            source = error.source();
        }
        text
    }
}
