//! What AWS says instead of doing it.

use std::error::Error;

use aws_sdk_ecs::config::http::HttpResponse;
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::operation::RequestId as _;

use super::error::AwsError;
use crate::tools::{CancelLevel, CancelToken};

/// Codes with which AWS asks for patience. The client has repeated such a call before it gave up.
const THROTTLES: &[&str] = &[
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
];

/// What AWS answered, or why no answer came.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    text: String,
    code: Option<String>,
    is_passing: bool,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Refusal {
    /// Returns AWS's code of the error, such as `AccessDeniedException`.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// Says whether the same call may well succeed a little later: no answer came, or one of a server in trouble.
    pub fn is_passing(&self) -> bool {
        self.is_passing
    }

    fn of<E>(error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let (text, is_passing) = match &error {
            SdkError::ServiceError(context) => {
                let code = context.err().code().unwrap_or("an error without a code");
                let message = context.err().message().unwrap_or("nothing more was said");
                let is_passing = status.is_some_and(|status| status >= 500) || THROTTLES.contains(&code);
                let request = context.err().meta().request_id();
                let request = request.map(|id| format!(" (request {id})")).unwrap_or_default();
                (format!("AWS answered {code}: {message}{request}"), is_passing)
            }
            SdkError::DispatchFailure(failure) => (
                "the call did not reach AWS".to_owned(),
                failure.is_io() || failure.is_timeout(),
            ),
            SdkError::TimeoutError(_) => ("AWS did not answer in time".to_owned(), true),
            SdkError::ResponseError(_) => (
                "AWS's answer could not be read".to_owned(),
                status.is_some_and(|status| status >= 500),
            ),
            _ => ("the call could not be made".to_owned(), false),
        };
        let code = error.code().map(str::to_owned);
        // What a service says is all in the text.
        let source = match error {
            SdkError::ServiceError(_) => None,
            other => other.into_source().ok(),
        };
        Self {
            text,
            code,
            is_passing,
            source,
        }
    }
}

/// Makes a call, and gives it up when everything is to stop.
pub(super) async fn ask<T, E>(
    doing: impl Into<String>,
    cancel: &CancelToken,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, AwsError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let doing = doing.into();
    tokio::select! {
        biased;
        () = cancel.reached(CancelLevel::Force) => Err(AwsError::Interrupted { doing }),
        answer = call => answer.map_err(|error| AwsError::Call { doing, source: Refusal::of(error).into() }),
    }
}

/// Makes a call that changes something, and hears its answer whatever happens.
pub(super) async fn order<T, E>(
    doing: impl Into<String>,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, AwsError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    ask(doing, &CancelToken::new(), call).await
}
