//! One request's way through.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::{Instant, sleep_until};

use super::body::{Body, Movement, text};
use super::closed::closed;
use super::headers::{remove_hop_by_hop, set_forwarded, set_upgrade};
use super::prepared::{Prepared, PreparedRoute, climbs};
use super::server::Guard;

/// Tells of one request that was answered.
///
/// Its `Display` is a line for an access log. The query is left out, because tokens travel in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who asked.
    pub peer: IpAddr,
    /// How.
    pub method: Method,
    /// For what.
    pub path: String,
    /// What the answer was.
    pub status: StatusCode,
    /// Who answered, unless it was the proxy itself.
    pub upstream: Option<String>,
    /// How long it took until the answer began.
    pub took: Duration,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            peer,
            method,
            path,
            status,
            upstream,
            took,
        } = self;
        let upstream = upstream.as_deref().unwrap_or("-");
        write!(
            f,
            "{peer} {method} {path} {} {upstream} {} ms",
            status.as_u16(),
            took.as_millis()
        )
    }
}

/// Holds the connections to upstreams, by the protocol they speak.
pub(super) struct Upstreams {
    http1: Client<HttpConnector, Body>,
    h2c: Client<HttpConnector, Body>,
}

impl Upstreams {
    pub(super) fn new(connect: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(connect));
        connector.set_nodelay(true);
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .timer(TokioTimer::new());
        let http1 = builder.build(connector.clone());
        let h2c = builder.http2_only(true).build(connector);
        Self { http1, h2c }
    }
}

/// Where a request came from.
#[derive(Clone, Copy)]
pub(super) struct Origin {
    pub(super) peer: SocketAddr,
    pub(super) secure: bool,
}

/// Answers one request, and tells who answered.
pub(super) async fn answer(
    prepared: &Prepared,
    upstreams: &Upstreams,
    origin: Origin,
    guard: &Guard,
    request: Request<Incoming>,
) -> (Response<Body>, Option<String>) {
    let closed = match &prepared.closed {
        Some(file) => closed(file, request.headers()).await,
        None => None,
    };
    let (mut response, upstream) = match closed {
        Some(closed) => (closed, None),
        None => answer_open(prepared, upstreams, origin, guard, request).await,
    };
    response.headers_mut().extend(prepared.headers.clone());
    (response, upstream)
}

async fn answer_open(
    prepared: &Prepared,
    upstreams: &Upstreams,
    origin: Origin,
    guard: &Guard,
    request: Request<Incoming>,
) -> (Response<Body>, Option<String>) {
    match route(prepared, &request) {
        Err((status, reason)) => (text(status, reason), None),
        Ok((route, upstream, target)) => {
            let asked = Asked {
                prepared,
                route,
                upstream,
                target,
                origin,
            };
            let answered = asked.forward(upstreams, guard, request).await;
            let response = answered.unwrap_or_else(|(status, reason)| text(status, reason));
            (response, Some(upstream.to_string()))
        }
    }
}

type Refusal = (StatusCode, &'static str);

fn route<'a>(
    prepared: &'a Prepared,
    request: &Request<Incoming>,
) -> Result<(&'a PreparedRoute, &'a Authority, PathAndQuery), Refusal> {
    let Some(asked) = request
        .uri()
        .path_and_query()
        .filter(|_| request.method() != Method::CONNECT)
    else {
        return Err((StatusCode::METHOD_NOT_ALLOWED, "this is not a forward proxy"));
    };
    if climbs(asked.path()) {
        return Err((StatusCode::BAD_REQUEST, "the path must not contain `..`"));
    }
    let route = prepared
        .route(asked.path())
        .ok_or((StatusCode::NOT_FOUND, "nothing is served here"))?;
    let off = (
        StatusCode::SERVICE_UNAVAILABLE,
        "this is switched off for the moment",
    );
    let upstream = route.upstream.as_ref().ok_or(off)?;
    let target = route
        .target(asked)
        .ok_or((StatusCode::BAD_REQUEST, "the path cannot be used"))?;
    Ok((route, upstream, target))
}

/// A request for which everything is decided.
struct Asked<'a> {
    prepared: &'a Prepared,
    route: &'a PreparedRoute,
    upstream: &'a Authority,
    target: PathAndQuery,
    origin: Origin,
}

