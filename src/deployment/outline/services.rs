//! What each service asks: who supplies it, and where it is.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::super::definition::{allowed_drivers, facts_of};
use super::{Walk, choice, question};
use crate::product::{KindQuestions, Question, QuestionType, Service, ServiceKind, Supply, kinds};

impl<'a> Walk<'a, '_> {
    /// Lists the services that the components of all parts need.
    fn needed(&self) -> BTreeSet<String> {
        let components = self
            .outline
            .parts
            .iter()
            .flat_map(|part| self.product.components_of(part.mode, part.target))
            .filter_map(|name| self.product.components.get(name));
        components
            .flat_map(|component| component.needs.iter().cloned())
            .collect()
    }

    pub(super) fn services(&mut self) {
        let needed = self.needed();
        for (name, service) in &self.product.services {
            if needed.contains(name) {
                self.service(name, service);
            } else {
                self.outline
                    .services
                    .insert(name.clone(), json!({ "supply": "none" }));
            }
        }
    }

    fn service(&mut self, name: &str, service: &'a Service) {
        let Some(supply) = self.supply(name, service) else {
            return;
        };
        let mut this = Map::new();
        this.insert("supply".to_owned(), supply.name().into());
        let questions: &KindQuestions = &kinds()[&service.kind()];
        for template in questions.of(supply) {
            let key = format!("services.{name}.{}", template.key);
            let mut roots = self.scope();
            let definition = facts_of(service, &self.outline.parts, name, supply, &this);
            roots.insert("definition".to_owned(), definition.clone());
            roots.insert("this".to_owned(), this.clone().into());
            if !self.holds(&key, template.when.as_ref(), &roots) {
                continue;
            }
            let question = with_choices(template, &definition);
            let default = self.default(&key, &question, &roots);
            let fixed = (question.kind == QuestionType::Choice && question.choices.len() == 1)
                .then(|| format!("{} has only one choice here", service.title));
            if let Some(value) = self.ask(&key, question, default, fixed) {
                this.insert(template.key.clone(), value);
            }
        }
        self.outline.services.insert(name.to_owned(), this.into());
    }

    /// Asks who supplies a service; what every part allows is allowed.
    fn supply(&mut self, name: &str, service: &Service) -> Option<Supply> {
        let mut allowed: Vec<Supply> = service.supplies.clone();
        for part in &self.outline.parts {
            let components = self.product.components_of(part.mode, part.target);
            let uses = |component: &String| {
                self.product
                    .components
                    .get(component)
                    .is_some_and(|component| component.needs.contains(&name.to_owned()))
            };
            if components.iter().any(uses) {
                let here = self.product.supplies_of(name, part.mode, part.target);
                let order = here.clone();
                allowed.retain(|supply| here.contains(supply));
                allowed.sort_by_key(|supply| order.iter().position(|other| other == supply));
            }
        }
        if service.kind() == ServiceKind::Objects {
            allowed.retain(|supply| {
                *supply == Supply::None
                    || !allowed_drivers(service, name, *supply, &self.outline.parts).is_empty()
            });
        }
        let key = format!("services.{name}.supply");
        let choices = allowed
            .iter()
            .map(|supply| choice(supply.name(), supply_title(*supply)))
            .collect();
        let fixed =
            (allowed.len() == 1).then(|| format!("{} can be supplied in one way only here", service.title));
        let default = allowed.first().map(|supply| Value::from(supply.name()));
        let prompt = format!("Who supplies this: {}?", service.title);
        let value = self.ask(
            &key,
            question("supply", prompt, QuestionType::Choice, choices),
            default,
            fixed,
        )?;
        allowed
            .into_iter()
            .find(|supply| Some(supply.name()) == value.as_str())
    }
}

/// Fills in choices that the product's definition lists.
fn with_choices(question: &Question, definition: &Value) -> Question {
    let mut question = question.clone();
    if let Some(from) = question
        .choices_from
        .as_deref()
        .and_then(|from| from.strip_prefix("definition."))
    {
        let listed = definition
            .get(from)
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        question.choices = listed
            .filter_map(|item| Some(choice(item.get("value")?.as_str()?, item.get("title")?.as_str()?)))
            .collect();
    }
    question
}

fn supply_title(supply: Supply) -> &'static str {
    match supply {
        Supply::Managed => "Managed: the cloud's own",
        Supply::Bundled => "Bundled: Landfall runs it",
        Supply::Yours => "Yours: you give its address",
        Supply::None => "None: it is not used",
    }
}
