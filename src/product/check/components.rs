//! Components: ports, probes, routes, needs, templates.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;
use crate::expression::Expressions;
use crate::product::Component;

impl<'a> Checker<'a> {
    pub(super) fn component(&mut self, name: &str, component: &'a Component) {
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
    pub(super) fn circles(&mut self) {
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

    pub(super) fn component_templates(&mut self, path: &str, component: &'a Component) {
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
