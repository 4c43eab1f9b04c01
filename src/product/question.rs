//! Questions as data: what is asked, what may be answered, when and with which default.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One question; facts, settings, target options and the fields of services are all asked with it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The key in the answers file, below its section.
    pub key: String,
    /// What is asked.
    pub prompt: String,
    /// What helps to answer it.
    #[serde(default)]
    pub help: String,
    /// What may be answered.
    #[serde(rename = "type", default)]
    pub kind: QuestionType,
    /// The answers to choose from, for `choice` and `choices`.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Where in the context the choices are listed, such as `definition.engines`; instead of `choices`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choices_from: Option<String>,
    /// The answer when nobody says otherwise; text may hold expressions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// When it is asked at all: an expression over the context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Whether it may be left unanswered.
    #[serde(default)]
    pub optional: bool,
    /// Whether the wizard keeps quiet about it and takes the default.
    #[serde(default)]
    pub advanced: bool,
    /// What was assumed here because the product's documentation leaves it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<String>,
    /// The modes that need it; none means all.
    #[serde(default)]
    pub modes: Vec<String>,
    /// The least number, for `integer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<i64>,
    /// The greatest number, for `integer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<i64>,
}

/// One answer to choose.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The value in the answers file.
    pub value: String,
    /// What people read.
    pub title: String,
}

/// What may be answered to a question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QuestionType {
    /// Any text on one line.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// One of the choices.
    Choice,
    /// Any of the choices.
    Choices,
    /// A list of texts.
    List,
    /// A port from 1 to 65535.
    Port,
    /// An http or https URL.
    Url,
    /// A host name or an IP address.
    Host,
    /// An e-mail address.
    Email,
    /// A file or folder.
    Path,
    /// Lower case letters, digits and dashes, as in a DNS label.
    Slug,
    /// A UUID.
    Uuid,
    /// A reference to a secret: `file:PATH` or `env:NAME`, never the secret.
    Secret,
}

/// Says why an answer is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{expected}, not {given}")]
pub struct AnswerError {
    /// What was expected.
    pub expected: String,
    /// What was given, quoted.
    pub given: String,
}

impl Question {
    /// Reads an answer given as text, as on a command line, and checks it.
    ///
    /// # Errors
    /// [`AnswerError`] with what was expected.
    pub fn parse(&self, text: &str) -> Result<Value, AnswerError> {
        let text = text.trim();
        let value = match self.kind {
            QuestionType::Integer | QuestionType::Port => text
                .parse::<i64>()
                .map_or_else(|_| Value::from(text), Value::from),
            QuestionType::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" => Value::from(true),
                "false" | "no" | "n" => Value::from(false),
                _ => Value::from(text),
            },
            QuestionType::Choices | QuestionType::List => text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(Value::from)
                .collect(),
            _ => Value::from(text),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Checks an answer against the question's type, choices and bounds.
    ///
    /// # Errors
    /// [`AnswerError`] with what was expected.
    pub fn check(&self, value: &Value) -> Result<(), AnswerError> {
        let fail = |expected: String| {
            Err(AnswerError {
                expected,
                given: shown(value, self.kind),
            })
        };
        let text = value.as_str().unwrap_or_default();
        let ok = match self.kind {
            QuestionType::Boolean => value.is_boolean(),
            QuestionType::Integer => return self.check_integer(value),
            QuestionType::Port => value.as_i64().is_some_and(|port| (1..=65535).contains(&port)),
            QuestionType::Choice => return self.check_choice(text).or_else(fail),
            QuestionType::Choices | QuestionType::List => {
                let Some(items) = value.as_array() else {
                    return fail("expected a list".to_owned());
                };
                for item in items {
                    let Some(text) = item.as_str() else {
                        return fail("expected a list of texts".to_owned());
                    };
                    if self.kind == QuestionType::Choices {
                        self.check_choice(text).map_err(|expected| AnswerError {
                            expected,
                            given: shown(item, self.kind),
                        })?;
                    }
                }
                true
            }
            QuestionType::Text | QuestionType::Path => {
                value.is_string() && !text.trim().is_empty() && !text.contains(['\n', '\0'])
            }
            QuestionType::Url => is_url(text),
            QuestionType::Host => is_host(text),
            QuestionType::Email => is_email(text),
            QuestionType::Slug => is_slug(text),
            QuestionType::Uuid => is_uuid(text),
            QuestionType::Secret => is_secret_reference(text),
        };
        if ok {
            Ok(())
        } else {
            fail(format!("expected {}", self.kind.describe()))
        }
    }

    fn check_integer(&self, value: &Value) -> Result<(), AnswerError> {
        let fail = |expected: String| {
            Err(AnswerError {
                expected,
                given: shown(value, self.kind),
            })
        };
        let Some(number) = value.as_i64() else {
            return fail("expected a whole number".to_owned());
        };
        match (self.minimum, self.maximum) {
            (Some(least), _) if number < least => fail(format!("expected at least {least}")),
            (_, Some(most)) if number > most => fail(format!("expected at most {most}")),
            _ => Ok(()),
        }
    }

    fn check_choice(&self, text: &str) -> Result<(), String> {
        if self.choices.iter().any(|choice| choice.value == text) {
            return Ok(());
        }
        let known: Vec<&str> = self.choices.iter().map(|choice| choice.value.as_str()).collect();
        Err(format!("expected one of {}", known.join(", ")))
    }
}

impl QuestionType {
    /// Says in words what may be answered.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => "text on one line",
            Self::Integer => "a whole number",
            Self::Boolean => "true or false",
            Self::Choice => "one of the choices",
            Self::Choices => "a list of the choices",
            Self::List => "a list of texts",
            Self::Port => "a port from 1 to 65535",
            Self::Url => "a URL that starts with https:// or http:// and holds no password",
            Self::Host => "a host name or an IP address",
            Self::Email => "an e-mail address",
            Self::Path => "a path",
            Self::Slug => "lower case letters, digits and dashes, starting with a letter",
            Self::Uuid => "a UUID such as 550e8400-e29b-41d4-a716-446655440000",
            Self::Secret => "a reference to a secret, `file:PATH` or `env:NAME`, not the secret itself",
        }
    }
}

