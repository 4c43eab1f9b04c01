//! Handing a license to one instance of a component.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::run::chain_text;
use crate::secret::Secret;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of an answer is shown.
const SHOWN: usize = 300;

/// What a license and an answer that repeats it call by the same names (RFC 7519, section 4.1).
const CLAIMS: [&str; 3] = ["jti", "exp", "iat"];

/// Says why an instance does not have the license that it was handed.
#[derive(Debug, thiserror::Error)]
pub enum HandError {
    /// It does not take it.
    #[error("{instance} refuses the license: {status} {said}")]
    Refused {
        /// The instance.
        instance: String,
        /// The status it answered.
        status: u16,
        /// What it said.
        said: String,
    },
    /// It has another one afterwards.
    #[error("{instance} has another license after it took this one: its `{claim}` is {found}")]
    Another {
        /// The instance.
        instance: String,
        /// What differs.
        claim: &'static str,
        /// What it says.
        found: String,
    },
    /// It does not answer, or not as itself.
    #[error("{instance} does not answer: {because}")]
    Silent {
        /// The instance.
        instance: String,
        /// What is known of the reason.
        because: String,
    },
}

/// Makes the client: straight to the instance, for a license is nothing for a proxy.
pub(in crate::drivers) fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none());
    builder.build().unwrap_or_default()
}

/// Posts a license to an instance and looks at its answer.
pub(in crate::drivers) async fn hand(
    client: &reqwest::Client,
    instance: &str,
    url: &str,
    token: &Secret,
) -> Result<(), HandError> {
    let silent = |because: String| HandError::Silent {
        instance: instance.to_owned(),
        because,
    };
    let request = client.post(url).header(CONTENT_TYPE, "application/jwt");
    let answer = request.body(token.expose().to_owned()).send().await;
    let answer = answer.map_err(|error| silent(chain_text(&error)))?;
    let status = answer.status();
    let body = answer.text().await.unwrap_or_default();
    if status.is_success() {
        return compare(instance, &body, token.expose());
    }
    let said = shown(&body, token);
    // What stands in front of an instance that is just starting answers so too.
    if status.is_server_error() {
        return Err(silent(format!("{status} {said}")));
    }
    Err(HandError::Refused {
        instance: instance.to_owned(),
        status: status.as_u16(),
        said,
    })
}

/// Compares an answer that tells of a license with the one that was handed over.
fn compare(instance: &str, body: &str, token: &str) -> Result<(), HandError> {
    let (Some(told), Some(claims)) = (object(body.as_bytes()), claims(token)) else {
        return Ok(());
    };
    for claim in CLAIMS {
        let (Some(told), Some(handed)) = (told.get(claim), claims.get(claim)) else {
            continue;
        };
        // Written in another way, such as a date for a number, it says nothing that could be compared.
        let alike = told.is_number() == handed.is_number() && told.is_string() == handed.is_string();
        if alike && told != handed {
            return Err(HandError::Another {
                instance: instance.to_owned(),
                claim,
                found: told.to_string(),
            });
        }
    }
    Ok(())
}

fn claims(token: &str) -> Option<Map<String, Value>> {
    object(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?)
}

fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(bytes).ok()
}

/// Shortens an answer; one that repeats the license must not bring it into a log.
fn shown(body: &str, token: &Secret) -> String {
    let body = body.replace(token.expose(), "[secret]");
    body.chars()
        .filter(|letter| !letter.is_control())
        .take(SHOWN)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn an_answer_that_tells_of_another_license_is_no_success() {
        let handed = token(&json!({ "jti": "new", "exp": 20 }));
        let told = |answer: &str| compare("api", answer, &handed);
        for fine in [
            "",
            "ok",
            r#"{"exp":20,"tier":"any"}"#,
            r#"{"exp":"2027-01-01"}"#,
            "[1]",
        ] {
            assert!(told(fine).is_ok(), "{fine}");
        }
        let other = told(r#"{"jti":"new","exp":10}"#).unwrap_err();
        assert_eq!(
            other.to_string(),
            "api has another license after it took this one: its `exp` is 10"
        );
        assert!(told(r#"{"jti":"old"}"#).is_err());
    }

    #[test]
    fn what_is_shown_of_an_answer_is_short_and_holds_no_license() {
        let token = Secret::new("a.b.c");
        let said = shown(&format!("no\n: a.b.c {}", "x".repeat(1000)), &token);
        assert!(said.starts_with("no: [secret] x"), "{said}");
        assert_eq!(said.len(), SHOWN);
    }
}
