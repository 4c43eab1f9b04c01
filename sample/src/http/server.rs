//! What every component serves: health, version, and its own routes, until it is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{HeaderMap, Method, StatusCode};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::{Explain as _, Failure};
use crate::log;
use crate::release::{Behaviour, Release};
use crate::trace::Tracer;

const BODY_LIMIT: usize = 10 * 1024 * 1024;
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
/// The promise is ten seconds from SIGTERM to the end; the rest is for the last spans and the runtime.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);

/// A request, wholly read.
pub struct Request {
    /// The method; `HEAD` comes as `GET`.
    pub method: Method,
    /// The path without the query.
    pub path: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// An answer on the wire.
pub type Response = hyper::Response<Full<Bytes>>;

/// What a route gives.
pub type Answer = Result<Response, Problem>;

/// A refusal or a failure, as the caller sees it.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    message: String,
}

impl Problem {
    /// Refuses with a status and a sentence.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// Says that there is nothing at this address.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, failure.to_string())
    }
}

/// Something that answers requests.
pub trait Component: Send + Sync + 'static {
    /// Says whether everything it needs is there.
    fn ready(&self) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Answers a request that is not about health or version.
    fn respond(&self, request: &Request) -> impl Future<Output = Answer> + Send;
}

/// What a component runs with.
pub struct Service {
    /// The component's name.
    pub name: &'static str,
    /// The release it is of.
    pub release: Release,
    /// The address it listens on.
    pub listen: String,
    /// Where its spans go.
    pub tracer: Tracer,
}

/// Makes a JSON answer.
pub fn json(status: StatusCode, body: &Value) -> Response {
    page(status, "application/json", body.to_string())
}

/// Makes an answer of some type.
pub fn page(status: StatusCode, kind: &str, body: impl Into<Bytes>) -> Response {
    let mut response = hyper::Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    if let Ok(kind) = kind.parse() {
        response.headers_mut().insert(CONTENT_TYPE, kind);
    }
    response
}

/// Makes an answer without content.
pub fn empty() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Serves a component until SIGTERM or SIGINT, then lets open requests finish.
pub async fn serve<C: Component>(service: Service, component: Arc<C>) -> Result<(), Failure> {
    let listen = service.listen.clone();
    let listener = TcpListener::bind(&listen).await.explain(format_args!(
        "cannot listen on {listen}, choose another `NOTES_LISTEN`"
    ))?;
    let mut terminate = signal(SignalKind::terminate()).explain("cannot wait for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).explain("cannot wait for SIGINT")?;
    let version = service.release.version.clone();
    log::info(
        "listening",
        &[("address", listen.into()), ("version", version.into())],
    );

    let service = Arc::new(service);
    let open = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => accept(stream, &service, &component, &open),
                Err(error) => {
                    log::warn("cannot accept a connection", &[("error", error.to_string().into())]);
                    // Out of file descriptors is the usual reason; without a pause this would spin.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    drop(listener);
    log::info("stopping", &[("open_connections", open.count().into())]);
    if tokio::time::timeout(DRAIN_TIMEOUT, open.shutdown())
        .await
        .is_err()
    {
        log::warn("some requests did not finish in time", &[]);
    }
    service.tracer.flush().await;
    log::info("stopped", &[]);
    Ok(())
}

fn accept<C: Component>(
    stream: tokio::net::TcpStream,
    service: &Arc<Service>,
    component: &Arc<C>,
    open: &GracefulShutdown,
) {
    let (service, component) = (Arc::clone(service), Arc::clone(component));
    let handler = hyper::service::service_fn(move |request| {
        let (service, component) = (Arc::clone(&service), Arc::clone(&component));
        async move { Ok::<_, std::convert::Infallible>(handle(&service, &*component, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(hyper_util::rt::TokioTimer::new())
        .serve_connection(TokioIo::new(stream), handler);
    // A client that goes away is no failure of ours.
    tokio::spawn(open.watch(connection));
}

async fn handle<C: Component>(
    service: &Service,
    component: &C,
    request: hyper::Request<Incoming>,
) -> Response {
    let (began, started) = (crate::clock::since_epoch(), Instant::now());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let parent = request
        .headers()
        .get("traceparent")
        .and_then(|value| value.to_str().ok().map(str::to_owned));
    let answer = tokio::time::timeout(REQUEST_TIMEOUT, route(service, component, request)).await;
    let answer = answer.unwrap_or_else(|_| {
        Err(Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "the request took too long and was given up",
        ))
    });
    let response = answer.unwrap_or_else(|Problem { status, message }| {
        json(status, &json!({ "error": message, "status": status.as_u16() }))
    });
    let status = response.status().as_u16();
    if !path.starts_with("/healthz/") {
        let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let fields = [
            ("method", method.as_str().into()),
            ("path", path.as_str().into()),
            ("status", status.into()),
            ("milliseconds", milliseconds.into()),
        ];
        log::info("request", &fields);
        service
            .tracer
            .record(method.as_str(), &path, status, began, parent.as_deref());
    }
    response
}

async fn route<C: Component>(service: &Service, component: &C, request: hyper::Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    match path.as_str() {
        "/healthz/startup" | "/healthz/liveness" => return Ok(health(Ok(()))),
        "/healthz/readiness" => return Ok(health(readiness(service, component).await)),
        "/version" => {
            let body = json!({ "component": service.name, "version": service.release.version });
            return Ok(json(StatusCode::OK, &body));
        }
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("cannot read the body, 10 MiB at most: {error}"),
        )
    })?;
    let method = if parts.method == Method::HEAD {
        Method::GET
    } else {
        parts.method
    };
    component
        .respond(&Request {
            method,
            path,
            headers: parts.headers,
            body: body.to_bytes(),
        })
        .await
}

async fn readiness<C: Component>(service: &Service, component: &C) -> Result<(), Failure> {
    if service.release.behaviour == Behaviour::Unhealthy {
        let version = &service.release.version;
        return Err(Failure::new(format!(
            "release {version} never becomes ready, go back to another one"
        )));
    }
    component.ready().await
}

fn health(outcome: Result<(), Failure>) -> Response {
    match outcome {
        Ok(()) => json(StatusCode::OK, &json!({ "status": "ok" })),
        Err(reason) => {
            let body = json!({ "status": "unavailable", "reason": reason.to_string() });
            json(StatusCode::SERVICE_UNAVAILABLE, &body)
        }
    }
}
