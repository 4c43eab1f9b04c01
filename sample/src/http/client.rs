//! A small HTTP client: one connection per call, whole bodies.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Method, StatusCode, Uri};
use hyper_util::rt::TokioIo;

use crate::error::{Explain as _, Failure};
use crate::net::Network;

const TIMEOUT: Duration = Duration::from_secs(10);
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// One request to make.
pub struct Call {
    /// The method.
    pub method: Method,
    /// The absolute address.
    pub url: String,
    /// Header fields, without `host`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// Asks for an address.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }
}

/// Makes calls.
#[derive(Clone)]
pub struct Client {
    network: Network,
}

impl Client {
    /// Makes a client on a network.
    pub fn new(network: Network) -> Self {
        Self { network }
    }

    /// Makes a call and gives the status and the whole body.
    pub async fn send(&self, call: Call) -> Result<(StatusCode, Bytes), Failure> {
        let what = format!("no answer to {} {}", call.method, call.url);
        tokio::time::timeout(TIMEOUT, self.exchange(call))
            .await
            .explain(what)?
    }

    /// Asks for a JSON document.
    pub async fn json<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, Failure> {
        let (status, body) = self.send(Call::get(url)).await?;
        if !status.is_success() {
            return Err(Failure::new(format!("{url} answered {status}")));
        }
        serde_json::from_slice(&body).explain(format_args!("cannot read the answer of {url}"))
    }

    async fn exchange(&self, call: Call) -> Result<(StatusCode, Bytes), Failure> {
        let Call {
            method,
            url,
            headers,
            body,
        } = call;
        let uri: Uri = url.parse().explain(format_args!("`{url}` is no address"))?;
        let encrypted = uri.scheme_str() == Some("https");
        let host = uri
            .host()
            .ok_or_else(|| Failure::new(format!("`{url}` names no host")))?;
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        let bare_host = host.trim_matches(['[', ']']);
        let mut stream = self.network.plain(bare_host, port).await?;
        if encrypted {
            stream = self.network.encrypt(bare_host, stream).await?;
        }
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .explain(format_args!("cannot speak HTTP with {host}"))?;
        // Its outcome is the outcome of the call itself.
        tokio::spawn(connection);

        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = hyper::Request::builder().method(method).uri(path);
        let authority = uri.authority().map_or(host, |authority| authority.as_str());
        request = request.header("host", authority);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).explain("cannot form the request")?;
        let response = sender
            .send_request(request)
            .await
            .explain(format_args!("{url} did not answer"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_LIMIT).collect().await;
        let body = body.map_err(|error| Failure::new(format!("the answer of {url} broke off: {error}")))?;
        Ok((status, body.to_bytes()))
    }
}
