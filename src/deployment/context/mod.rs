//! The typed context that a product's templates read: the services, as the part that uses them sees them.

mod derived;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::outline::{Complaint, Outline, PartOutline};
use super::{Bound, Reload, ResolvedService, SecretForm, SecretOrigin};
use crate::product::{Product, Question, QuestionType, Release, Service, ServiceKind, Supply, Target, kinds};
use derived::Derivation;

/// Decides every field of every service that is used, and registers the secrets they need.
pub(super) fn services(
    product: &Product,
    release: &Release,
    outline: &Outline<'_>,
    secrets: &mut BTreeMap<String, SecretOrigin>,
) -> BTreeMap<String, ResolvedService> {
    let mut all = BTreeMap::new();
    for (name, service) in &product.services {
        let Some(answered) = outline.services.get(name).and_then(Value::as_object) else {
            continue;
        };
        let supply = supply(answered);
        let users = users(product, outline, name);
        let owner = owner(&users, supply);
        let mut fields = every_field(service.kind());
        for (field, value) in answered {
            fields.insert(field.clone(), value.clone());
        }
        take_secrets(name, service, &mut fields, secrets);
        let derivation = Derivation {
            name,
            service,
            supply,
            part: owner.or(users.first().copied()),
        };
        derivation.derive(&mut fields, secrets);
        let oldest = oldest(service, &fields);
        let resolved = ResolvedService {
            title: service.title.clone(),
            kind: service.kind(),
            supply,
            part: owner.map(|part| part.name.clone()),
            oldest,
            image: release.images.get(name).cloned(),
            reload: reload(service),
            fields,
        };
        all.insert(name.clone(), resolved);
    }
    all
}

fn supply(answered: &Map<String, Value>) -> Supply {
    match answered.get("supply").and_then(Value::as_str) {
        Some("managed") => Supply::Managed,
        Some("bundled") => Supply::Bundled,
        Some("yours") => Supply::Yours,
        _ => Supply::None,
    }
}

/// Lists the parts whose components use a service.
fn users<'a, 'b>(product: &Product, outline: &'b Outline<'a>, service: &str) -> Vec<&'b PartOutline<'a>> {
    let uses = |component: &String| {
        let component = product.components.get(component);
        component.is_some_and(|component| component.needs.iter().any(|need| need == service))
    };
    let parts = outline.parts.iter().filter(|part| part.target.is_some());
    parts
        .filter(|part| product.components_of(part.mode, part.target).iter().any(uses))
        .collect()
}

/// Finds the part that runs a service or has it made: the first that uses it and can.
fn owner<'a, 'b>(users: &[&'b PartOutline<'a>], supply: Supply) -> Option<&'b PartOutline<'a>> {
    let cloud = |part: &&&PartOutline<'_>| matches!(part.target, Some(Target::Aws | Target::Azure));
    match supply {
        Supply::Bundled => users.first().copied(),
        Supply::Managed => users.iter().find(cloud).copied(),
        Supply::Yours | Supply::None => None,
    }
}

/// Complains about services that one part runs and another, somewhere else, would have to reach.
pub(super) fn unreachable(product: &Product, outline: &Outline<'_>) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    for name in product.services.keys() {
        let Some(answered) = outline.services.get(name).and_then(Value::as_object) else {
            continue;
        };
        let users = users(product, outline, name);
        let Some(owner) = owner(&users, supply(answered)) else {
            continue;
        };
        let at =
            |part: &PartOutline<'_>| format!("`{}` ({})", part.name, part.target.map_or("", Target::name));
        for part in users.iter().filter(|part| part.target != owner.target) {
            complaints.push(Complaint {
                key: format!("services.{name}.supply"),
                message: format!(
                    "it runs in part {}, where part {} cannot reach it",
                    at(owner),
                    at(part)
                ),
                hint: Some("give one of your own that both reach (`supply: yours`)".to_owned()),
            });
        }
    }
    complaints
}

/// Starts with every field that templates may read, empty, so that a condition on one of them never fails.
fn every_field(kind: ServiceKind) -> Map<String, Value> {
    let questions = &kinds()[&kind];
    let asked = [
        &questions.always,
        &questions.yours,
        &questions.bundled,
        &questions.managed,
    ];
    let derived = [
        "host", "port", "password", "tls", "url", "endpoint", "region", "path", "address",
    ];
    let mut fields: Map<String, Value> = asked
        .into_iter()
        .flatten()
        .map(|question| (question.key.clone(), "".into()))
        .collect();
    fields.extend(derived.into_iter().map(|field| (field.to_owned(), "".into())));
    fields.insert("claims".to_owned(), json!({}));
    fields
}

/// Replaces each answered secret by a reference and remembers where it comes from.
fn take_secrets(
    name: &str,
    service: &Service,
    fields: &mut Map<String, Value>,
    secrets: &mut BTreeMap<String, SecretOrigin>,
) {
    let questions = &kinds()[&service.kind()];
    let secret = |question: &&Question| question.kind == QuestionType::Secret;
    for question in [&questions.always, &questions.yours]
        .into_iter()
        .flatten()
        .filter(secret)
    {
        let given = fields
            .get(&question.key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if let Some(origin) = origin(&given) {
            let reference = format!("{name}_{}", question.key);
            fields.insert(
                question.key.clone(),
                Bound::reference(SecretForm::Value, &reference).into(),
            );
            secrets.insert(reference, origin);
        }
    }
}

/// Reads a reference to a secret as the customer writes it.
pub(super) fn origin(given: &str) -> Option<SecretOrigin> {
    match given.split_once(':')? {
        ("file", path) => Some(SecretOrigin::File(path.into())),
        ("env", name) => Some(SecretOrigin::Env(name.to_owned())),
        _ => None,
    }
}

/// Says where a running product takes a new license.
fn reload(service: &Service) -> Option<Reload> {
    let endpoint = service.license.as_ref()?.renewal.reload()?;
    Some(Reload {
        component: endpoint.component.clone(),
        port: endpoint.port.clone(),
        path: endpoint.path.clone(),
    })
}

fn oldest(service: &Service, fields: &Map<String, Value>) -> Option<String> {
    if let Some(sql) = &service.sql {
        let engine = fields.get("engine").and_then(Value::as_str)?;
        return sql
            .engines
            .iter()
            .find(|(name, _)| name.name() == engine)
            .map(|(_, oldest)| oldest.clone());
    }
    service.cache.as_ref().and_then(|cache| cache.version.clone())
}
