//! Closed for maintenance: while a file is there, requests are told to come back.

use std::io::ErrorKind;

use bytes::Bytes;
use camino::Utf8Path;
use http_body_util::{BodyExt, Full};
use hyper::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use tokio::io::AsyncReadExt as _;

use super::body::Body;

/// What is said when the file says nothing.
const REASON: &str = "closed for maintenance, please come back in a moment";
/// More of the file than this is not shown.
const LONGEST: usize = 500;
/// When a client may ask again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// Looks whether the file is there, and answers with its reason.
///
/// Only a file that is known to be missing opens the proxy: one that cannot be read was put there to close it.
pub(super) async fn closed(file: &Utf8Path, asked: &HeaderMap) -> Option<Response<Body>> {
    // Asked for every request, so not by way of another thread: that the file is missing is known in a microsecond.
    if let Err(error) = file.symlink_metadata()
        && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
    {
        return None;
    }
    let reason = read(file).await.unwrap_or_default();
    let reason = if reason.is_empty() { REASON } else { &reason };
    Some(answer(reason, Form::wanted(asked)))
}

async fn read(file: &Utf8Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    let longest = u64::try_from(LONGEST * 4).unwrap_or(u64::MAX);
    let file = tokio::fs::File::open(file).await?;
    file.take(longest).read_to_end(&mut bytes).await?;
    Ok(shown(&String::from_utf8_lossy(&bytes)))
}

/// Makes one line of a text, as long as it may be shown.
fn shown(text: &str) -> String {
    let words = text.split(|one: char| one.is_whitespace() || one.is_control());
    let line = words
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Html,
    Json,
}

impl Form {
    /// Takes the first form of ours that a client accepts; text when it names none.
    fn wanted(asked: &HeaderMap) -> Self {
        let accepted = asked
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok());
        let kinds = accepted.flat_map(|value| value.split(','));
        let named = kinds.filter_map(|kind| {
            match kind
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
                .as_str()
            {
                "text/html" | "application/xhtml+xml" => Some(Self::Html),
                "text/plain" => Some(Self::Text),
                kind if kind == "application/json"
                    || (kind.starts_with("application/") && kind.ends_with("+json")) =>
                {
                    Some(Self::Json)
                }
                _ => None,
            }
        });
        named.into_iter().next().unwrap_or(Self::Text)
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Text => "text/plain; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
        })
    }

    fn write(self, reason: &str) -> String {
        match self {
            Self::Text => format!("{reason}\n"),
            Self::Html => format!(
                "<!doctype html>\n<meta charset=\"utf-8\">\n<title>Closed for maintenance</title>\n<p>{}</p>\n",
                escaped(reason)
            ),
            Self::Json => format!(
                "{}\n",
                serde_json::json!({ "error": "closed", "message": reason })
            ),
        }
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        match one {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            one => out.push(one),
        }
    }
    out
}

fn answer(reason: &str, form: Form) -> Response<Body> {
    let body = Full::new(Bytes::from(form.write(reason)))
        .map_err(|never| match never {})
        .boxed();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, form.content_type());
    headers.insert(RETRY_AFTER, RETRY_SECONDS);
    // Whoever keeps it would show it after the end.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_first_that_is_accepted() {
        let form = |accept: &str| {
            let value = HeaderValue::from_str(accept).unwrap();
            Form::wanted(&[(ACCEPT, value)].into_iter().collect())
        };
        assert_eq!(form("text/html,application/xhtml+xml,*/*;q=0.8"), Form::Html);
        assert_eq!(form("application/json, text/plain, */*"), Form::Json);
        assert_eq!(form("application/problem+json"), Form::Json);
        assert_eq!(form("*/*"), Form::Text);
        assert_eq!(Form::wanted(&HeaderMap::new()), Form::Text);
    }

    #[test]
    fn a_reason_is_one_line_that_is_not_too_long() {
        assert_eq!(shown(" upgrade\n\tto 2.0\u{1b}[31m "), "upgrade to 2.0 [31m");
        assert_eq!(shown(&"é".repeat(LONGEST)), "é".repeat(LONGEST));
        assert_eq!(
            shown(&"é".repeat(LONGEST + 1)),
            format!("{}…", "é".repeat(LONGEST))
        );
    }

    #[test]
    fn a_reason_cannot_be_markup() {
        assert!(Form::Html.write("<b>\"&'").contains("&lt;b&gt;&quot;&amp;&#39;"));
        assert_eq!(
            Form::Json.write("a \"b\""),
            "{\"error\":\"closed\",\"message\":\"a \\\"b\\\"\"}\n"
        );
    }
}
