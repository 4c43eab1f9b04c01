//! Everything that is asked of a customer, given what has been answered so far.
//!
//! One walk in a fixed order (tier, facts, parts, services, settings, secrets) serves the wizard, which asks what is
//! still open, and `resolve`, which takes answers and defaults and complains about the rest. Later questions depend on
//! earlier answers, so the walk carries the context along.

mod parts;
mod services;
mod settings;

use serde_json::{Map, Value, json};

use super::Answers;
use crate::document::nearest;
use crate::expression::Scope;
use crate::product::{Choice, Mode, Product, Question, QuestionType, Target};

/// One question as it stands for one customer.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The key path in the answers file.
    pub key: String,
    /// The question, its choices filled in.
    pub question: Question,
    /// What was answered.
    pub answer: Option<Value>,
    /// What is taken when nothing was.
    pub default: Option<Value>,
    /// Why there is nothing to answer, where that is so.
    pub fixed: Option<String>,
}

impl Asked {
    /// Returns the value that counts.
    pub fn value(&self) -> Option<&Value> {
        self.answer.as_ref().or(self.default.as_ref())
    }

    /// Says whether an answer is needed and not there.
    pub fn missing(&self) -> bool {
        self.value().is_none() && !self.question.optional
    }
}

/// Something wrong with an answer, at its key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The key path.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// A part whose mode is known.
#[derive(Debug, Clone)]
pub struct PartOutline<'a> {
    /// The part's name.
    pub name: String,
    /// The mode's name.
    pub mode_name: String,
    /// The mode.
    pub mode: &'a Mode,
    /// The target; none for the vendor's own service.
    pub target: Option<Target>,
    /// The `installation` root of the context.
    pub installation: Value,
    /// The target's options.
    pub options: Map<String, Value>,
}

/// Everything that is asked, and what is wrong with what was answered.
#[derive(Debug, Clone)]
pub struct Outline<'a> {
    /// The questions in order.
    pub asked: Vec<Asked>,
    /// What is wrong.
    pub complaints: Vec<Complaint>,
    /// The parts whose modes are known.
    pub parts: Vec<PartOutline<'a>>,
    /// The `facts` root.
    pub facts: Map<String, Value>,
    /// The `settings` root.
    pub settings: Map<String, Value>,
    /// The `services` root, as answered: nothing derived yet.
    pub services: Map<String, Value>,
}

/// Walks through everything that is asked for a product.
pub fn outline<'a>(product: &'a Product, answers: &Answers) -> Outline<'a> {
    let empty = Outline {
        asked: Vec::new(),
        complaints: Vec::new(),
        parts: Vec::new(),
        facts: Map::new(),
        settings: Map::new(),
        services: Map::new(),
    };
    let mut walk = Walk {
        product,
        answers,
        outline: empty,
    };
    walk.basics();
    walk.facts();
    walk.parts();
    walk.services();
    walk.settings();
    walk.secrets();
    walk.strangers();
    walk.outline
}

struct Walk<'a, 'b> {
    product: &'a Product,
    answers: &'b Answers,
    outline: Outline<'a>,
}

/// Makes a question of ours.
fn question(key: &str, prompt: String, kind: QuestionType, choices: Vec<Choice>) -> Question {
    Question {
        key: key.to_owned(),
        prompt,
        help: String::new(),
        kind,
        choices,
        choices_from: None,
        default: None,
        when: None,
        optional: false,
        advanced: false,
        assumed: None,
        modes: Vec::new(),
        minimum: None,
        maximum: None,
    }
}

fn choice(value: &str, title: &str) -> Choice {
    Choice {
        value: value.to_owned(),
        title: title.to_owned(),
    }
}

