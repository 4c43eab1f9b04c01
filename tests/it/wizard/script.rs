//! A script that replies in a person's place.

use std::collections::{BTreeMap, VecDeque};

use landfall::deployment::Answers;
use landfall::product::Product;
use landfall::wizard::{Form, Manner, Prompt, PromptError, Prompter, Reply, WizardError, run};

/// Replies by key; where it has none it takes the default, the first choice, or the first text that is taken.
#[derive(Default)]
pub struct Script {
    replies: BTreeMap<String, VecDeque<Reply>>,
    /// Every prompt that was put, in order.
    pub prompts: Vec<Prompt>,
    /// What was answered other than by a default.
    pub given: BTreeMap<String, String>,
    attempts: BTreeMap<String, usize>,
}

const TEXTS: [&str; 7] = [
    "acme",
    "https://acme.example.com",
    "file:/run/secrets/it",
    "123456789012",
    "550e8400-e29b-41d4-a716-446655440000",
    "jo@acme.example.com",
    "8443",
];

impl Script {
    pub fn of(replies: &[(&str, &str)]) -> Self {
        let mut script = Self::default();
        for (key, text) in replies {
            script.then(key, Reply::Answer((*text).to_owned()));
        }
        script
    }

    pub fn then(&mut self, key: &str, reply: Reply) {
        self.replies.entry(key.to_owned()).or_default().push_back(reply);
    }

    pub fn keys(&self) -> Vec<&str> {
        self.prompts.iter().map(|prompt| prompt.key.as_str()).collect()
    }

    pub fn run(&mut self, product: &Product, answers: Answers) -> Result<Answers, WizardError> {
        let manner = Manner {
            review: false,
            readable: &|_| Ok(()),
            suggested: &|_| None,
        };
        run(product, answers, &manner, self)
    }

    fn made_up(&mut self, prompt: &Prompt) -> Option<String> {
        match &prompt.form {
            _ if prompt.complaint.is_none() && (prompt.default.is_some() || prompt.optional) => {
                Some(String::new())
            }
            Form::One(items) | Form::Any(items) => items.first().map(|item| item.value.clone()),
            Form::Text => {
                let attempt = self.attempts.entry(prompt.key.clone()).or_default();
                *attempt += 1;
                TEXTS.get(*attempt - 1).map(|text| (*text).to_owned())
            }
        }
    }
}

impl Prompter for Script {
    fn ask(&mut self, prompt: &Prompt) -> Result<Reply, PromptError> {
        assert!(
            self.prompts.len() < 400,
            "the wizard goes in circles: {:?}",
            self.keys()
        );
        self.prompts.push(prompt.clone());
        let scripted = self.replies.get_mut(&prompt.key).and_then(VecDeque::pop_front);
        let reply = match scripted {
            Some(reply) => reply,
            None => Reply::Answer(self.made_up(prompt).ok_or(PromptError::Ended)?),
        };
        if let Reply::Answer(text) = &reply
            && !text.is_empty()
        {
            self.given.insert(prompt.key.clone(), text.clone());
        }
        Ok(reply)
    }
}
