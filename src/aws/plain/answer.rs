//! What services answer, in XML and in JSON: what was asked for, or why not.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::{ErrorMetadata, ProvideErrorMetadata};
use aws_types::request_id::apply_request_id;
use serde::Deserialize;
use serde_json::Value;

use super::Answer;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A list, as XML has it: EC2 calls one of it `item`, others `member`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in crate::aws) struct Items<T> {
    #[serde(default = "Vec::new", rename = "item", alias = "member")]
    pub(in crate::aws) items: Vec<T>,
}

impl<T> Default for Items<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

/// What a service said instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Said(ErrorMetadata);

impl ProvideErrorMetadata for Said {
    fn meta(&self) -> &ErrorMetadata {
        &self.0
    }
}

/// An error in XML: alone, in one element, or in two as EC2 has it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct XmlError {
    error: Option<Box<Self>>,
    errors: Option<Box<Self>>,
    code: Option<String>,
    message: Option<String>,
}

impl XmlError {
    fn innermost(self) -> Self {
        match (self.error, self.errors) {
            (Some(inner), _) | (None, Some(inner)) => inner.innermost(),
            (None, None) => Self {
                error: None,
                errors: None,
                ..self
            },
        }
    }
}

impl Said {
    /// Reads a refusal; a body that says nothing leaves the status.
    pub(super) fn of(response: &HttpResponse) -> Self {
        let body = text(response);
        let (code, message) = match serde_json::from_str::<Value>(body) {
            Ok(json) => json_error(&json),
            Err(_) => {
                let error: XmlError = quick_xml::de::from_str(body).unwrap_or_default();
                let error = error.innermost();
                (error.code, error.message)
            }
        };
        let mut meta = ErrorMetadata::builder().code(code.unwrap_or_else(|| response.status().to_string()));
        if let Some(message) = message {
            meta = meta.message(message);
        }
        Self(apply_request_id(meta, response.headers()).build())
    }
}

/// Reads `{"__type": "service#Code", "message": "..."}`.
fn json_error(json: &Value) -> (Option<String>, Option<String>) {
    let word = |key: &str| json.get(key).and_then(Value::as_str).map(str::to_owned);
    let code = word("__type").or_else(|| word("code"));
    let code = code.and_then(|code| code.rsplit('#').next().map(str::to_owned));
    (code, word("message").or_else(|| word("Message")))
}

fn text(response: &HttpResponse) -> &str {
    let body = response.body().bytes().unwrap_or_default();
    std::str::from_utf8(body).unwrap_or_default()
}

/// Reads XML, whatever its outermost element is called.
pub(super) fn of_xml<T: Answer>(response: &HttpResponse) -> Result<T, BoxError> {
    Ok(quick_xml::de::from_str(text(response))?)
}

/// Reads JSON.
pub(super) fn of_json<T: Answer>(response: &HttpResponse) -> Result<T, BoxError> {
    Ok(serde_json::from_str(text(response))?)
}
