//! What a definition must hold beyond its types: every name that is used is declared, every expression is sound.

mod components;
mod expressions;
mod modes;
mod services;

use std::collections::BTreeSet;

use super::{Component, Product, ProductFiles, Question, QuestionType};
use crate::document::{Document, Problem};
use crate::expression::Expressions;

/// Lists everything wrong with a definition, each at its place.
pub fn check(document: &Document<Product>, files: &ProductFiles) -> Vec<Problem> {
    let mut checker = Checker {
        document,
        product: &document.content,
        files,
        problems: Vec::new(),
    };
    checker.names();
    checker.questions();
    checker.services();
    for (name, component) in &document.content.components {
        checker.component(name, component);
    }
    for (name, mode) in &document.content.modes {
        checker.mode(name, mode);
    }
    checker.circles();
    checker.rules();
    checker.stops();
    checker.rest();
    checker.problems
}

struct Checker<'a> {
    document: &'a Document<Product>,
    product: &'a Product,
    files: &'a ProductFiles,
    problems: Vec<Problem>,
}

/// Says whether a name can stand in an expression and, with dashes for underscores, in a DNS label.
fn is_identifier(name: &str) -> bool {
    (1..=40).contains(&name.len())
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

impl<'a> Checker<'a> {
    pub(super) fn fail(&mut self, path: &str, message: impl Into<String>) {
        let problem = self.document.problem(path, message);
        self.problems.push(problem);
    }

    /// Complains when a name is not among those declared, with the nearest one that is.
    pub(super) fn known<'n>(
        &mut self,
        path: &str,
        what: &str,
        name: &str,
        declared: impl IntoIterator<Item = &'n str>,
    ) {
        let declared: Vec<&str> = declared.into_iter().collect();
        if !declared.contains(&name) {
            let message = format!("there is no {what} `{name}`");
            let problem = self.document.problem(path, message).nearest(name, declared);
            self.problems.push(problem);
        }
    }

    /// Complains when a file is not in the product's folder; says whether it is.
    pub(super) fn file(&mut self, path: &str, file: &str) -> bool {
        let inside = camino::Utf8Path::new(file)
            .components()
            .all(|part| matches!(part, camino::Utf8Component::Normal(_)));
        if !inside {
            self.fail(path, "expected a file inside the product's folder");
            return false;
        }
        let found = self.files.contains(file);
        if !found {
            self.fail(path, format!("the product's folder has no file `{file}`"));
        }
        found
    }

    pub(super) fn template(&mut self, path: &str, file: &str, own: Option<&Component>) {
        match self.files.read(file) {
            Ok(text) => self.expression(path, Expressions::Template(&text), own),
            Err(error) => self.fail(path, error.to_string()),
        }
    }

    pub(super) fn names(&mut self) {
        let product = self.product;
        if !product
            .name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            || !product.name.starts_with(|first: char| first.is_ascii_lowercase())
        {
            self.fail(
                "name",
                "expected lower case letters, digits and dashes, starting with a letter",
            );
        }
        let sections: [(&str, Vec<&String>); 4] = [
            ("components", product.components.keys().collect()),
            ("services", product.services.keys().collect()),
            ("secrets", product.secrets.keys().collect()),
            ("provisioning", product.provisioning.keys().collect()),
        ];
        for (section, names) in sections {
            for name in names.into_iter().filter(|name| !is_identifier(name)) {
                self.fail(
                    &format!("{section}.{name}"),
                    "expected lower case letters, digits and underscores, starting with a letter",
                );
            }
        }
        if product.modes.is_empty() {
            self.fail("modes", "a product needs at least one mode");
        }
    }

    pub(super) fn questions(&mut self) {
        let product = self.product;
        for (section, questions) in [("facts", &product.facts), ("questions", &product.questions)] {
            let mut seen = BTreeSet::new();
            for (index, question) in questions.iter().enumerate() {
                let path = format!("{section}[{index}]");
                if !is_identifier(&question.key) {
                    self.fail(
                        &format!("{path}.key"),
                        "expected lower case letters, digits and underscores",
                    );
                }
                if !seen.insert(&question.key) {
                    self.fail(
                        &format!("{path}.key"),
                        format!("`{}` is asked twice", question.key),
                    );
                }
                self.question(&path, question);
            }
        }
    }

    pub(super) fn question(&mut self, path: &str, question: &Question) {
        let product = self.product;
        let choosing = matches!(question.kind, QuestionType::Choice | QuestionType::Choices);
        if choosing && question.choices.is_empty() {
            self.fail(&format!("{path}.choices"), "a choice needs choices");
        }
        for (index, mode) in question.modes.iter().enumerate() {
            self.known(
                &format!("{path}.modes[{index}]"),
                "mode",
                mode,
                product.modes.keys().map(String::as_str),
            );
        }
        if let Some(when) = &question.when {
            self.expression(&format!("{path}.when"), Expressions::Condition(when), None);
        }
        match &question.default {
            Some(serde_json::Value::String(text)) if text.contains("{{") || text.contains("{%") => {
                self.expression(&format!("{path}.default"), Expressions::Template(text), None);
            }
            Some(default) => {
                if let Err(error) = question.check(default) {
                    self.fail(&format!("{path}.default"), error.to_string());
                }
            }
            None => {}
        }
    }

    /// Complains of a required stop that no upgrade could come to, or that is named twice.
    fn stops(&mut self) {
        let upgrades = &self.product.upgrades;
        for (index, stop) in upgrades.stops.iter().enumerate() {
            let path = format!("upgrades.stops[{index}]");
            if upgrades.stops[..index].contains(stop) {
                self.fail(&path, format!("`{stop}` is named twice"));
            }
            if let Some(oldest) = upgrades.oldest.as_ref().filter(|oldest| stop <= oldest) {
                self.fail(
                    &path,
                    format!("no upgrade stops here: the oldest version that is upgraded is {oldest}"),
                );
            }
        }
    }

    pub(super) fn rest(&mut self) {
        let product = self.product;
        let components = || product.components.keys().map(String::as_str);
        if let Some(migrations) = &product.migrations {
            self.known(
                "migrations.component",
                "component",
                &migrations.component,
                components(),
            );
        }
        if let Some(probing) = &product.probing {
            self.known("probing.component", "component", &probing.component, components());
        }
        for (name, provisioning) in &product.provisioning {
            let path = format!("provisioning.{name}");
            self.known(
                &format!("{path}.component"),
                "component",
                &provisioning.component,
                components(),
            );
            let settings = product.questions.iter().map(|question| question.key.as_str());
            self.known(
                &format!("{path}.setting"),
                "question",
                &provisioning.setting,
                settings,
            );
            self.file(&format!("{path}.example"), &provisioning.example);
            if let Some(schema) = &provisioning.schema {
                self.file(&format!("{path}.schema"), schema);
            }
        }
        for (name, pipeline) in &product.pipelines {
            let path = format!("pipelines.{name}.template");
            if self.file(&path, &pipeline.template) {
                self.template(&path, &pipeline.template, None);
            }
        }
        for (name, service) in &product.services {
            if let Some(policy) = &service.license {
                self.license(&format!("services.{name}.license"), policy);
            }
        }
    }
}
