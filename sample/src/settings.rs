//! Configuration: the environment, and nothing else.

use std::collections::BTreeMap;

use crate::error::{Explain as _, Failure};

/// The environment of the process, read once.
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads the environment; a variable that is not UTF-8 is left out.
    pub fn of_process() -> Self {
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            Some((name, value.into_string().ok()?))
        });
        Self(texts.collect())
    }

    /// Gives a variable; an empty one counts as absent.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Gives a variable, or its default.
    pub fn or<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.optional(name).unwrap_or(default)
    }

    /// Gives a variable that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Failure> {
        self.optional(name)
            .ok_or_else(|| Failure::new(format!("`{name}` is not set, set it in the environment")))
    }

    /// Gives a secret from `<name>`, or from the file that `<name>_FILE` names.
    pub fn secret(&self, name: &str) -> Result<Option<String>, Failure> {
        let file = format!("{name}_FILE");
        match (self.optional(name), self.optional(&file)) {
            (Some(_), Some(_)) => Err(Failure::new(format!(
                "both `{name}` and `{file}` are set, keep one of them"
            ))),
            (Some(value), None) => Ok(Some(value.to_owned())),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path)
                    .explain(format_args!("cannot read the file that `{file}` names, {path}"))?;
                Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
            (None, None) => Ok(None),
        }
    }

    /// Gives a secret that must be there.
    pub fn required_secret(&self, name: &str) -> Result<String, Failure> {
        self.secret(name)?.ok_or_else(|| {
            Failure::new(format!(
                "neither `{name}` nor `{name}_FILE` is set, set one of them"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment(
            pairs
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
        )
    }

    #[test]
    fn an_empty_variable_counts_as_absent() {
        assert_eq!(environment(&[("A", "")]).or("A", "default"), "default");
    }

    #[test]
    fn a_secret_comes_from_one_place_only() {
        let both = environment(&[("A", "1"), ("A_FILE", "/nonexistent")]);
        assert!(
            both.secret("A")
                .unwrap_err()
                .to_string()
                .contains("keep one of them")
        );
        assert_eq!(
            environment(&[("A", "1")]).secret("A").unwrap().as_deref(),
            Some("1")
        );
        assert!(environment(&[]).required_secret("A").is_err());
    }
}
