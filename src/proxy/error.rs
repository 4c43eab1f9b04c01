//! What can go wrong with the proxy.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use thiserror::Error;

/// Describes why the proxy cannot serve.
#[derive(Debug, Error)]
pub enum ProxyError {
    /// The configuration could not be read.
    #[error("could not read `{path}`")]
    ReadConfig {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The configuration is not valid YAML or has a wrong field.
    #[error("could not understand `{path}`")]
    ParseConfig {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: serde_yaml::Error,
    },
    /// A route cannot work.
    #[error("route `{path}` is not valid: {reason}")]
    InvalidRoute {
        /// Its path.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A header cannot be sent.
    #[error("header `{name}` is not valid")]
    InvalidHeader {
        /// Its name.
        name: String,
    },
    /// A certificate or key could not be read.
    #[error("could not read the certificate or key `{path}`")]
    ReadPem {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not work together.
    #[error("certificate and key cannot be used")]
    Certificate(
        /// What is wrong.
        #[source]
        rustls::Error,
    ),
    /// The address cannot be listened at.
    #[error("could not listen at {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
