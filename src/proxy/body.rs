//! Bodies that pass through.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use tokio::time::{Duration, Instant};

/// A body of whatever origin; frames pass through it one by one, trailers included.
pub(super) type Body = BoxBody<Bytes, hyper::Error>;

/// Makes a plain text answer of our own.
pub(super) fn text(status: StatusCode, reason: &str) -> Response<Body> {
    let body = Full::new(Bytes::from(format!("{reason}\n")))
        .map_err(|never| match never {})
        .boxed();
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    response
}

/// Remembers when a body last moved, so that a slow upload is not taken for a silent upstream.
#[derive(Clone)]
pub(super) struct Movement {
    begin: Instant,
    millis: Arc<AtomicU64>,
}

impl Movement {
    pub(super) fn new() -> Self {
        Self {
            begin: Instant::now(),
            millis: Arc::default(),
        }
    }

    pub(super) fn last(&self) -> Instant {
        self.begin + Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    /// Lets a body report every frame that is taken from it.
    pub(super) fn watch(&self, body: Incoming) -> Body {
        let movement = self.clone();
        body.map_frame(move |frame| {
            let now = u64::try_from(movement.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            movement.millis.store(now, Ordering::Relaxed);
            frame
        })
        .boxed()
    }
}
