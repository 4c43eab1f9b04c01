//! Services and licenses.

use super::Checker;
use crate::expression::Expressions;
use crate::license::Policy;
use crate::product::Supply;

impl<'a> Checker<'a> {
    pub(super) fn services(&mut self) {
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

    pub(super) fn license(&mut self, path: &str, policy: &Policy) {
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
}