/// Quotes a value for an error; what was given in a secret's place may be the secret, so it is not shown.
fn shown(value: &Value, kind: QuestionType) -> String {
    match value {
        _ if kind == QuestionType::Secret => "what was given (not shown: it may be the secret)".to_owned(),
        Value::String(text) if holds_password(text) => {
            "what was given (not shown: it holds a password)".to_owned()
        }
        Value::String(text) => format!("`{}`", short(text)),
        Value::Null => "nothing".to_owned(),
        other => format!("`{}`", short(&other.to_string())),
    }
}

/// Keeps a message on one line, and free of what a terminal would act on.
fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    let mut plain: String = text
        .chars()
        .take(SHOWN)
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_default());
            let kept = escaped.is_none().then_some(letter);
            escaped.into_iter().flatten().chain(kept)
        })
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        plain.push_str("...");
    }
    plain
}

/// Says whether a text looks like a URL with a password in it, which must be given as a reference.
fn holds_password(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| url.password().is_some())
}

fn is_url(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| !host.is_empty())
            && url.password().is_none()
    })
}

fn is_host(text: &str) -> bool {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !name.contains(char::is_whitespace) && domain.contains('.') && is_host(domain)
    })
}

fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_secret_reference(text: &str) -> bool {
    match text.split_once(':') {
        Some(("file", path)) => !path.trim().is_empty(),
        Some(("env", name)) => {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(kind: QuestionType) -> Question {
        let text = "key: k\nprompt: p\nchoices: [{value: a, title: A}]\nminimum: 1\nmaximum: 9\n";
        Question {
            kind,
            ..serde_yaml::from_str(text).unwrap()
        }
    }

    #[test]
    fn right_answers_are_taken_and_wrong_ones_refused() {
        use QuestionType as T;
        let cases = [
            (T::Port, "8080", "70000"),
            (T::Integer, "9", "10"),
            (T::Boolean, "yes", "perhaps"),
            (T::Choice, "a", "b"),
            (T::Choices, "a, a", "a,b"),
            (T::Url, "https://app.acme.com", "app.acme.com"),
            (T::Host, "db.internal", "db internal"),
            (T::Email, "jo@acme.com", "jo@"),
            (T::Slug, "acme-1", "Acme"),
            (T::Uuid, "550e8400-e29b-41d4-a716-446655440000", "550e8400"),
            (T::Secret, "file:/run/key", "hunter2"),
        ];
        for (kind, right, wrong) in cases {
            assert!(question(kind).parse(right).is_ok(), "{kind:?} {right}");
            assert!(question(kind).parse(wrong).is_err(), "{kind:?} {wrong}");
        }
    }

    #[test]
    fn what_stands_in_a_secrets_place_is_not_shown() {
        let error = question(QuestionType::Secret).parse("hunter2").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
