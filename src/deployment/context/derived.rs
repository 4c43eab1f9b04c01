//! What follows from the answers about a service: addresses, URLs, claim paths, and what the cloud has yet to say.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use serde_json::{Map, Value};

use super::super::outline::{PartOutline, plain};
use super::super::places::{host_name, host_path};
use super::super::{Bound, SecretForm, SecretOrigin};
use crate::product::{Oidc, Service, ServiceKind, Supply, Target};

/// One service whose fields are being completed.
pub(super) struct Derivation<'a> {
    /// Its name.
    pub(super) name: &'a str,
    /// Its definition.
    pub(super) service: &'a Service,
    /// Who supplies it.
    pub(super) supply: Supply,
    /// The part that runs it or has it made, else the first that uses it.
    pub(super) part: Option<&'a PartOutline<'a>>,
}

impl Derivation<'_> {
    /// Completes the fields, and registers the secrets that come with them.
    pub(super) fn derive(
        &self,
        fields: &mut Map<String, Value>,
        secrets: &mut BTreeMap<String, SecretOrigin>,
    ) {
        match self.supply {
            Supply::None => return,
            Supply::Bundled => self.bundled(fields),
            Supply::Managed => self.managed(fields),
            Supply::Yours => {}
        }
        self.passwords(fields, secrets);
        match self.service.kind() {
            ServiceKind::Sql => put(fields, "url", sql_url(fields)),
            ServiceKind::Cache => put(fields, "url", cache_url(fields)),
            ServiceKind::Temporal => {
                let address = format!("{}:{}", text(fields, "host"), text(fields, "port"));
                put(fields, "address", address);
            }
            ServiceKind::Objects => self.objects(fields),
            ServiceKind::Oidc => {
                if let Some(oidc) = &self.service.oidc {
                    provider(oidc, fields);
                }
            }
            ServiceKind::Ai | ServiceKind::License => {}
        }
    }

    fn target(&self) -> Option<Target> {
        self.part.and_then(|part| part.target)
    }

    fn bundled(&self, fields: &mut Map<String, Value>) {
        if !matches!(
            self.service.kind(),
            ServiceKind::Sql | ServiceKind::Cache | ServiceKind::Temporal
        ) {
            return;
        }
        let host = self.part.map(|part| host_name(part, self.name));
        put(fields, "host", host.unwrap_or_default());
        let plain: Value = match self.service.kind() {
            ServiceKind::Sql => "disable".into(),
            _ => false.into(),
        };
        put(fields, "tls", plain);
    }

    /// Puts a reference in the place of everything that is known only once the cloud has made the service.
    fn managed(&self, fields: &mut Map<String, Value>) {
        let aws = self.target() == Some(Target::Aws);
        let (awaited, tls): (&[&str], Option<Value>) = match self.service.kind() {
            // AWS signs its databases with a CA of its own, whose certificate the target brings along.
            ServiceKind::Sql if aws => (&["host", "port", "ca"], Some("verify-full".into())),
            ServiceKind::Sql => (&["host", "port"], Some("verify-full".into())),
            ServiceKind::Cache | ServiceKind::Temporal => (&["host", "port"], Some(true.into())),
            ServiceKind::Objects if text(fields, "driver") == "s3" => {
                // A bucket's name is one in the world, so what was answered is only what it starts with.
                let prefix = text(fields, "bucket");
                put(fields, "prefix", prefix);
                (&["bucket"], None)
            }
            ServiceKind::Objects => (&["endpoint"], None),
            ServiceKind::Oidc => (&["issuer", "jwks_uri"], None),
            ServiceKind::Ai => (&["endpoint"], None),
            ServiceKind::License => (&[], None),
        };
        for field in awaited {
            put(fields, field, Bound::output(self.name, field));
        }
        if let Some(tls) = tls {
            put(fields, "tls", tls);
        }
        if self.service.kind() == ServiceKind::Objects {
            let options = self.part.map(|part| &part.options);
            let region =
                options.and_then(|options| options.get("region").or_else(|| options.get("location")));
            put(fields, "region", region.map(plain).unwrap_or_default());
        }
    }

    /// Names the passwords that are made together with the service.
    fn passwords(&self, fields: &mut Map<String, Value>, secrets: &mut BTreeMap<String, SecretOrigin>) {
        if !matches!(self.supply, Supply::Bundled | Supply::Managed) {
            return;
        }
        if matches!(self.service.kind(), ServiceKind::Sql | ServiceKind::Cache) {
            let reference = format!("{}_password", self.name);
            put(
                fields,
                "password",
                Bound::reference(SecretForm::Value, &reference),
            );
            secrets.insert(reference, SecretOrigin::Generated(40));
        }
        if self.supply == Supply::Bundled && self.service.kind() == ServiceKind::Sql {
            // The server's own superuser, with whom the product's role is made.
            secrets.insert(
                format!("{}_admin_password", self.name),
                SecretOrigin::Generated(40),
            );
        }
    }

    fn objects(&self, fields: &mut Map<String, Value>) {
        let bucket = text(fields, "bucket");
        let url = match text(fields, "driver").as_str() {
            "filesystem" => {
                if text(fields, "path").is_empty() {
                    let path = match self.part {
                        Some(part) if part.target == Some(Target::Host) => {
                            host_path(part, &format!("data/objects/{bucket}"))
                        }
                        _ => Utf8PathBuf::from(format!("/var/lib/objects/{bucket}")),
                    };
                    put(fields, "path", path.into_string());
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
        put(fields, "url", url);
    }
}

fn put(fields: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    fields.insert(field.to_owned(), value.into());
}

/// Reads a field as text; one that is not there is empty.
fn text(fields: &Map<String, Value>, field: &str) -> String {
    fields
        .get(field)
        .filter(|value| !value.is_null())
        .map(plain)
        .unwrap_or_default()
}

/// Turns a reference to a secret's value into one that is escaped for a URL.
fn url_reference(reference: &str) -> String {
    reference.replacen("${secret:", "${secret-url:", 1)
}

fn sql_url(fields: &Map<String, Value>) -> String {
    let text = |field: &str| text(fields, field);
    let (host, port, name, user) = (text("host"), text("port"), text("name"), text("user"));
    let password = text("password");
    if text("engine") == "sqlserver" {
        let encrypt = if text("tls") == "disable" { "False" } else { "True" };
        let trust = if text("tls") == "require" {
            ";TrustServerCertificate=True"
        } else {
            ""
        };
        return format!(
            "Server=tcp:{host},{port};Database={name};User Id={user};Password={password};Encrypt={encrypt}{trust}"
        );
    }
    let tls = match text("tls").as_str() {
        "" | "disable" => String::new(),
        mode => format!("?sslmode={mode}"),
    };
    let password = url_reference(&password);
    format!("postgres://{user}:{password}@{host}:{port}/{name}{tls}")
}

fn cache_url(fields: &Map<String, Value>) -> String {
    let scheme = if text(fields, "tls") == "true" {
        "rediss"
    } else {
        "redis"
    };
    let password = match text(fields, "password").as_str() {
        "" => String::new(),
        password => format!(":{}@", url_reference(password)),
    };
    let (host, port) = (text(fields, "host"), text(fields, "port"));
    format!("{scheme}://{password}{host}:{port}")
}

/// Completes what is known of an identity provider: its signing keys, and each claim's path from the chosen preset,
/// else from the definition.
fn provider(oidc: &Oidc, fields: &mut Map<String, Value>) {
    let preset = oidc.presets.get(&text(fields, "preset"));
    if let Some(path) = preset.and_then(|preset| preset.jwks_path.as_deref())
        && text(fields, "jwks_uri").is_empty()
    {
        let issuer = text(fields, "issuer");
        let (issuer, path) = (issuer.trim_end_matches('/'), path.trim_start_matches('/'));
        put(fields, "jwks_uri", format!("{issuer}/{path}"));
    }
    let path = |name: &String, default: &String| {
        let moved = preset.and_then(|preset| preset.claims.get(name));
        moved.unwrap_or(default).clone()
    };
    let claims: Map<String, Value> = oidc
        .claims
        .iter()
        .map(|(name, claim)| (name.clone(), path(name, &claim.path).into()))
        .collect();
    put(fields, "claims", claims);
}
