//! Components as the values of the chart.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::place::{Place, SECRET_FOLDER, dashed};
use super::exposure::{Published, Route, published, routes};
use crate::deployment::{Bound, Deployment, Part, Piece, ResolvedComponent, SecretForm};
use crate::product::{Probe, Protocol, ServiceKind};

/// A component, in the words of `helm/charts/product/values.yaml`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    title: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    args: Vec<String>,
    replicas: u32,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    ports: BTreeMap<String, Port>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    probes: BTreeMap<&'static str, HttpProbe>,
    resources: Resources,
    #[serde(skip_serializing_if = "Option::is_none")]
    autoscaling: Option<Autoscaling>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    secret_env: BTreeMap<String, SecretKey>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    env: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    secret_files: Vec<SecretFile>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<String, PlainFile>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    private_files: BTreeMap<String, SecretFile>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    directories: BTreeMap<String, Directory>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<Published>,
    run_as_user: u32,
    termination_grace_period_seconds: u32,
}

#[derive(Debug, Serialize)]
struct Port {
    number: u16,
    protocol: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpProbe {
    path: String,
    port: String,
    period_seconds: u32,
    failure_threshold: u32,
}

#[derive(Debug, Serialize)]
struct Resources {
    requests: BTreeMap<&'static str, String>,
    limits: BTreeMap<&'static str, String>,
}

#[derive(Debug, Serialize)]
struct Autoscaling {
    enabled: bool,
    min: u32,
    max: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct SecretKey {
    secret: String,
    key: String,
}

#[derive(Debug, Serialize)]
struct SecretFile {
    path: String,
    secret: String,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
}

#[derive(Debug, Serialize)]
struct PlainFile {
    path: String,
    content: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    path: String,
    size: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    storage_class: String,
    access_modes: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    existing_claim: String,
}

/// Turns a component into values.
pub(super) fn component(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    component: &ResolvedComponent,
) -> Component {
    let mut environment = Environment::new(place);
    for (name, value) in &component.environment {
        environment.add(name, value);
    }
    let args = component.args.iter().map(|arg| environment.text(arg)).collect();
    let mut secret_files = secret_files(place, component);
    let mut files = BTreeMap::new();
    let mut private_files = BTreeMap::new();
    for (name, file) in &component.files {
        let path = file.path.to_string();
        if file.is_private() {
            private_files.insert(
                dashed(name),
                SecretFile {
                    path,
                    secret: place.files(),
                    key: file_key(component, name),
                    checksum: Some(crate::oci::Digest::of(file.content.as_str()).short().to_owned()),
                },
            );
        } else {
            let content = with_paths(&file.content);
            files.insert(dashed(name), PlainFile { path, content });
        }
    }
    for (name, handed) in &component.provisioned {
        let file = SecretFile {
            path: handed.path.to_string(),
            secret: place.files(),
            key: file_key(component, name),
            checksum: None,
        };
        private_files.insert(dashed(name), file);
    }
    secret_files.sort_by(|one, other| one.path.cmp(&other.path));
    let scaling = &component.scaling;
    let directories = directories(deployment, part, place, component);
    let single = !directories.is_empty() && place.options.storage_access == "ReadWriteOnce";
    let autoscaling = (scaling.max > scaling.min && !single).then_some(Autoscaling {
        enabled: true,
        min: scaling.min,
        max: scaling.max,
    });
    Component {
        title: component.title.clone(),
        args,
        replicas: if single { 1 } else { scaling.min },
        ports: ports(component),
        probes: probes(component),
        resources: resources(component),
        autoscaling,
        secret_env: environment.secret,
        env: environment.plain,
        secret_files,
        files,
        private_files,
        directories,
        routes: routes(component),
        published: published(place, component),
        run_as_user: component.user,
        termination_grace_period_seconds: component.grace,
    }
}

/// Names a file of a component in the Secret that holds files.
pub(in crate::drivers::kubernetes) fn file_key(component: &ResolvedComponent, name: &str) -> String {
    format!("{}.{}", dashed(&component.name), dashed(name))
}

/// Replaces references to files of secrets by their paths; those to values stay.
pub(in crate::drivers::kubernetes) fn with_paths(text: &Bound) -> String {
    let replaced = text.replace(|form, name| {
        Ok::<_, std::convert::Infallible>(match form {
            SecretForm::File => format!("{SECRET_FOLDER}/{name}"),
            SecretForm::Value | SecretForm::Url => Bound::reference(form, name),
        })
    });
    replaced.unwrap_or_else(|never| match never {})
}

/// A component's environment, in which a secret is a reference of the cluster's own kind.
struct Environment<'a> {
    place: &'a Place,
    secret: BTreeMap<String, SecretKey>,
    plain: BTreeMap<String, String>,
}

impl<'a> Environment<'a> {
    fn new(place: &'a Place) -> Self {
        Self {
            place,
            secret: BTreeMap::new(),
            plain: BTreeMap::new(),
        }
    }

    fn key(&self, form: SecretForm, name: &str) -> SecretKey {
        SecretKey {
            secret: self.place.secrets(),
            key: secret_key(form, name),
        }
    }

