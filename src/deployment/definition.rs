//! What a service's definition says, in the form in which the questions of its kind read it.

use serde_json::{Map, Value, json};

use super::outline::PartOutline;
use crate::product::{Engine, ObjectDriver, Service, ServiceKind, Supply, Target};

/// Builds the `definition` root for the questions of one service.
pub(super) fn facts_of(
    service: &Service,
    parts: &[PartOutline<'_>],
    name: &str,
    supply: Supply,
    this: &Map<String, Value>,
) -> Value {
    match service.kind() {
        ServiceKind::Sql => sql(service, parts, name, supply, this),
        ServiceKind::Objects => {
            let drivers = allowed_drivers(service, name, supply, parts);
            let bucket = service.objects.as_ref().map(|objects| objects.bucket.clone());
            let listed = list(drivers.iter().map(|driver| (driver.name(), driver.title())));
            json!({ "driver": drivers.first().map(|driver| driver.name()), "drivers": listed, "bucket": bucket })
        }
        ServiceKind::Oidc => {
            let Some(oidc) = &service.oidc else {
                return Value::Null;
            };
            let presets = oidc
                .presets
                .iter()
                .map(|(name, preset)| (name.as_str(), preset.title.as_str()));
            let presets = list(presets.chain([("generic", "Another OIDC provider")]));
            let audience = oidc.audience.clone().unwrap_or_default();
            // A product that knows one provider is made for that one.
            let preset = match oidc.presets.keys().collect::<Vec<_>>().as_slice() {
                [only] => only.as_str(),
                _ => "generic",
            };
            json!({ "preset": preset, "presets": presets, "audience": audience, "client": oidc.client })
        }
        ServiceKind::Temporal => {
            json!({ "namespace": service.temporal.as_ref().map(|temporal| temporal.namespace.clone()) })
        }
        ServiceKind::Ai => {
            let Some(ai) = &service.ai else { return Value::Null };
            let providers = list(
                ai.providers
                    .iter()
                    .map(|(name, title)| (name.as_str(), title.as_str())),
            );
            json!({ "provider": ai.providers.keys().next(), "providers": providers })
        }
        ServiceKind::Cache | ServiceKind::License => json!({}),
    }
}

fn sql(
    service: &Service,
    parts: &[PartOutline<'_>],
    name: &str,
    supply: Supply,
    this: &Map<String, Value>,
) -> Value {
    let Some(sql) = &service.sql else {
        return Value::Null;
    };
    let decided = parts
        .iter()
        .find_map(|part| part.mode.on.get(&part.target?)?.engines.get(name).copied());
    // Landfall itself can run PostgreSQL only.
    let runs = |engine: &Engine| supply != Supply::Bundled || *engine == Engine::Postgresql;
    let engines: Vec<Engine> = match decided {
        Some(engine) => vec![engine],
        None => sql.engines.keys().copied().filter(runs).collect(),
    };
    let chosen = this.get("engine").and_then(Value::as_str);
    let port = engines
        .iter()
        .find(|engine| Some(engine.name()) == chosen)
        .or(engines.first())
        .map(|e| e.port());
    json!({
        "engine": engines.first().map(|engine| engine.name()),
        "engines": list(engines.iter().map(|engine| (engine.name(), engine.title()))),
        "database": sql.database, "user": sql.user, "port": port,
    })
}

fn list<'a>(items: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    items
        .map(|(value, title)| json!({ "value": value, "title": title }))
        .collect()
}

/// Lists how objects can be stored, given who supplies the store and where.
pub(super) fn allowed_drivers(
    service: &Service,
    name: &str,
    supply: Supply,
    parts: &[PartOutline<'_>],
) -> Vec<ObjectDriver> {
    let Some(objects) = &service.objects else {
        return Vec::new();
    };
    let managed = parts.iter().find_map(|part| match part.target? {
        Target::Aws => Some(ObjectDriver::S3),
        Target::Azure => Some(ObjectDriver::AzureBlob),
        _ => None,
    });
    let fits = |driver: &ObjectDriver| match supply {
        Supply::Managed => Some(*driver) == managed,
        // What Landfall runs itself is a folder (a volume, a claim).
        Supply::Bundled => *driver == ObjectDriver::Filesystem,
        Supply::Yours | Supply::None => true,
    };
    // The first part that narrows them also orders them: the first is the default.
    let mut narrowed = parts
        .iter()
        .filter_map(|part| part.mode.on.get(&part.target?)?.drivers.get(name));
    let first = narrowed.next().unwrap_or(&objects.drivers);
    let rest: Vec<_> = narrowed.collect();
    let drivers = first.iter().copied().filter(fits);
    drivers
        .filter(|driver| rest.iter().all(|drivers| drivers.contains(driver)))
        .collect()
}