impl Asked<'_> {
    async fn forward(
        self,
        upstreams: &Upstreams,
        guard: &Guard,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, Refusal> {
        let client_side = hyper::upgrade::on(&mut request);
        let movement = Movement::new();
        let (request, upgrade) = self.request(request, &movement)?;
        let client = if self.route.h2c {
            &upstreams.h2c
        } else {
            &upstreams.http1
        };
        let limit = Duration::from_secs(self.prepared.timeouts.response_seconds);
        let mut response = in_time(client.request(request), &movement, limit).await?;
        let switches = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        let upstream_side = switches.then(|| hyper::upgrade::on(&mut response));
        let granted = remove_hop_by_hop(response.headers_mut());
        match (upstream_side, upgrade, granted) {
            (None, ..) => {}
            (Some(upstream_side), Some(_), Some(protocol)) => {
                set_upgrade(response.headers_mut(), protocol);
                guard.keep(tunnel(client_side, upstream_side));
            }
            _ => return Err((StatusCode::BAD_GATEWAY, "the upstream switched protocols unasked")),
        }
        Ok(response.map(BodyExt::boxed))
    }

    /// Turns the client's request into the upstream's.
    fn request(
        &self,
        request: Request<Incoming>,
        movement: &Movement,
    ) -> Result<(Request<Body>, Option<HeaderValue>), Refusal> {
        let (mut parts, body) = request.into_parts();
        let upgrade = remove_hop_by_hop(&mut parts.headers)
            .filter(|_| parts.version == Version::HTTP_11 && !self.route.h2c);
        // HTTP/2 names the host in the request line.
        if let Some(host) = parts.uri.authority().and_then(|host| host.as_str().parse().ok()) {
            parts.headers.entry(HOST).or_insert(host);
        }
        let Origin { peer, secure } = self.origin;
        set_forwarded(
            &mut parts.headers,
            peer.ip(),
            secure,
            self.prepared.trust_forwarded,
        );
        if self.route.h2c {
            // It goes into the request line as the upstream's own name; two that differ would be refused.
            parts.headers.remove(HOST);
        }
        if let Some(protocol) = &upgrade {
            set_upgrade(&mut parts.headers, protocol.clone());
        }
        let uri = Uri::builder()
            .scheme(Scheme::HTTP)
            .authority(self.upstream.clone());
        parts.uri = uri
            .path_and_query(self.target.clone())
            .build()
            .map_err(|_| (StatusCode::BAD_REQUEST, "the path cannot be used"))?;
        parts.version = if self.route.h2c {
            Version::HTTP_2
        } else {
            Version::HTTP_11
        };
        parts.extensions.clear();
        Ok((Request::from_parts(parts, movement.watch(body)), upgrade))
    }
}

/// Waits for the response's beginning, as long as the request still moves or the limit has not passed since.
async fn in_time(
    response: impl Future<Output = Result<Response<Incoming>, ClientError>>,
    movement: &Movement,
    limit: Duration,
) -> Result<Response<Incoming>, Refusal> {
    tokio::pin!(response);
    loop {
        let due = movement.last() + limit;
        tokio::select! {
            response = &mut response => return response.map_err(|error| refusal(&error)),
            () = sleep_until(due) => if movement.last() + limit <= Instant::now() {
                return Err((StatusCode::GATEWAY_TIMEOUT, "the upstream did not answer in time"));
            },
        }
    }
}

fn refusal(error: &ClientError) -> Refusal {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let timed_out = causes
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|cause| cause.kind() == std::io::ErrorKind::TimedOut);
    match (error.is_connect(), timed_out) {
        (true, true) => (
            StatusCode::GATEWAY_TIMEOUT,
            "the upstream did not take the connection in time",
        ),
        (true, false) => (StatusCode::BAD_GATEWAY, "the upstream cannot be reached"),
        (false, _) => (StatusCode::BAD_GATEWAY, "the upstream broke off"),
    }
}

/// Joins both sides of an upgraded connection until one of them ends.
async fn tunnel(client: hyper::upgrade::OnUpgrade, upstream: hyper::upgrade::OnUpgrade) {
    if let (Ok(client), Ok(upstream)) = tokio::join!(client, upstream) {
        // Either side may break off at any time; then the other is closed too, and nobody is left to be told.
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(upstream)).await;
    }
}
