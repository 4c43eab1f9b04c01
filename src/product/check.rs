//! What a definition must hold beyond its types: every name that is used is declared, every expression is sound.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Component, Mode, ObjectDriver, Product, ProductFiles, Question, QuestionType, Service, ServiceKind,
    Supply, kinds,
};
use crate::document::{Document, Problem, nearest};
use crate::expression::{Expressions, ROOTS, references, strangers};
use crate::license::Policy;

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
    fn fail(&mut self, path: &str, message: impl Into<String>) {
        let problem = self.document.problem(path, message);
        self.problems.push(problem);
    }

    /// Complains when a name is not among those declared, with the nearest one that is.
    fn known<'n>(&mut self, path: &str, what: &str, name: &str, declared: impl IntoIterator<Item = &'n str>) {
        let declared: Vec<&str> = declared.into_iter().collect();
        if !declared.contains(&name) {
            let message = format!("there is no {what} `{name}`");
            let problem = self.document.problem(path, message).nearest(name, declared);
            self.problems.push(problem);
        }
    }

    /// Complains when a file is not in the product's folder; says whether it is.
    fn file(&mut self, path: &str, file: &str) -> bool {
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

    fn template(&mut self, path: &str, file: &str, own: Option<&Component>) {
        match self.files.read(file) {
            Ok(text) => self.expression(path, Expressions::Template(&text), own),
            Err(error) => self.fail(path, error.to_string()),
        }
    }

    fn names(&mut self) {
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

    fn questions(&mut self) {
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

    fn question(&mut self, path: &str, question: &Question) {
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

    fn services(&mut self) {
        for (name, service) in &self.product.services {
            let path = format!("services.{name}");
            let sections = service.sections();
            if sections.len() != 1 {
                self.fail(
                    &path,
                    "expected exactly one of sql, cache, objects, oidc, temporal, ai, license",
                );
            }
            if service.supplies.is_empty() {
                self.fail(&format!("{path}.supplies"), "somebody must be able to supply it");
            }
            if service.supplies.contains(&Supply::None) && !service.optional {
                self.fail(
                    &format!("{path}.supplies"),
                    "only an optional service can be left out with `none`",
                );
            }
            if service.sql.as_ref().is_some_and(|sql| sql.engines.is_empty()) {
                self.fail(&format!("{path}.sql.engines"), "expected at least one engine");
            }
            if service
                .objects
                .as_ref()
                .is_some_and(|objects| objects.drivers.is_empty())
            {
                self.fail(&format!("{path}.objects.drivers"), "expected at least one driver");
            }
            let Some(oidc) = &service.oidc else { continue };
            for (preset, content) in &oidc.presets {
                for claim in content.claims.keys() {
                    let path = format!("{path}.oidc.presets.{preset}.claims.{claim}");
                    self.known(&path, "claim", claim, oidc.claims.keys().map(String::as_str));
                }
            }
        }
        for (name, secret) in &self.product.secrets {
            if let Some(when) = &secret.when {
                self.expression(
                    &format!("secrets.{name}.when"),
                    Expressions::Condition(when),
                    None,
                );
            }
        }
    }

    fn component(&mut self, name: &str, component: &'a Component) {
        let path = format!("components.{name}");
        let ports = || component.ports.keys().map(String::as_str);
        for (probe, place) in component
            .health
            .probes()
            .chain(component.version.iter().map(|probe| (probe, "version")))
        {
            self.known(&format!("{path}.{place}.port"), "port", &probe.port, ports());
            if !probe.path.starts_with('/') {
                self.fail(
                    &format!("{path}.{place}.path"),
                    "expected a path that starts with /",
                );
            }
        }
        for (index, route) in component.routes.iter().enumerate() {
            self.known(
                &format!("{path}.routes[{index}].port"),
                "port",
                &route.port,
                ports(),
            );
            if !route.path.starts_with('/') {
                self.fail(
                    &format!("{path}.routes[{index}].path"),
                    "expected a path that starts with /",
                );
            }
        }
        let product = self.product;
        for (index, service) in component.needs.iter().enumerate() {
            let declared = product.services.keys().map(String::as_str);
            self.known(&format!("{path}.needs[{index}]"), "service", service, declared);
        }
        for (index, other) in component.after.iter().enumerate() {
            let declared = product.components.keys().map(String::as_str);
            self.known(&format!("{path}.after[{index}]"), "component", other, declared);
        }
        if component.scaling.min > component.scaling.max {
            self.fail(&format!("{path}.scaling"), "min is greater than max");
        }
        for (file, content) in &component.files {
            let place = format!("{path}.files.{file}.template");
            if self.file(&place, &content.template) {
                self.template(&place, &content.template, Some(component));
            }
        }
        self.component_templates(&path, component);
    }

    /// Complains about components that wait for each other, once for each circle.
    fn circles(&mut self) {
        let components = &self.product.components;
        let mut told: BTreeSet<&str> = BTreeSet::new();
        for start in components.keys() {
            let mut trail: Vec<&str> = Vec::new();
            if !told.contains(start.as_str()) && leads_back(components, start, start, &mut trail) {
                told.extend(&trail);
                trail.push(start);
                let path = format!("components.{start}.after");
                self.fail(&path, format!("waits for itself: {}", trail.join(" -> ")));
            }
        }
    }

    fn component_templates(&mut self, path: &str, component: &'a Component) {
        let own = Some(component);
        self.expression(
            &format!("{path}.image"),
            Expressions::Template(component.image.as_str()),
            own,
        );
        for (index, arg) in component.args.iter().enumerate() {
            self.expression(
                &format!("{path}.args[{index}]"),
                Expressions::Template(arg.as_str()),
                own,
            );
        }
        for (port, content) in &component.ports {
            let place = format!("{path}.ports.{port}.number");
            let number = content.number.as_str();
            if !number.contains(['{', '%']) && !number.parse::<u16>().is_ok_and(|port| port > 0) {
                self.fail(&place, "expected a port from 1 to 65535");
            }
            self.expression(&place, Expressions::Template(content.number.as_str()), own);
        }
        for (variable, value) in &component.environment {
            let place = format!("{path}.environment.{variable}");
            self.expression(&place, Expressions::Template(value.as_str()), own);
        }
        for (target, variables) in &component.on {
            for (variable, value) in variables {
                let place = format!("{path}.on.{target}.{variable}");
                self.expression(&place, Expressions::Template(value.as_str()), own);
            }
        }
        if let Some(when) = &component.when {
            self.expression(&format!("{path}.when"), Expressions::Condition(when), own);
        }
    }

    fn mode(&mut self, name: &str, mode: &Mode) {
        let product = self.product;
        let path = format!("modes.{name}");
        let components = || product.components.keys().map(String::as_str);
        for (index, component) in mode.components.iter().enumerate() {
            self.known(
                &format!("{path}.components[{index}]"),
                "component",
                component,
                components(),
            );
        }
        let tiers = || product.tiers.iter().map(String::as_str);
        for (index, tier) in mode.tiers.iter().enumerate() {
            self.known(&format!("{path}.tiers[{index}]"), "tier", tier, tiers());
        }
        for (index, region) in mode.regions.iter().enumerate() {
            for (place, tier) in region.tiers.iter().enumerate() {
                self.known(
                    &format!("{path}.regions[{index}].tiers[{place}]"),
                    "tier",
                    tier,
                    tiers(),
                );
            }
        }
        for (index, other) in mode.combines_with.iter().enumerate() {
            let modes = product.modes.keys().map(String::as_str);
            self.known(&format!("{path}.combines_with[{index}]"), "mode", other, modes);
        }
        self.supplies(&path, &mode.supplies);
        self.settings(&path, mode.settings.keys());
        for (target, on) in &mode.on {
            let path = format!("{path}.on.{target}");
            if !mode.targets.contains(target) {
                self.fail(&path, "the mode does not have this target");
            }
            for (index, component) in on.components.iter().flatten().enumerate() {
                self.known(
                    &format!("{path}.components[{index}]"),
                    "component",
                    component,
                    components(),
                );
            }
            self.supplies(&path, &on.supplies);
            self.settings(&path, on.settings.keys());
            for service in on.engines.keys() {
                let declared = product.services.keys().map(String::as_str);
                self.known(&format!("{path}.engines.{service}"), "service", service, declared);
            }
            for component in on.scaling.keys() {
                let place = format!("{path}.scaling.{component}");
                self.known(&place, "component", component, components());
            }
            self.drivers(&path, &on.drivers);
        }
        if mode.targets.is_empty() && mode.hosted.is_none() {
            self.fail(
                &path,
                "a mode without targets is the vendor's own service: it needs `hosted`",
            );
        }
        if let Some(hosted) = &mode.hosted {
            self.expression(
                &format!("{path}.hosted.url"),
                Expressions::Template(hosted.url.as_str()),
                None,
            );
        }
    }

    fn supplies(&mut self, path: &str, supplies: &BTreeMap<String, Vec<Supply>>) {
        for (service, allowed) in supplies {
            let place = format!("{path}.supplies.{service}");
            match self.product.services.get(service) {
                None => {
                    let declared: Vec<&str> = self.product.services.keys().map(String::as_str).collect();
                    self.known(&place, "service", service, declared);
                }
                Some(declared) => {
                    for supply in allowed
                        .iter()
                        .filter(|supply| !declared.supplies.contains(supply))
                    {
                        self.fail(&place, format!("the service cannot be supplied as `{supply}`"));
                    }
                }
            }
        }
    }

    fn drivers(&mut self, path: &str, drivers: &BTreeMap<String, Vec<ObjectDriver>>) {
        let product = self.product;
        for (service, allowed) in drivers {
            let place = format!("{path}.drivers.{service}");
            let objects = |service: &'a Service| service.objects.as_ref();
            match product.services.get(service).and_then(objects) {
                None => {
                    let stores = product
                        .services
                        .iter()
                        .filter(|(_, service)| objects(service).is_some());
                    let names = stores.map(|(name, _)| name.as_str());
                    self.known(&place, "object store", service, names);
                }
                Some(objects) => {
                    for driver in allowed.iter().filter(|driver| !objects.drivers.contains(driver)) {
                        let name = driver.name();
                        self.fail(&place, format!("the service cannot store objects as `{name}`"));
                    }
                }
            }
        }
    }

    fn settings<'k>(&mut self, path: &str, keys: impl Iterator<Item = &'k String>) {
        for key in keys {
            let declared: Vec<&str> = self
                .product
                .questions
                .iter()
                .map(|question| question.key.as_str())
                .collect();
            self.known(&format!("{path}.settings.{key}"), "question", key, declared);
        }
    }

    fn rules(&mut self) {
        let product = self.product;
        for (index, rule) in product.choosing.iter().enumerate() {
            let path = format!("choosing[{index}]");
            self.expression(&format!("{path}.when"), Expressions::Condition(&rule.when), None);
            if !(1..=100).contains(&rule.weight) {
                self.fail(&format!("{path}.weight"), "expected 1 to 100");
            }
            let place = format!("{path}.prefer.mode");
            let Some(mode) = product.modes.get(&rule.prefer.mode) else {
                self.known(
                    &place,
                    "mode",
                    &rule.prefer.mode,
                    product.modes.keys().map(String::as_str),
                );
                continue;
            };
            if rule
                .prefer
                .target
                .is_some_and(|target| !mode.targets.contains(&target))
            {
                self.fail(
                    &format!("{path}.prefer.target"),
                    "the mode does not have this target",
                );
            }
            if let Some(region) = &rule.prefer.region {
                let declared = mode.regions.iter().map(|region| region.id.as_str());
                self.known(&format!("{path}.prefer.region"), "region", region, declared);
            }
        }
    }

    fn rest(&mut self) {
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

    fn license(&mut self, path: &str, policy: &Policy) {
        if let Some(key) = &policy.key {
            self.file(&format!("{path}.key"), key.as_str());
        }
        let Some(reload) = &policy.renewal.endpoint else {
            return;
        };
        let components = &self.product.components;
        let declared = components.keys().map(String::as_str);
        let place = format!("{path}.renewal.endpoint.component");
        self.known(&place, "component", &reload.component, declared);
        if let Some(component) = components.get(&reload.component) {
            let ports = component.ports.keys().map(String::as_str);
            self.known(
                &format!("{path}.renewal.endpoint.port"),
                "port",
                &reload.port,
                ports,
            );
        }
    }

    /// Checks that an expression parses and that every name in it is declared.
    fn expression(&mut self, path: &str, source: Expressions<'_>, own: Option<&Component>) {
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
    fn files_of(&self, own: &Component) -> Vec<String> {
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
    fn dangling(&self, parts: &[String], own: Option<&Component>) -> Option<(String, Vec<String>)> {
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

/// Follows what a component waits for, back to where it began.
fn leads_back<'a>(
    components: &'a BTreeMap<String, Component>,
    from: &'a str,
    to: &str,
    trail: &mut Vec<&'a str>,
) -> bool {
    if trail.contains(&from) {
        return false;
    }
    trail.push(from);
    let next = components.get(from).map(|component| component.after.as_slice());
    for other in next.unwrap_or_default() {
        if other == to || leads_back(components, other, to, trail) {
            return true;
        }
    }
    trail.pop();
    false
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