impl<'a> Walk<'a, '_> {
    fn complain(&mut self, key: &str, message: impl Into<String>, hint: Option<String>) {
        self.outline.complaints.push(Complaint {
            key: key.to_owned(),
            message: message.into(),
            hint,
        });
    }

    /// Adds a question, checks its answer and returns the value that counts.
    fn ask(
        &mut self,
        key: &str,
        question: Question,
        default: Option<Value>,
        fixed: Option<String>,
    ) -> Option<Value> {
        let answer = self.answers.get(key).filter(|value| !value.is_null());
        if let Some(answer) = &answer {
            if let Err(error) = question.check(answer) {
                let words: Vec<&str> = question
                    .choices
                    .iter()
                    .map(|choice| choice.value.as_str())
                    .collect();
                let single = question.kind == QuestionType::Choice;
                let hint = answer
                    .as_str()
                    .filter(|_| single)
                    .and_then(|answer| nearest(answer, words));
                self.complain(
                    key,
                    error.to_string(),
                    hint.map(|word| format!("did you mean `{word}`?")),
                );
            }
            if let (Some(why), Some(default)) = (&fixed, &default)
                && answer != default
            {
                self.complain(
                    key,
                    format!("{why}: `{}`", plain(default)),
                    Some("leave it out".to_owned()),
                );
            }
        }
        let asked = Asked {
            key: key.to_owned(),
            question,
            answer,
            default,
            fixed,
        };
        let value = asked.value().cloned();
        self.outline.asked.push(asked);
        value
    }

    fn scope(&self) -> Map<String, Value> {
        let installation = self
            .outline
            .parts
            .first()
            .map_or_else(|| self.installation("", None), |p| p.installation.clone());
        let mut roots = Map::new();
        roots.insert("facts".to_owned(), self.outline.facts.clone().into());
        roots.insert("settings".to_owned(), self.outline.settings.clone().into());
        roots.insert("services".to_owned(), self.outline.services.clone().into());
        roots.insert("installation".to_owned(), installation);
        roots.insert(
            "tier".to_owned(),
            self.answers.tier.clone().unwrap_or_default().into(),
        );
        roots
    }

    fn installation(&self, mode: &str, target: Option<Target>) -> Value {
        json!({
            "name": self.answers.name, "mode": mode, "target": target.map_or("", Target::name),
            "tier": self.answers.tier.clone().unwrap_or_default(), "version": "", "region": "", "url": "",
        })
    }

    fn holds(&mut self, key: &str, condition: Option<&String>, roots: &Map<String, Value>) -> bool {
        let Some(condition) = condition else { return true };
        match Scope::new(roots).and_then(|scope| scope.holds(condition)) {
            Ok(holds) => holds,
            Err(error) => {
                self.complain(
                    key,
                    format!("the condition `{condition}` cannot be evaluated: {error}"),
                    None,
                );
                false
            }
        }
    }

    /// Evaluates a question's default in a context; one that comes out empty is none.
    fn default(&mut self, key: &str, question: &Question, roots: &Map<String, Value>) -> Option<Value> {
        let Some(Value::String(text)) = &question.default else {
            return question.default.clone();
        };
        match Scope::new(roots).and_then(|scope| scope.render(text)) {
            Ok(text) if text.is_empty() => None,
            Ok(text) => question.parse(&text).ok(),
            Err(error) => {
                self.complain(
                    key,
                    format!("the default `{text}` cannot be evaluated: {error}"),
                    None,
                );
                None
            }
        }
    }

    fn basics(&mut self) {
        let slug = question(
            "name",
            "What shall this installation be called?".to_owned(),
            QuestionType::Slug,
            vec![],
        );
        self.ask("name", slug, None, None);
        if self.product.tiers.is_empty() {
            if self.answers.tier.is_some() {
                let message = format!("{} has no tiers", self.product.title);
                self.complain("tier", message, Some("leave it out".to_owned()));
            }
            return;
        }
        let choices = self
            .product
            .tiers
            .iter()
            .map(|tier| choice(tier, &capitalized(tier)))
            .collect();
        let prompt = format!("Which tier of {} do you have?", self.product.title);
        self.ask(
            "tier",
            question("tier", prompt, QuestionType::Choice, choices),
            None,
            None,
        );
    }

    fn facts(&mut self) {
        for fact in &self.product.facts {
            let key = format!("facts.{}", fact.key);
            let roots = self.scope();
            let fact = Question {
                optional: true,
                ..fact.clone()
            };
            let applies = self.holds(&key, fact.when.as_ref(), &roots);
            let default = self.default(&key, &fact, &roots);
            let name = fact.key.clone();
            let value = if applies {
                self.ask(&key, fact, default, None)
            } else {
                default
            };
            self.outline
                .facts
                .insert(name, value.unwrap_or_else(|| "".into()));
        }
    }
}

/// Writes a value as a person would.
pub(in crate::deployment) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(crate) fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(crate) fn either(tiers: &[String]) -> String {
    tiers
        .iter()
        .map(|tier| capitalized(tier))
        .collect::<Vec<_>>()
        .join(" or ")
}
