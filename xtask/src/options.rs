//! The options of a task: `--name value` pairs and words.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};

/// What was given on the command line.
#[derive(Debug, Default)]
pub struct Options {
    pairs: BTreeMap<String, String>,
}

impl Options {
    /// Reads `--name value` pairs; a name that is not known is refused.
    pub fn parse(arguments: &[String], known: &[&str], usage: &str) -> anyhow::Result<Self> {
        let mut pairs = BTreeMap::new();
        let mut rest = arguments.iter();
        while let Some(flag) = rest.next() {
            let name = flag.strip_prefix("--").unwrap_or_default();
            if !known.contains(&name) {
                bail!("unknown option `{flag}`, usage: {usage}");
            }
            let value = rest
                .next()
                .with_context(|| format!("`{flag}` needs a value, usage: {usage}"))?;
            pairs.insert(name.to_owned(), value.clone());
        }
        Ok(Self { pairs })
    }

    /// Returns the value of an option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.get(name).map(String::as_str)
    }

    /// Returns the value of an option as a number.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> anyhow::Result<Option<T>> {
        let number = |text: &str| {
            text.parse()
                .ok()
                .with_context(|| format!("`--{name}` takes a number, not `{text}`"))
        };
        self.get(name).map(number).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Options> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Options::parse(&arguments, &["dir", "port"], "")
    }

    #[test]
    fn pairs_are_read_and_strangers_refused() {
        let options = parse("--dir x --port 80").unwrap();
        assert_eq!(options.get("dir"), Some("x"));
        assert_eq!(options.number::<u16>("port").unwrap(), Some(80));
        for wrong in ["--prot 80", "--port", "x"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse("--port many").unwrap().number::<u16>("port").is_err());
    }
}
