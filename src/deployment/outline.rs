//! Everything that is asked of a customer, given what has been answered so far.
//!
//! One walk in a fixed order (tier, facts, parts, services, settings, secrets) serves the wizard, which asks what is
//! still open, and `resolve`, which takes answers and defaults and complains about the rest. Later questions depend on
//! earlier answers, so the walk carries the context along.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Answers;
use super::definition::{allowed_drivers, facts_of};
use super::options::options;
use crate::document::nearest;
use crate::expression::Scope;
use crate::product::{
    Choice, KindQuestions, Mode, Product, Question, QuestionType, SecretKind, Service, Supply, Target, kinds,
};

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
                let hint = answer.as_str().and_then(|answer| nearest(answer, words));
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
            Ok(text) => question.parse(&text).map_or(None, Some),
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

    fn parts(&mut self) {
        if self.answers.parts.is_empty() {
            self.mode_question("main");
        }
        let names: Vec<String> = self.answers.parts.keys().cloned().collect();
        for name in names {
            self.part(&name);
        }
        self.combinations();
    }

    fn mode_question(&mut self, part: &str) -> Option<Value> {
        let modes = self
            .product
            .modes
            .iter()
            .map(|(name, mode)| choice(name, &mode.title))
            .collect();
        let prompt = format!("How shall {} run?", self.product.title);
        self.ask(
            &format!("parts.{part}.mode"),
            question("mode", prompt, QuestionType::Choice, modes),
            None,
            None,
        )
    }

    fn part(&mut self, name: &str) {
        let key = |rest: &str| format!("parts.{name}.{rest}");
        let Some(mode_name) = self
            .mode_question(name)
            .and_then(|mode| mode.as_str().map(str::to_owned))
        else {
            return;
        };
        let Some(mode) = self.product.modes.get(&mode_name) else {
            return;
        };
        self.tier_gate(&key("mode"), mode, &mode_name);
        let target = self.target(&key("target"), mode);
        let region = self.region(&key("region"), mode);
        let mut installation = self.installation(&mode_name, target);
        installation["region"] = region.unwrap_or_default().into();
        let mut collected = Map::new();
        for option in target.map(options).unwrap_or_default() {
            let key = key(&format!("options.{}", option.key));
            let mut roots = self.scope();
            roots.insert("installation".to_owned(), installation.clone());
            roots.insert("this".to_owned(), collected.clone().into());
            if !self.holds(&key, option.when.as_ref(), &roots) {
                continue;
            }
            let default = self.default(&key, option, &roots);
            if let Some(value) = self.ask(&key, option.clone(), default, None) {
                collected.insert(option.key.clone(), value);
            }
        }
        let part = PartOutline {
            name: name.to_owned(),
            mode_name,
            mode,
            target,
            installation,
            options: collected,
        };
        self.outline.parts.push(part);
    }

    fn tier_gate(&mut self, key: &str, mode: &Mode, mode_name: &str) {
        let Some(tier) = self.answers.tier.clone() else {
            return;
        };
        if !mode.tiers.is_empty() && !mode.tiers.contains(&tier) && self.product.tiers.contains(&tier) {
            let (title, product) = (&mode.title, &self.product.title);
            let message = format!(
                "{product} offers `{mode_name}` ({title}) on {} only; the tier here is {}",
                either(&mode.tiers),
                capitalized(&tier)
            );
            let open: Vec<&str> = self
                .product
                .modes
                .iter()
                .filter(|(_, mode)| mode.tiers.is_empty() || mode.tiers.contains(&tier))
                .map(|(name, _)| name.as_str())
                .collect();
            let hint = format!("modes open to {}: {}", capitalized(&tier), open.join(", "));
            self.complain(key, message, Some(hint));
        }
    }

    fn target(&mut self, key: &str, mode: &Mode) -> Option<Target> {
        let choices: Vec<Choice> = mode
            .targets
            .iter()
            .map(|target| choice(target.name(), target.name()))
            .collect();
        let (default, fixed) = match mode.targets.as_slice() {
            [] => return None,
            [only] => (
                Some(Value::from(only.name())),
                Some("the mode has only one target".to_owned()),
            ),
            _ => (None, None),
        };
        let prompt = "Where shall it run?".to_owned();
        let value = self.ask(
            key,
            question("target", prompt, QuestionType::Choice, choices),
            default,
            fixed,
        )?;
        Target::by_name(value.as_str()?).filter(|target| mode.targets.contains(target))
    }

    fn region(&mut self, key: &str, mode: &Mode) -> Option<String> {
        if mode.regions.is_empty() {
            return None;
        }
        let choices = mode
            .regions
            .iter()
            .map(|region| choice(&region.id, &region.title))
            .collect();
        let prompt = "In which region?".to_owned();
        let value = self.ask(
            key,
            question("region", prompt, QuestionType::Choice, choices),
            None,
            None,
        )?;
        let id = value.as_str()?.to_owned();
        let region = mode.regions.iter().find(|region| region.id == id)?;
        if let Some(tier) = self.answers.tier.clone()
            && !region.tiers.is_empty()
            && !region.tiers.contains(&tier)
        {
            let message = format!(
                "{} offers the region {} on {} only; the tier here is {}",
                self.product.title,
                region.title,
                either(&region.tiers),
                capitalized(&tier)
            );
            let open =
                |region: &&crate::product::Region| region.tiers.is_empty() || region.tiers.contains(&tier);
            let others: Vec<&str> = mode
                .regions
                .iter()
                .filter(open)
                .map(|region| region.id.as_str())
                .collect();
            self.complain(
                key,
                message,
                Some(format!("open to {}: {}", capitalized(&tier), others.join(", "))),
            );
        }
        Some(id)
    }

    fn combinations(&mut self) {
        let parts = self.outline.parts.clone();
        for (index, part) in parts.iter().enumerate() {
            for other in &parts[..index] {
                let allowed = part.mode_name == other.mode_name
                    || part.mode.combines_with.contains(&other.mode_name)
                    || other.mode.combines_with.contains(&part.mode_name);
                if !allowed {
                    let message = format!(
                        "the modes `{}` and `{}` do not combine",
                        other.mode_name, part.mode_name
                    );
                    self.complain(&format!("parts.{}.mode", part.name), message, None);
                }
            }
        }
    }

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

    fn services(&mut self) {
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
        if service.kind() == crate::product::ServiceKind::Objects {
            allowed.retain(|supply| {
                *supply == Supply::None || !allowed_drivers(service, *supply, &self.outline.parts).is_empty()
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

    fn settings(&mut self) {
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

    fn secrets(&mut self) {
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
    fn strangers(&mut self) {
        let known: BTreeSet<&str> = self
            .outline
            .asked
            .iter()
            .map(|asked| asked.key.as_str())
            .collect();
        let fields = |section: &str, map: &std::collections::BTreeMap<String, Value>| {
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

/// Writes a value as a person would.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn either(tiers: &[String]) -> String {
    tiers
        .iter()
        .map(|tier| capitalized(tier))
        .collect::<Vec<_>>()
        .join(" or ")
}
