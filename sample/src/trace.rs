//! Optional OpenTelemetry: request spans as OTLP over HTTP in JSON.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::clock;
use crate::crypto::{hex, random};
use crate::http::{Call, Client};
use crate::log;
use crate::release::Release;
use crate::settings::Environment;

const FLUSH_EVERY: Duration = Duration::from_secs(2);
const FLUSH_AT_STOP: Duration = Duration::from_secs(1);
/// More than this many spans between two sends are dropped: tracing must not grow memory.
const QUEUE: usize = 512;

/// Collects spans, or does nothing when no collector is named.
pub struct Tracer {
    exporter: Option<Arc<Exporter>>,
    queue: Option<Sender<Value>>,
}

impl Tracer {
    /// Reads where spans go, and starts to send them there.
    pub fn start(environment: &Environment, release: &Release, component: &str, client: Client) -> Self {
        let Some(endpoint) = environment.optional("OTEL_EXPORTER_OTLP_ENDPOINT") else {
            return Self {
                exporter: None,
                queue: None,
            };
        };
        let (sender, receiver) = channel(QUEUE);
        let default_name = format!("notes-{component}");
        let name = environment.or("OTEL_SERVICE_NAME", &default_name);
        let resource = json!({ "attributes": [
            text("service.name", name),
            text("service.version", &release.version),
        ] });
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = Arc::new(Exporter {
            url,
            resource,
            client,
            spans: Mutex::new(receiver),
        });
        tokio::spawn(Arc::clone(&exporter).run());
        Self {
            exporter: Some(exporter),
            queue: Some(sender),
        }
    }

    /// Records one request.
    pub fn record(&self, method: &str, path: &str, status: u16, began: Duration, parent: Option<&str>) {
        let Some(queue) = &self.queue else { return };
        let (trace, parent_span) = parent
            .and_then(context)
            .unwrap_or_else(|| (hex(&random::<16>()), String::new()));
        let span = json!({
            "traceId": trace, "spanId": hex(&random::<8>()), "parentSpanId": parent_span,
            "name": format!("{method} {path}"), "kind": 2,
            "startTimeUnixNano": began.as_nanos().to_string(),
            "endTimeUnixNano": clock::since_epoch().as_nanos().to_string(),
            "attributes": [
                text("http.request.method", method),
                text("url.path", path),
                { "key": "http.response.status_code", "value": { "intValue": status.to_string() } },
            ],
            "status": { "code": if status >= 500 { 2 } else { 0 } },
        });
        // A full queue loses spans, never requests.
        let _ = queue.try_send(span);
    }

    /// Sends what is left, for a short while.
    pub async fn flush(&self) {
        if let Some(exporter) = &self.exporter {
            // The collector may be gone already; the stop must not wait for it.
            let _ = tokio::time::timeout(FLUSH_AT_STOP, exporter.send()).await;
        }
    }
}

struct Exporter {
    url: String,
    resource: Value,
    client: Client,
    spans: Mutex<Receiver<Value>>,
}

impl Exporter {
    async fn run(self: Arc<Self>) {
        loop {
            tokio::time::sleep(FLUSH_EVERY).await;
            self.send().await;
        }
    }

    async fn send(&self) {
        let mut spans = Vec::new();
        {
            let mut queue = self.spans.lock().await;
            while let Ok(span) = queue.try_recv() {
                spans.push(span);
            }
        }
        if spans.is_empty() {
            return;
        }
        let body = json!({ "resourceSpans": [{
            "resource": self.resource,
            "scopeSpans": [{ "scope": { "name": "notes" }, "spans": spans }],
        }] });
        let headers = vec![("content-type".into(), "application/json".into())];
        let call = Call {
            method: Method::POST,
            url: self.url.clone(),
            headers,
            body: body.to_string().into(),
        };
        if let Err(failure) = self.client.send(call).await {
            log::warn("spans were lost", &[("error", failure.to_string().into())]);
        }
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Reads trace and parent span out of a `traceparent` header.
fn context(header: &str) -> Option<(String, String)> {
    let mut parts = header.split('-').skip(1);
    let (trace, span) = (parts.next()?, parts.next()?);
    let is_id =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_id(trace, 32) && is_id(span, 16)).then(|| (trace.to_owned(), span.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_callers_trace() {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let (trace, span) = context(header).unwrap();
        assert_eq!(
            (trace.as_str(), span.as_str()),
            ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
        );
        assert_eq!(context("00-short-b7ad6b7169203331-01"), None);
        assert_eq!(context(""), None);
    }
}
