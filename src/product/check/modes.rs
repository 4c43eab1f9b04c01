//! Modes, and the rules for choosing one.

use std::collections::BTreeMap;

use super::Checker;
use crate::expression::Expressions;
use crate::product::{Mode, ObjectDriver, Service, Supply};

impl<'a> Checker<'a> {
    pub(super) fn mode(&mut self, name: &str, mode: &Mode) {
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

    pub(super) fn supplies(&mut self, path: &str, supplies: &BTreeMap<String, Vec<Supply>>) {
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

    pub(super) fn drivers(&mut self, path: &str, drivers: &BTreeMap<String, Vec<ObjectDriver>>) {
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

    pub(super) fn settings<'k>(&mut self, path: &str, keys: impl Iterator<Item = &'k String>) {
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

    pub(super) fn rules(&mut self) {
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
}