    fn add(&mut self, variable: &str, value: &Bound) {
        if let [Piece::Secret(form @ (SecretForm::Value | SecretForm::Url), name)] = value.pieces()[..] {
            let key = self.key(form, name);
            self.secret.insert(variable.to_owned(), key);
            return;
        }
        let text = self.text(value);
        self.plain.insert(variable.to_owned(), text);
    }

    /// Writes text for the cluster: a secret within it is a variable of its own, referred to as `$(NAME)`.
    fn text(&mut self, value: &Bound) -> String {
        let mut text = String::new();
        for piece in value.pieces() {
            match piece {
                Piece::Text(plain) => text.push_str(&plain.replace('$', "$$")),
                Piece::Output { service, field } => text.push_str(&Bound::output(service, field)),
                Piece::Secret(SecretForm::File, name) => {
                    text.push_str(&format!("{SECRET_FOLDER}/{name}"));
                }
                Piece::Secret(form, name) => {
                    let suffix = if form == SecretForm::Url { "_URL" } else { "" };
                    let letters = name.to_ascii_uppercase().replace(['-', '.'], "_");
                    let variable = format!("LANDFALL_{letters}{suffix}");
                    let key = self.key(form, name);
                    self.secret.insert(variable.clone(), key);
                    text.push_str(&format!("$({variable})"));
                }
            }
        }
        text
    }
}

/// Names a secret in the Secret that holds them; one that is escaped for a URL has an entry of its own.
pub(in crate::drivers::kubernetes) fn secret_key(form: SecretForm, name: &str) -> String {
    match form {
        SecretForm::Url => format!("{name}.url"),
        SecretForm::Value | SecretForm::File => name.to_owned(),
    }
}

fn secret_files(place: &Place, component: &ResolvedComponent) -> Vec<SecretFile> {
    let mut names: Vec<&str> = component
        .texts()
        .flat_map(Bound::pieces)
        .filter_map(|piece| match piece {
            Piece::Secret(SecretForm::File, name) => Some(name),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let file = |name: &str| SecretFile {
        path: format!("{SECRET_FOLDER}/{name}"),
        secret: place.secrets(),
        key: name.to_owned(),
        checksum: None,
    };
    names.into_iter().map(file).collect()
}

fn ports(component: &ResolvedComponent) -> BTreeMap<String, Port> {
    let port = |(name, port): (&String, &crate::deployment::ResolvedPort)| {
        let protocol = match port.protocol {
            Protocol::Http => "http",
            Protocol::Grpc => "grpc",
            Protocol::Tcp => "tcp",
        };
        let number = port.number;
        (dashed(name), Port { number, protocol })
    };
    component.ports.iter().map(port).collect()
}

fn probes(component: &ResolvedComponent) -> BTreeMap<&'static str, HttpProbe> {
    let health = &component.health;
    let known = [
        ("startup", &health.startup),
        ("readiness", &health.readiness),
        ("liveness", &health.liveness),
    ];
    let probe = |probe: &Probe| HttpProbe {
        path: probe.path.clone(),
        port: dashed(&probe.port),
        period_seconds: probe.every,
        failure_threshold: (probe.within / probe.every.max(1)).max(3),
    };
    let mut probes = BTreeMap::new();
    for (name, found) in known {
        let Some(found) = found else { continue };
        let mut found = probe(found);
        if name != "startup" {
            // How long it may take to start is the startup probe's; after that, three misses are enough.
            found.failure_threshold = 3;
        }
        probes.insert(name, found);
    }
    probes
}

fn resources(component: &ResolvedComponent) -> Resources {
    let asked = &component.resources;
    Resources {
        requests: BTreeMap::from([("cpu", asked.cpu.clone()), ("memory", asked.memory.clone())]),
        // Memory that is not asked for gets a pod killed at a bad moment; a limit of CPU only slows it down.
        limits: BTreeMap::from([("memory", asked.memory.clone())]),
    }
}

/// Lists the folders of a component that must survive it: its own, and those of stores that are folders.
fn directories(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    component: &ResolvedComponent,
) -> BTreeMap<String, Directory> {
    let directory = |path: String, existing_claim: String| Directory {
        path,
        size: place.options.storage_size.clone(),
        storage_class: place.options.storage_class.clone().unwrap_or_default(),
        access_modes: vec![place.options.storage_access.clone()],
        existing_claim,
    };
    let own = component.directories.iter();
    let mut all: BTreeMap<String, Directory> = own
        .map(|(name, path)| (dashed(name), directory(path.to_string(), String::new())))
        .collect();
    for name in &component.needs {
        let Some(service) = deployment.services.get(name).filter(|service| {
            service.kind == ServiceKind::Objects
                && service.is_run_by(&part.name)
                && !service.text("path").is_empty()
        }) else {
            continue;
        };
        // The first component that needs a store has the volume; the others mount the same.
        let first = part.components.iter().find(|other| other.needs.contains(name));
        let claim = match first {
            Some(first) if first.name != component.name => {
                format!("{}-{}", place.object(&first.name), dashed(name))
            }
            _ => String::new(),
        };
        all.insert(dashed(name), directory(service.text("path").to_owned(), claim));
    }
    all
}
