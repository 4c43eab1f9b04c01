//! What the checkers find and we leave: `helm/exceptions.yaml` and `terraform/exceptions.yaml`.

use std::cell::Cell;
use std::fs;

use anyhow::Context as _;
use serde::Deserialize;

use crate::workspace::root;

/// Something that a tool complains about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub tool: &'static str,
    pub check: String,
    /// `<chart>/<case>:<Kind>/<object>`, or `<module>:<address>`.
    pub place: String,
    pub words: String,
}

impl Finding {
    /// Says it in one line.
    pub fn line(&self) -> String {
        let Self {
            tool,
            check,
            place,
            words,
        } = self;
        format!("{tool} {check} at {place}: {words}")
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    tool: String,
    check: String,
    #[serde(rename = "where")]
    places: Vec<String>,
    #[expect(dead_code, reason = "people read it, and it must be there")]
    reason: String,
}

/// All exceptions, and which of their places were met.
pub struct Exceptions {
    file: &'static str,
    all: Vec<(Exception, Vec<Cell<bool>>)>,
}

impl Exceptions {
    /// Reads a file of the repository.
    pub fn read(file: &'static str) -> anyhow::Result<Self> {
        let path = root().join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(file, &text)
    }

    fn parse(file: &'static str, text: &str) -> anyhow::Result<Self> {
        let all: Vec<Exception> = serde_yaml::from_str(text).context(file)?;
        let met = |exception: Exception| {
            let met = exception.places.iter().map(|_| Cell::new(false)).collect();
            (exception, met)
        };
        Ok(Self {
            file,
            all: all.into_iter().map(met).collect(),
        })
    }

    /// Says whether a finding is one that we leave.
    pub fn covers(&self, finding: &Finding) -> bool {
        let mut covered = false;
        for (exception, met) in &self.all {
            if exception.tool != finding.tool || exception.check != finding.check {
                continue;
            }
            for (place, met) in exception.places.iter().zip(met) {
                if is_like(&finding.place, place) {
                    met.set(true);
                    covered = true;
                }
            }
        }
        covered
    }

    /// Lists places that nothing was found at.
    pub fn unmet(&self) -> Vec<String> {
        self.unmet_where(|_| true)
    }

    /// Lists those of one tool; another may not have looked.
    pub fn unmet_by(&self, tool: &str) -> Vec<String> {
        self.unmet_where(|exception| exception.tool == tool)
    }

    /// Lists those of a tool that is none of these.
    pub fn unmet_but_by(&self, tools: &[&str]) -> Vec<String> {
        self.unmet_where(|exception| !tools.contains(&exception.tool.as_str()))
    }

    fn unmet_where(&self, is_asked: impl Fn(&Exception) -> bool) -> Vec<String> {
        let line = |exception: &Exception, place: &String| {
            format!(
                "{}: {} finds no {} at {place}",
                self.file, exception.tool, exception.check
            )
        };
        let asked = self.all.iter().filter(|(exception, _)| is_asked(exception));
        let all = asked.flat_map(|(exception, met)| {
            let places = exception.places.iter().zip(met);
            places
                .filter(|(_, met)| !met.get())
                .map(move |(place, _)| line(exception, place))
        });
        all.collect()
    }
}

/// Compares text with a pattern in which `*` is anything.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let Some((before, rest)) = pattern.split_once('*') else {
        return text == pattern;
    };
    let Some(text) = text.strip_prefix(before) else {
        return false;
    };
    (0..=text.len())
        .filter(|start| text.is_char_boundary(*start))
        .any(|start| is_like(&text[start..], rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_covers_its_places_and_says_which_were_not_met() {
        let text = "- {tool: checkov, check: A, where: ['product/*:Pod/*', 'services/x:Pod/y'], reason: r}";
        let exceptions = Exceptions::parse("x.yaml", text).unwrap();
        let finding = |place: &str| Finding {
            tool: "checkov",
            check: "A".to_owned(),
            place: place.to_owned(),
            words: String::new(),
        };
        assert!(exceptions.covers(&finding("product/sample/kubernetes:Pod/notes")));
        assert!(!exceptions.covers(&finding("product/full:Deployment/notes")));
        assert_eq!(
            exceptions.unmet(),
            ["x.yaml: checkov finds no A at services/x:Pod/y"]
        );
        assert_eq!(exceptions.unmet_by("checkov"), exceptions.unmet());
        assert!(exceptions.unmet_by("tflint").is_empty());
        assert_eq!(exceptions.unmet_but_by(&["tflint"]), exceptions.unmet());
        assert!(exceptions.unmet_but_by(&["checkov"]).is_empty());
    }
}
