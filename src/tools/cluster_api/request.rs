//! One request, and what an answer that is none means.

use std::time::Duration;

use hyper::http::header::{ACCEPT, CONTENT_TYPE};
use hyper::http::{self, Method, Request};
use kube_client::Client;
use serde_json::Value;

use super::ClusterApi;
use super::kinds::Kinds;
use super::login::login;
use crate::tools::cancel::{CancelLevel, CancelToken};
use crate::tools::error::{Said, ToolError};

/// How often a cluster that is too busy is asked again.
const AGAIN: u32 = 5;
const TOO_MANY: u16 = 429;

/// What is being done, for errors, and how long each answer may take.
pub(super) struct Ask<'a> {
    doing: String,
    patience: Duration,
    cancel: &'a CancelToken,
}

/// A request.
pub(super) struct Wanted {
    method: Method,
    path: String,
    query: Vec<String>,
    accept: Option<&'static str>,
    body: Vec<u8>,
}

impl Wanted {
    pub(super) fn get(path: String) -> Self {
        Self {
            method: Method::GET,
            path,
            query: Vec::new(),
            accept: None,
            body: Vec::new(),
        }
    }

    pub(super) fn sent(method: Method, path: String, object: &Value) -> Self {
        Self {
            method,
            body: object.to_string().into_bytes(),
            ..Self::get(path)
        }
    }

    /// Adds a parameter; one that is empty is left out.
    pub(super) fn with(mut self, key: &str, value: &str) -> Self {
        if !value.is_empty() {
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            self.query.push(format!("{key}={value}"));
        }
        self
    }

    /// Adds parameters, as [`Self::with`] does.
    pub(super) fn with_all(self, parameters: &[(&str, &str)]) -> Self {
        let with = |wanted: Self, (key, value): &(&str, &str)| wanted.with(key, value);
        parameters.iter().fold(self, with)
    }

    pub(super) fn accepting(mut self, form: &'static str) -> Self {
        self.accept = Some(form);
        self
    }

    fn request(&self) -> Result<Request<Vec<u8>>, http::Error> {
        let uri = match self.query.is_empty() {
            true => self.path.clone(),
            false => format!("{}?{}", self.path, self.query.join("&")),
        };
        let mut request = Request::builder().method(&self.method).uri(uri);
        if let Some(form) = self.accept {
            request = request.header(ACCEPT, form);
        }
        // JSON is YAML, and the form of a server-side apply has no other name.
        let form = match self.method {
            Method::PATCH => "application/apply-patch+yaml",
            _ => "application/json",
        };
        if !self.body.is_empty() {
            request = request.header(CONTENT_TYPE, form);
        }
        request.body(self.body.clone())
    }
}

impl<'a> Ask<'a> {
    pub(super) fn new(doing: impl Into<String>, patience: Duration, cancel: &'a CancelToken) -> Self {
        Self {
            doing: doing.into(),
            patience,
            cancel,
        }
    }

    /// Says that the cluster does not know something.
    pub(super) fn unknown(&self, message: String) -> ToolError {
        self.refused(404, vec![message])
    }

    pub(super) fn refused(&self, code: u16, said: Vec<String>) -> ToolError {
        ToolError::Refused {
            doing: self.doing.clone(),
            code,
            said: Said(said),
        }
    }

    fn unanswered(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ToolError {
        ToolError::Unanswered {
            doing: self.doing.clone(),
            source: source.into(),
        }
    }

    fn failed(&self, error: kube_client::Error) -> ToolError {
        match error {
            kube_client::Error::Api(status) => self.refused(status.code, vec![status.message]),
            // It says no more than its cause, and says that twice.
            kube_client::Error::Service(source) => self.unanswered(source),
            other => self.unanswered(other),
        }
    }

    /// Waits for an answer as long as there is patience, and nobody says to stop.
    async fn waited<T>(&self, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
        tokio::select! {
            answer = tokio::time::timeout(self.patience, work) => {
                answer.unwrap_or_else(|_| {
                    Err(self.unanswered(format!("there was none within {} s", self.patience.as_secs())))
                })
            }
            () = self.cancel.reached(CancelLevel::Force) => Err(ToolError::Interrupted {
                doing: self.doing.clone(),
                program: "the cluster".to_owned(),
            }),
        }
    }
}

impl ClusterApi {
    async fn client(&self, ask: &Ask<'_>) -> Result<&Client, ToolError> {
        let client = self.shared.client.get_or_try_init(|| login(&self.access)).await;
        client.map_err(|error| ask.unanswered(error))
    }

    /// Learns what kinds the cluster knows, once.
    pub(super) async fn kinds(&self, ask: &Ask<'_>) -> Result<&Kinds, ToolError> {
        let learn = || async {
            let form = |path: &str| Wanted::get(path.to_owned()).accepting(Kinds::FORM);
            let (core, groups) =
                tokio::try_join!(self.json(ask, form("/api")), self.json(ask, form("/apis")))?;
            Ok(Kinds::read(&[core, groups]))
        };
        self.shared.kinds.get_or_try_init(learn).await
    }

    pub(super) async fn text(&self, ask: &Ask<'_>, wanted: Wanted) -> Result<String, ToolError> {
        ask.waited(async {
            let client = self.client(ask).await?;
            let mut tries = 0;
            loop {
                let request = wanted.request().map_err(|error| ask.unanswered(error))?;
                tries += 1;
                match client.request_text(request).await {
                    Ok(text) => return Ok(text),
                    Err(kube_client::Error::Api(status)) if status.code == TOO_MANY && tries <= AGAIN => {
                        let seconds = status
                            .details
                            .map_or(1, |details| details.retry_after_seconds.max(1));
                        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
                    }
                    Err(error) => return Err(ask.failed(error)),
                }
            }
        })
        .await
    }

    pub(super) async fn json(&self, ask: &Ask<'_>, wanted: Wanted) -> Result<Value, ToolError> {
        let text = self.text(ask, wanted).await?;
        serde_json::from_str(&text).map_err(|error| ask.unanswered(error))
    }
}

/// Joins answers; where some were refused, all that was said about them is the error.
pub(super) fn together(answers: Vec<Result<Value, ToolError>>) -> Result<Vec<Value>, ToolError> {
    let (mut found, mut refused) = (Vec::new(), None::<ToolError>);
    for answer in answers {
        match (answer, &mut refused) {
            (Ok(answer), _) => found.push(answer),
            (
                Err(ToolError::Refused { said: Said(more), .. }),
                Some(ToolError::Refused { said: Said(said), .. }),
            ) => {
                said.extend(more);
            }
            (Err(error @ ToolError::Refused { .. }), none) => *none = Some(error),
            (Err(error), _) => return Err(error),
        }
    }
    refused.map_or(Ok(found), Err)
}
