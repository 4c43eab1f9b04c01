//! Every way to run every product has an example that resolves, and every example is named after what it shows.

use std::collections::BTreeSet;

use landfall::deployment::{Bound, changed_defaults};
use landfall::product::{Catalog, Supply};

use crate::fixtures::Example;

/// Names an example after the product, the mode and the target; a mode called like its target is said once.
fn name(product: &str, mode: &str, target: Option<&str>) -> String {
    match target {
        Some(target) if target != mode => format!("{product}-{mode}-{target}"),
        _ => format!("{product}-{mode}"),
    }
}

#[test]
fn every_mode_on_every_target_has_an_example() {
    let mut wanted = BTreeSet::new();
    let catalog = Catalog::default();
    for product in catalog.names() {
        let entry = catalog.open(&product).unwrap();
        for (mode, content) in &entry.product().modes {
            if content.targets.is_empty() {
                wanted.insert(name(&product, mode, None));
            }
            let targets = content.targets.iter();
            wanted.extend(targets.map(|target| name(&product, mode, Some(target.name()))));
        }
    }
    let there: BTreeSet<String> = Example::all().into_iter().map(|example| example.name).collect();
    assert_eq!(there, wanted);
}

#[test]
fn every_example_resolves_to_what_its_name_says() {
    for example in Example::all() {
        let deployment = example.deployment();
        let names = deployment.parts.values().map(|part| {
            name(
                &deployment.product,
                &part.mode,
                part.target.map(|target| target.name()),
            )
        });
        let names: Vec<String> = names.collect();
        assert!(names.contains(&example.name), "{}: {names:?}", example.name);
        assert_eq!(deployment, example.deployment());
    }
}

#[test]
fn what_is_managed_is_awaited_and_nothing_else_is() {
    for example in Example::all() {
        let deployment = example.deployment();
        let services = &deployment.services;
        for component in deployment.parts.values().flat_map(|part| &part.components) {
            for (service, field) in component.texts().flat_map(Bound::outputs) {
                let managed = services[service].supply == Supply::Managed;
                assert!(managed, "{}: {service}.{field}", example.name);
            }
            for secret in component.texts().flat_map(Bound::secrets) {
                assert!(
                    deployment.secrets.contains_key(secret),
                    "{}: {secret}",
                    example.name
                );
            }
        }
    }
}

#[test]
fn no_default_changes_while_the_definition_stays() {
    for example in Example::all() {
        let (product, answers) = (example.entry.product(), &example.answers.content);
        let changed = changed_defaults(&example.deployment(), product, answers);
        assert_eq!(changed, [], "{}", example.name);
    }
}
