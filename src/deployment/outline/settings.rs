//! What the product itself asks: settings and secrets; and answers that nobody asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Complaint, Walk, question};
use crate::document::nearest;
use crate::product::{Question, QuestionType, SecretKind};

impl Walk<'_, '_> {
    pub(super) fn settings(&mut self) {
        let modes: Vec<&str> = self
            .outline
            .parts
            .iter()
            .map(|part| part.mode_name.as_str())
            .collect();
        let applies = |question: &Question| {
            question.modes.is_empty() || question.modes.iter().any(|mode| modes.contains(&mode.as_str()))
        };
        let chosen: Vec<(&Question, bool)> = self
            .product
            .questions
            .iter()
            .map(|question| (question, applies(question)))
            .collect();
        for (question, applies) in chosen {
            let key = format!("settings.{}", question.key);
            let roots = self.scope();
            let decided = self.outline.parts.iter().find_map(|part| {
                let on = part.target.and_then(|target| part.mode.on.get(&target));
                let value = on.and_then(|on| on.settings.get(&question.key));
                Some((
                    value.or_else(|| part.mode.settings.get(&question.key))?.clone(),
                    part.mode_name.clone(),
                ))
            });
            let value = if let Some((value, mode)) = decided {
                let fixed = Some(format!("the mode `{mode}` decides this"));
                self.ask(&key, question.clone(), Some(value), fixed)
            } else if applies && self.holds(&key, question.when.as_ref(), &roots) {
                let default = self.default(&key, question, &roots);
                self.ask(&key, question.clone(), default, None)
            } else {
                self.default(&key, question, &roots)
            };
            self.outline
                .settings
                .insert(question.key.clone(), value.unwrap_or_else(|| "".into()));
        }
    }

    pub(super) fn secrets(&mut self) {
        for (name, secret) in &self.product.secrets {
            let key = format!("secrets.{name}");
            let roots = self.scope();
            if secret.kind != SecretKind::Given || !self.holds(&key, secret.when.as_ref(), &roots) {
                continue;
            }
            let prompt = format!("Where is this secret: {}?", secret.title);
            let mut asked = question(name, prompt, QuestionType::Secret, vec![]);
            asked.help =
                "A reference: file:PATH or env:NAME. The secret itself is never written down.".to_owned();
            asked.optional = secret.optional;
            self.ask(&key, asked, None, None);
        }
    }

    /// Complains about answers to questions that nobody asks.
    pub(super) fn strangers(&mut self) {
        let known: BTreeSet<&str> = self
            .outline
            .asked
            .iter()
            .map(|asked| asked.key.as_str())
            .collect();
        let fields = |section: &str, map: &BTreeMap<String, Value>| {
            map.keys()
                .map(|key| format!("{section}.{key}"))
                .collect::<Vec<_>>()
        };
        let mut given = fields("settings", &self.answers.settings);
        given.extend(fields("secrets", &self.answers.secrets));
        for (service, map) in &self.answers.services {
            given.extend(fields(&format!("services.{service}"), map));
        }
        for (part, content) in &self.answers.parts {
            given.extend(fields(&format!("parts.{part}.options"), &content.options));
        }
        given.extend(
            self.answers
                .facts
                .keys()
                .filter(|key| !self.outline.facts.contains_key(*key))
                .map(|key| format!("facts.{key}")),
        );
        let strangers: Vec<Complaint> = given
            .into_iter()
            .filter(|key| !known.contains(key.as_str()))
            .map(|key| {
                let hint =
                    nearest(&key, known.iter().copied()).map(|right| format!("did you mean `{right}`?"));
                Complaint {
                    message: "nothing asks for this here".to_owned(),
                    hint,
                    key,
                }
            })
            .collect();
        self.outline.complaints.extend(strangers);
    }
}
