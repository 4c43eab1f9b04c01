//! Expressions: that they parse, and that every name in them is declared.

use super::Checker;
use crate::document::nearest;
use crate::expression::{Expressions, ROOTS, references, strangers};
use crate::product::{Component, Question, ServiceKind, kinds};

impl<'a> Checker<'a> {
    /// Checks that an expression parses and that every name in it is declared.
    pub(super) fn expression(&mut self, path: &str, source: Expressions<'_>, own: Option<&Component>) {
        let text = match source {
            Expressions::Template(text) => text.to_owned(),
            Expressions::Condition(text) => format!("{{% if {text} %}}{{% endif %}}"),
        };
        if let Err(error) = crate::expression::parses(&text) {
            self.fail(path, format!("the expression does not parse: {error}"));
            return;
        }
        for stranger in strangers(source) {
            let root = stranger.split('.').next().unwrap_or_default();
            let problem = self
                .document
                .problem(path, format!("`{stranger}` is not declared"));
            let problem = match nearest(root, ROOTS) {
                Some(right) => problem.hint(format!("did you mean `{right}{}`?", &stranger[root.len()..])),
                None => problem.hint(format!("names begin with one of {}", ROOTS.join(", "))),
            };
            self.problems.push(problem);
        }
        for reference in references(source) {
            if let Some((wrong, declared)) = self.dangling(&reference.parts, own) {
                let mut problem = self
                    .document
                    .problem(path, format!("`{}` is not declared", reference.dotted()));
                if let Some(right) = nearest(&wrong, declared.iter().map(String::as_str)) {
                    problem = problem.hint(format!(
                        "did you mean `{}`?",
                        reference.dotted().replace(&wrong, right)
                    ));
                } else if !declared.is_empty() {
                    problem = problem.hint(format!("known here: {}", declared.join(", ")));
                }
                self.problems.push(problem);
            }
        }
    }

    /// Lists the files that a component reads: those written for it and those that the customer hands in.
    pub(super) fn files_of(&self, own: &Component) -> Vec<String> {
        let handed = self.product.provisioning.iter().filter(|(_, handed)| {
            let reader = self.product.components.get(&handed.component);
            reader.is_some_and(|reader| std::ptr::eq(reader, own))
        });
        own.files
            .keys()
            .chain(handed.map(|(name, _)| name))
            .cloned()
            .collect()
    }

    /// Finds the part of a reference that nothing declares, with what is declared in its place.
    pub(super) fn dangling(
        &self,
        parts: &[String],
        own: Option<&Component>,
    ) -> Option<(String, Vec<String>)> {
        let product = self.product;
        let keys = |questions: &[Question]| {
            questions
                .iter()
                .map(|question| question.key.clone())
                .collect::<Vec<_>>()
        };
        let second: Vec<String> = match parts[0].as_str() {
            "settings" => keys(&product.questions),
            "facts" => keys(&product.facts),
            "secrets" => product.secrets.keys().cloned().collect(),
            "services" => product.services.keys().cloned().collect(),
            "components" => product.components.keys().cloned().collect(),
            "files" => own.map(|own| self.files_of(own)).unwrap_or_default(),
            "directories" => own
                .map(|own| own.directories.keys().cloned().collect())
                .unwrap_or_default(),
            _ => ["name", "mode", "target", "tier", "version", "region", "url"]
                .map(str::to_owned)
                .to_vec(),
        };
        if !second.contains(&parts[1]) {
            return Some((parts[1].clone(), second));
        }
        let third: Vec<String> = match parts[0].as_str() {
            "services" => service_fields(product.services[&parts[1]].kind()),
            "components" => product.components[&parts[1]].ports.keys().cloned().collect(),
            "files" | "directories" => vec!["path".to_owned()],
            _ => return None,
        };
        let wrong = parts.get(2)?;
        (!third.contains(wrong)).then(|| (wrong.clone(), third))
    }
}

/// Lists the fields of a service that templates may read: what is asked, and what follows from it.
fn service_fields(kind: ServiceKind) -> Vec<String> {
    let questions = &kinds()[&kind];
    let asked = [
        &questions.always,
        &questions.yours,
        &questions.bundled,
        &questions.managed,
    ];
    let mut fields: Vec<String> = asked
        .into_iter()
        .flatten()
        .map(|question| question.key.clone())
        .collect();
    let derived: &[&str] = match kind {
        ServiceKind::Sql => &["host", "port", "password", "tls", "url"],
        ServiceKind::Cache => &["host", "port", "password", "tls", "url"],
        ServiceKind::Objects => &["endpoint", "region", "path", "url"],
        ServiceKind::Oidc => &["claims"],
        ServiceKind::Temporal => &["host", "port", "tls", "address"],
        ServiceKind::Ai => &[],
        ServiceKind::License => &["token"],
    };
    fields.extend(derived.iter().map(|field| (*field).to_owned()));
    fields.push("supply".to_owned());
    fields.sort();
    fields.dedup();
    fields
}
