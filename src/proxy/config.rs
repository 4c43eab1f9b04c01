//! What the proxy is told.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use camino::{Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::error::ProxyError;

/// Says where the proxy listens and where requests go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// The address to listen at; a change needs a restart.
    #[schemars(with = "String")]
    pub listen: SocketAddr,
    /// The certificate; without one, plain HTTP. Its files are read again with every new configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Where requests go; the longest path that fits wins.
    pub routes: Vec<Route>,
    /// Headers that every response gets.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Whether the `X-Forwarded-*` headers of a request are believed, because another proxy stands in front.
    #[serde(default)]
    pub trust_forwarded: bool,
    /// The file that closes the proxy: while it is there, every new request is answered 503 with what it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub closed: Option<Utf8PathBuf>,
    /// How long things may take.
    #[serde(default)]
    pub timeouts: Timeouts,
}

/// Names the files of a certificate, both PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, followed by those between it and the root.
    #[schemars(with = "String")]
    pub certificate: Utf8PathBuf,
    /// Its private key.
    #[schemars(with = "String")]
    pub key: Utf8PathBuf,
}

/// Says where the requests for a path go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The path, such as `/api`: it takes `/api` and `/api/x`, but not `/apix`.
    pub path: String,
    /// The `host:port` that answers; without one, the route is switched off and answers 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Whether the upstream gets the path without this prefix.
    #[serde(default)]
    pub strip: bool,
    /// Whether the upstream speaks HTTP/2 without TLS, as gRPC servers do.
    #[serde(default)]
    pub h2c: bool,
}

/// Says how long things may take, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Timeouts {
    /// Until an upstream takes the connection.
    pub connect_seconds: u64,
    /// From the last byte of the request to the first of the response.
    pub response_seconds: u64,
    /// Until a client has sent its request's headers, or finished the TLS handshake.
    pub header_seconds: u64,
    /// From a shutdown until open connections are cut.
    pub grace_seconds: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect_seconds: 5,
            response_seconds: 60,
            header_seconds: 30,
            grace_seconds: 30,
        }
    }
}

impl ProxyConfig {
    /// Reads a configuration file.
    pub fn read(path: &Utf8Path) -> Result<Self, ProxyError> {
        let text = fs_err::read_to_string(path).map_err(|source| ProxyError::ReadConfig {
            path: path.to_owned(),
            source,
        })?;
        serde_yaml::from_str(&text).map_err(|source| ProxyError::ParseConfig {
            path: path.to_owned(),
            source,
        })
    }
}
