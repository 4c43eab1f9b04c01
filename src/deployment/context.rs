//! The typed context that a product's templates read: services, components, secrets, as the target sees them.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::{Map, Value, json};

use super::outline::{Outline, PartOutline};
use super::{Bound, ResolvedService, SecretForm, SecretOrigin};
use crate::product::{
    ConfigFile, Product, Question, QuestionType, Service, ServiceKind, Supply, Target, kinds,
};

/// The places of a host installation, all below its root.
///
/// One layout for resolve, render and the driver, so that no two of them disagree.
pub(super) fn host_path(part: &PartOutline<'_>, below: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(
        part.options
            .get("root")
            .and_then(Value::as_str)
            .unwrap_or("/opt/landfall"),
    )
    .join(below)
}

/// Decides every field of every service that is used, and registers the secrets they need.
pub(super) fn services(
    product: &Product,
    outline: &Outline<'_>,
    secrets: &mut BTreeMap<String, SecretOrigin>,
) -> BTreeMap<String, ResolvedService> {
    let mut all = BTreeMap::new();
    for (name, service) in &product.services {
        let Some(answered) = outline.services.get(name).and_then(Value::as_object) else {
            continue;
        };
        let supply = match answered.get("supply").and_then(Value::as_str) {
            Some("managed") => Supply::Managed,
            Some("bundled") => Supply::Bundled,
            Some("yours") => Supply::Yours,
            _ => Supply::None,
        };
        let mut fields = every_field(service.kind());
        for (field, value) in answered {
            fields.insert(field.clone(), value.clone());
        }
        take_secrets(name, service, &mut fields, secrets);
        derive(name, service, supply, outline, &mut fields, secrets);
        let oldest = oldest(service, &fields);
        let resolved = ResolvedService {
            title: service.title.clone(),
            kind: service.kind(),
            supply,
            oldest,
            fields,
        };
        all.insert(name.clone(), resolved);
    }
    all
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

/// Reads a reference as the customer writes it.
pub(super) fn origin(given: &str) -> Option<SecretOrigin> {
    match given.split_once(':')? {
        ("file", path) => Some(SecretOrigin::File(path.into())),
        ("env", name) => Some(SecretOrigin::Env(name.to_owned())),
        _ => None,
    }
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

/// Adds what follows from the answers: addresses of bundled services, URLs, claim paths.
fn derive(
    name: &str,
    service: &Service,
    supply: Supply,
    outline: &Outline<'_>,
    fields: &mut Map<String, Value>,
    secrets: &mut BTreeMap<String, SecretOrigin>,
) {
    let part = outline.parts.iter().find(|part| part.target.is_some());
    if supply == Supply::None {
        return;
    }
    let networked = matches!(
        service.kind(),
        ServiceKind::Sql | ServiceKind::Cache | ServiceKind::Temporal
    );
    if supply == Supply::Bundled && networked {
        let host = match part.and_then(|part| part.target) {
            Some(Target::Host) | None => "127.0.0.1".to_owned(),
            Some(_) => name.replace('_', "-"),
        };
        fields.insert("host".to_owned(), host.into());
        fields.insert(
            "tls".to_owned(),
            if service.sql.is_some() {
                "disable".into()
            } else {
                false.into()
            },
        );
    }
    let made = matches!(supply, Supply::Bundled | Supply::Managed);
    if made && matches!(service.kind(), ServiceKind::Sql | ServiceKind::Cache) {
        let reference = format!("{name}_password");
        fields.insert(
            "password".to_owned(),
            Bound::reference(SecretForm::Value, &reference).into(),
        );
        secrets.insert(reference, SecretOrigin::Generated(40));
    }
    if supply == Supply::Bundled && service.kind() == ServiceKind::Sql {
        // The server's own superuser, with whom the product's role is made.
        secrets.insert(format!("{name}_admin_password"), SecretOrigin::Generated(40));
    }
    let text = |fields: &Map<String, Value>, field: &str| {
        super::outline::plain(fields.get(field).unwrap_or(&Value::Null))
    };
    match service.kind() {
        ServiceKind::Sql => {
            let url = sql_url(fields);
            fields.insert("url".to_owned(), url.into());
        }
        ServiceKind::Cache => {
            let scheme = if text(fields, "tls") == "true" {
                "rediss"
            } else {
                "redis"
            };
            let password = match text(fields, "password").as_str() {
                "" => String::new(),
                _ => format!(":{}@", url_reference(&text(fields, "password"))),
            };
            let url = format!(
                "{scheme}://{password}{}:{}",
                text(fields, "host"),
                text(fields, "port")
            );
            fields.insert("url".to_owned(), url.into());
        }
        ServiceKind::Temporal => {
            let address = format!("{}:{}", text(fields, "host"), text(fields, "port"));
            fields.insert("address".to_owned(), address.into());
        }
        ServiceKind::Objects => objects(part, fields),
        ServiceKind::Oidc => claims(service, fields),
        ServiceKind::Ai | ServiceKind::License => {}
    }
}

/// Turns a reference to a secret's value into one that is escaped for a URL.
fn url_reference(reference: &str) -> String {
    reference.replacen("${secret:", "${secret-url:", 1)
}

fn sql_url(fields: &Map<String, Value>) -> String {
    let text = |field: &str| super::outline::plain(fields.get(field).unwrap_or(&Value::Null));
    let (host, port, name, user, password) = (
        text("host"),
        text("port"),
        text("name"),
        text("user"),
        text("password"),
    );
    if text("engine") == "sqlserver" {
        let encrypt = if text("tls") == "disable" { "False" } else { "True" };
        return format!(
            "Server=tcp:{host},{port};Database={name};User Id={user};Password={password};Encrypt={encrypt}"
        );
    }
    let tls = match text("tls").as_str() {
        "" | "disable" => String::new(),
        mode => format!("?sslmode={mode}"),
    };
    format!(
        "postgres://{user}:{}@{host}:{port}/{name}{tls}",
        url_reference(&password)
    )
}

fn objects(part: Option<&PartOutline<'_>>, fields: &mut Map<String, Value>) {
    let text = |fields: &Map<String, Value>, field: &str| {
        super::outline::plain(fields.get(field).unwrap_or(&Value::Null))
    };
    let bucket = text(fields, "bucket");
    let url = match text(fields, "driver").as_str() {
        "filesystem" => {
            if text(fields, "path").is_empty() {
                let path = match part {
                    Some(part) if part.target == Some(Target::Host) => {
                        host_path(part, &format!("data/objects/{bucket}"))
                    }
                    _ => Utf8PathBuf::from(format!("/var/lib/objects/{bucket}")),
                };
                fields.insert("path".to_owned(), path.as_str().into());
            }
            format!("file://{}", text(fields, "path"))
        }
        "s3" => {
            let pairs: Vec<String> = ["endpoint", "region"]
                .into_iter()
                .filter(|field| !text(fields, field).is_empty())
                .map(|field| format!("{field}={}", text(fields, field)))
                .collect();
            let query = if pairs.is_empty() {
                String::new()
            } else {
                format!("?{}", pairs.join("&"))
            };
            format!("s3://{bucket}{query}")
        }
        _ => format!("{}/{bucket}", text(fields, "endpoint").trim_end_matches('/')),
    };
    fields.insert("url".to_owned(), url.into());
}

/// Takes each claim's path from the chosen preset, else from the definition.
fn claims(service: &Service, fields: &mut Map<String, Value>) {
    let Some(oidc) = &service.oidc else { return };
    let preset = fields
        .get("preset")
        .and_then(Value::as_str)
        .and_then(|preset| oidc.presets.get(preset));
    let path = |name: &String, default: &String| {
        preset
            .and_then(|preset| preset.claims.get(name))
            .unwrap_or(default)
            .clone()
    };
    let claims: Map<String, Value> = oidc
        .claims
        .iter()
        .map(|(name, claim)| (name.clone(), path(name, &claim.path).into()))
        .collect();
    fields.insert("claims".to_owned(), claims.into());
}

/// Builds the `components` root: under which address each port of each component is reached from the others.
pub(super) fn components(part: &PartOutline<'_>, ports: &BTreeMap<String, BTreeMap<String, u16>>) -> Value {
    let address = |component: &str, port: u16| {
        let host = match part.target {
            Some(Target::Host) | None => "127.0.0.1".to_owned(),
            Some(_) => component.replace('_', "-"),
        };
        json!({ "host": host, "port": port, "address": format!("{host}:{port}"), "url": format!("http://{host}:{port}") })
    };
    let of = |component: &str, ports: &BTreeMap<String, u16>| -> Value {
        ports
            .iter()
            .map(|(name, port)| (name.clone(), address(component, *port)))
            .collect::<Map<_, _>>()
            .into()
    };
    ports
        .iter()
        .map(|(name, ports)| (name.clone(), of(name, ports)))
        .collect::<Map<_, _>>()
        .into()
}

/// Says where a component finds one of its files.
pub(super) fn file_path(
    part: &PartOutline<'_>,
    version: &str,
    component: &str,
    file: &ConfigFile,
) -> Utf8PathBuf {
    let inside = Utf8PathBuf::from(&file.path);
    match part.target {
        Some(Target::Host) => {
            let name = inside.file_name().unwrap_or("config").to_owned();
            host_path(part, &format!("releases/{version}/config/{component}/{name}"))
        }
        _ => inside,
    }
}

/// Says where a component finds one of its folders.
pub(super) fn directory_path(
    part: &PartOutline<'_>,
    component: &str,
    name: &str,
    inside: &str,
) -> Utf8PathBuf {
    match part.target {
        Some(Target::Host) => host_path(part, &format!("data/{component}/{name}")),
        _ => inside.into(),
    }
}
