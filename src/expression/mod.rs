//! Tera expressions: the one language of conditions, defaults, environment values and configuration files.
//!
//! Evaluation is strict (an undefined name is an error) and pure. A secret never has a value here: it is the reference
//! `${secret:name}`, which the target replaces with its own kind of reference or, on a host, when it writes the file.

mod reference;

pub use reference::{Expressions, ROOTS, Reference, references, strangers};

use std::sync::LazyLock;

use serde::Serialize;
use tera::{Context, Kwargs, State, Tera, Value};

/// Says why an expression cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ExpressionError(String);

/// What expressions are evaluated over.
#[derive(Debug, Clone)]
pub struct Scope(Context);

impl Scope {
    /// Makes a scope of a structure whose fields become the roots.
    ///
    /// # Errors
    /// [`ExpressionError`] when the structure is no mapping.
    pub fn new(roots: &impl Serialize) -> Result<Self, ExpressionError> {
        Context::from_serialize(roots)
            .map(Self)
            .map_err(|error| ExpressionError(error.to_string()))
    }

    /// Adds or replaces one root.
    #[must_use]
    pub fn with(mut self, root: &'static str, value: &impl Serialize) -> Self {
        self.0.insert(root, value);
        self
    }

    /// Renders a template.
    ///
    /// # Errors
    /// [`ExpressionError`] with what is undefined or wrong.
    pub fn render(&self, template: &str) -> Result<String, ExpressionError> {
        if !template.contains("{{") && !template.contains("{%") && !template.contains("{#") {
            return Ok(template.to_owned());
        }
        ENGINE
            .render_str(template, &self.0, false)
            .map_err(|error| plain(&error))
    }

    /// Evaluates a condition.
    ///
    /// # Errors
    /// [`ExpressionError`] with what is undefined or wrong.
    pub fn holds(&self, condition: &str) -> Result<bool, ExpressionError> {
        Ok(self.render(&format!("{{% if {condition} %}}yes{{% endif %}}"))? == "yes")
    }
}

/// Checks that a template parses.
///
/// # Errors
/// [`ExpressionError`] with what the parser says.
pub fn parses(template: &str) -> Result<(), ExpressionError> {
    ENGINE
        .clone()
        .add_raw_template("template", template)
        .map_err(|error| plain(&error))
}

static ENGINE: LazyLock<Tera> = LazyLock::new(|| {
    let mut tera = Tera::new();
    tera.autoescape_on(Vec::<String>::new());
    tera.register_filter("file", file);
    tera.register_filter("quote", quote);
    tera.register_filter("json", json);
    tera
});

/// Turns the reference to a secret into a reference to the file that holds it.
fn file(text: &str, _: Kwargs, _: &State<'_>) -> tera::TeraResult<String> {
    match text.strip_prefix("${secret:") {
        Some(rest) => Ok(format!("${{secret-file:{rest}")),
        None if text.is_empty() => Ok(String::new()),
        None => Err(tera::Error::message("`file` takes a secret")),
    }
}

/// Quotes a text as TOML basic strings, JSON and YAML alike read it.
fn quote(text: &str, _: Kwargs, _: &State<'_>) -> tera::TeraResult<String> {
    serde_json::to_string(text).map_err(|error| tera::Error::message(error.to_string()))
}

/// Writes a value as JSON.
fn json(value: &Value, _: Kwargs, _: &State<'_>) -> tera::TeraResult<String> {
    serde_json::to_string(value).map_err(|error| tera::Error::message(error.to_string()))
}

/// Tera's reports span several lines with the source; one line of what is wrong reads better inside ours.
fn plain(error: &tera::Error) -> ExpressionError {
    let text = error.to_string();
    let first = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("not a valid expression");
    ExpressionError(first.trim_start_matches("error: ").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope::new(&serde_json::json!({
            "settings": { "port": 8080, "tls": false, "names": ["a", "b"] },
            "secrets": { "key": "${secret:key}" }
        }))
        .unwrap()
    }

    #[test]
    fn templates_and_conditions_are_evaluated() {
        assert_eq!(scope().render("p={{ settings.port }}").unwrap(), "p=8080");
        assert_eq!(
            scope().render("{{ secrets.key | file }}").unwrap(),
            "${secret-file:key}"
        );
        assert_eq!(
            scope().render("{{ settings.names | json }}").unwrap(),
            "[\"a\",\"b\"]"
        );
        assert!(
            scope()
                .holds("settings.port == 8080 and not settings.tls")
                .unwrap()
        );
        assert!(!scope().holds("'c' in settings.names").unwrap());
    }

    #[test]
    fn a_map_is_walked_in_one_order() {
        let names: Vec<String> = (0..50).map(|number| format!("k{number:02}")).collect();
        let map: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), 1.into())).collect();
        let scope = Scope::new(&serde_json::json!({ "settings": map })).unwrap();
        let walked = scope.render("{% for k, v in settings %}{{ k }}{% endfor %}");
        assert_eq!(walked.unwrap(), names.concat());
    }

    #[test]
    fn an_undefined_name_is_an_error_of_one_line() {
        let error = scope().render("{{ settings.prot }}").unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
    }

    #[test]
    fn broken_syntax_does_not_parse() {
        assert!(parses("{{ settings.port").is_err());
        assert!(parses("{% if a %}").is_err());
    }
}
