//! What a reply does to the answers.

use serde_json::Value;

use super::error::WizardError;
use super::flow::{Flow, Step, complaint_at, part_of_mode};
use super::prompter::Prompt;
use super::rank::rank;
use crate::deployment::{Answers, outline};
use crate::product::{Product, ServiceKind, Target};

impl Flow<'_, '_> {
    /// Takes an answer; what comes back is a complaint about it.
    pub(super) fn take(
        &mut self,
        step: &Step,
        prompt: &Prompt,
        text: &str,
    ) -> Result<Option<String>, WizardError> {
        let text = match (text.trim(), &prompt.default) {
            ("", Some(default)) => default.clone(),
            (text, _) => text.to_owned(),
        };
        match step {
            Step::Confirm if text == "yes" => Ok(None),
            Step::Confirm => Err(WizardError::Cancelled),
            Step::Another(added) => Ok(self.take_another(*added, &text)),
            Step::Question(key) => Ok(match part_of_mode(key) {
                Some(part) => self.take_mode(part, &text),
                None => self.take_answer(key, &text),
            }),
        }
    }

    fn take_answer(&mut self, key: &str, text: &str) -> Option<String> {
        let outline = self.outline();
        let asked = outline.asked.iter().find(|asked| asked.key == key)?;
        let value = if text.is_empty() && asked.question.optional {
            Value::Null
        } else {
            match asked.question.parse(text) {
                Ok(value) => value,
                Err(error) => return Some(error.to_string()),
            }
        };
        if let Some(path) = text.strip_prefix("file:")
            && is_license(self.product, key)
            && let Err(why) = (self.manner.readable)(path)
        {
            return Some(format!("the license `{path}` cannot be read: {why}"));
        }
        let mut answers = self.answers.clone();
        answers.set(key, value);
        self.settle(answers, &[key])
    }

    /// Takes `mode` or `mode/target`, and the region that the rules speak for.
    fn take_mode(&mut self, part: &str, text: &str) -> Option<String> {
        let (mode, target) = match text.split_once('/') {
            Some((mode, target)) => (mode, Target::by_name(target)),
            None => (text, None),
        };
        let mut answers = self.answers.clone();
        let ranking = rank(self.product, &answers.facts, answers.tier.as_deref());
        let content = answers.parts.entry(part.to_owned()).or_default();
        if content.mode != mode || content.target != target {
            content.region = ranking
                .iter()
                .find(|ranked| ranked.mode == mode && ranked.target == target)
                .and_then(|ranked| ranked.region.clone());
        }
        mode.clone_into(&mut content.mode);
        content.target = target;
        let keys = ["mode", "target", "region"].map(|key| format!("parts.{part}.{key}"));
        self.settle(answers, &keys.each_ref().map(String::as_str))
    }

    fn take_another(&mut self, added: usize, text: &str) -> Option<String> {
        for part in self.added.drain(added.min(self.added.len())..) {
            self.answers.parts.remove(&part);
        }
        if text == "no" {
            return None;
        }
        let mode = text.split('/').next().unwrap_or_default();
        if !self.product.modes.contains_key(mode) {
            return Some(format!("expected `no` or a mode, not `{text}`"));
        }
        let taken = |name: &String| self.answers.parts.contains_key(name);
        let numbered = (2..).map(|number| format!("{mode}-{number}"));
        let name = std::iter::once(mode.to_owned())
            .chain(numbered)
            .find(|name| !taken(name))?;
        let complaint = self.take_mode(&name, text);
        if complaint.is_none() {
            self.added.push(name);
        }
        complaint
    }

    /// Keeps new answers unless there are complaints about the keys that they answer.
    fn settle(&mut self, answers: Answers, keys: &[&str]) -> Option<String> {
        let complaint = complaint_at(&outline(self.product, &answers), keys);
        if complaint.is_none() {
            self.answers = answers;
        }
        complaint
    }
}

fn is_license(product: &Product, key: &str) -> bool {
    let service = key
        .strip_prefix("services.")
        .and_then(|rest| rest.strip_suffix(".token"));
    service
        .and_then(|name| product.services.get(name))
        .is_some_and(|service| service.kind() == ServiceKind::License)
}
