//! Deployment to artifacts: units, environments, configuration files, the proxy's routes.

mod quoting;
mod schedule;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::layout::{Layout, Supervisor};
use crate::deployment::{Bound, Deployment, Part, ResolvedComponent, SecretForm};
use crate::product::{Protocol, ServiceKind};
use crate::render::{Artifacts, RenderError, Templates};
use quoting::{no_specifiers, quoted, systemd_bytes, systemd_path, systemd_word};

/// The environment of a component.
#[derive(Serialize)]
struct Environment<'a> {
    title: &'a str,
    product: &'a str,
    version: &'a str,
    environment: Vec<Variable<'a>>,
}

#[derive(Serialize)]
struct Variable<'a> {
    name: &'a str,
    value: String,
}

/// A unit, for systemd and for Landfall's own supervisor alike.
#[derive(Clone, Serialize)]
struct Unit<'a> {
    name: String,
    title: &'a str,
    description: String,
    product: &'a str,
    /// The release; none for what does not change with it, and so goes on over an upgrade.
    version: Option<&'a str>,
    user: &'a str,
    exec: Vec<String>,
    command: String,
    working_directory: Utf8PathBuf,
    environment_files: Vec<Utf8PathBuf>,
    after: Vec<String>,
    /// Folders it may write.
    writable: Vec<Utf8PathBuf>,
    /// Whether the installation lies where `ProtectHome=` would hide it.
    at_home: bool,
    /// Whether it lies below a folder for temporary files.
    at_temporary: bool,
    stop_signal: &'static str,
    grace: u32,
    memory: Option<String>,
    capabilities: &'static str,
    /// Whether it is a program of the vendor's, which may compile at run time and read all of `/proc` as .NET, Java and
    /// JavaScript do.
    foreign: bool,
    log: Utf8PathBuf,
}

#[derive(Serialize)]
struct Proxy<'a> {
    product: &'a str,
    listen: String,
    certificate: Option<&'a Utf8Path>,
    key: Option<&'a Utf8Path>,
    closed: Utf8PathBuf,
    routes: Vec<ProxyRoute>,
}

#[derive(Serialize)]
struct ProxyRoute {
    path: String,
    upstream: String,
    h2c: bool,
}

#[derive(Serialize)]
struct Postgres<'a> {
    product: &'a str,
    port: u16,
    sockets: Utf8PathBuf,
}

/// The name of the proxy's unit and files.
pub(super) const PROXY: &str = "proxy";

/// Renders a part.
///
/// # Errors
/// [`RenderError`] when an option is not usable; templates of ours failing is covered by tests.
pub fn render(deployment: &Deployment, part: &Part) -> Result<Artifacts, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let renderer = Renderer {
        deployment,
        part,
        layout,
        templates: Templates::of("host"),
    };
    let mut artifacts = Artifacts::default();
    for component in &part.components {
        renderer.component(component, &mut artifacts)?;
    }
    for (name, port) in bundled_databases(deployment, part) {
        renderer.database(name, port, &mut artifacts)?;
    }
    if has_routes(part) {
        renderer.proxy(&mut artifacts)?;
    }
    renderer.schedule(&mut artifacts)?;
    Ok(artifacts)
}

/// Says whether the part answers to people and so has a proxy.
pub(super) fn has_routes(part: &Part) -> bool {
    part.components
        .iter()
        .any(|component| !component.routes.is_empty())
}

/// Lists the databases that Landfall runs for a part, with their ports.
pub(super) fn bundled_databases<'a>(deployment: &'a Deployment, part: &Part) -> Vec<(&'a str, u16)> {
    let needed = |name: &String| {
        part.components
            .iter()
            .any(|component| component.needs.contains(name))
    };
    deployment
        .services
        .iter()
        .filter(|(name, service)| {
            service.kind == ServiceKind::Sql && service.is_run_by(&part.name) && needed(name)
        })
        .filter_map(|(name, service)| Some((name.as_str(), service.port("port")?)))
        .collect()
}

struct Renderer<'a> {
    deployment: &'a Deployment,
    part: &'a Part,
    layout: Layout,
    templates: Templates,
}

impl Renderer<'_> {
    fn component(&self, component: &ResolvedComponent, artifacts: &mut Artifacts) -> Result<(), RenderError> {
        let name = &component.name;
        let context = Environment {
            title: &component.title,
            product: &self.deployment.title,
            version: self.deployment.version.as_str(),
            environment: component
                .environment
                .iter()
                .map(|(name, value)| Variable {
                    name,
                    value: quoted(self.with_paths(value).as_str()),
                })
                .collect(),
        };
        let text = self.templates.render("environment.env", &context)?;
        artifacts.add(format!("env/{name}.env"), text);
        // What the customer hands in (`provisioned`) is not rendered: it is read when it is placed.
        for file in component.files.values() {
            let release = self.layout.release();
            let place = file.path.strip_prefix(&release).unwrap_or(&file.path);
            artifacts.add(place, self.with_paths(&file.content).as_str().to_owned());
        }
        let binary = component
            .binary
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches('/');
        let image = self.layout.current().join("images").join(name);
        let mut exec = vec![image.join(binary).into_string()];
        exec.extend(
            component
                .args
                .iter()
                .map(|arg| self.with_paths(arg).as_str().to_owned()),
        );
        let mut after: Vec<String> = component
            .after
            .iter()
            .map(|other| self.layout.unit(other))
            .collect();
        after.extend(
            bundled_databases(self.deployment, self.part)
                .into_iter()
                .map(|(name, _)| self.layout.unit(name)),
        );
        let mut unit = self.unit(name, &component.title, exec);
        let version = self.deployment.version.as_str();
        unit.version = Some(version);
        unit.description = format!("{} ({} {version})", component.title, self.deployment.title);
        unit.after = after;
        unit.environment_files = vec![self.layout.current().join("env").join(format!("{name}.env"))];
        unit.writable = component.directories.values().cloned().collect();
        unit.writable.extend(self.object_folders(component));
        unit.grace = component.grace;
        unit.memory = systemd_bytes(&component.resources.memory);
        unit.foreign = true;
        unit.working_directory = image;
        self.place_unit(name, &unit, artifacts)
    }

    fn object_folders(&self, component: &ResolvedComponent) -> Vec<Utf8PathBuf> {
        let services = component
            .needs
            .iter()
            .filter_map(|need| self.deployment.services.get(need));
        services
            .filter(|service| service.kind == ServiceKind::Objects && service.text("driver") == "filesystem")
            .map(|service| service.text("path").into())
            .collect()
    }

    fn database(&self, name: &str, port: u16, artifacts: &mut Artifacts) -> Result<(), RenderError> {
        let data = self.layout.database(name);
        let context = Postgres {
            product: &self.deployment.title,
            port,
            sockets: self.layout.root().join("run"),
        };
        let place = format!("config/{name}/postgresql.conf");
        artifacts.add(place.clone(), self.templates.render("postgresql.conf", &context)?);
        let config = self.layout.root().join(&place);
        let exec = vec![
            self.layout.postgres().join("bin/postgres").into_string(),
            "-D".to_owned(),
            data.clone().into_string(),
            format!("--config-file={config}"),
            format!("--hba-file={data}/pg_hba.conf"),
            format!("--ident-file={data}/pg_ident.conf"),
        ];
        let mut unit = self.unit(name, "PostgreSQL", exec);
        unit.writable = vec![data.clone(), self.layout.root().join("run")];
        // SIGINT is PostgreSQL's fast shutdown: sessions are ended, nothing is lost.
        unit.stop_signal = "SIGINT";
        unit.grace = 60;
        unit.working_directory = data;
        self.place_unit(name, &unit, artifacts)
    }

    fn proxy(&self, artifacts: &mut Artifacts) -> Result<(), RenderError> {
        let options = &self.layout.options;
        let grpc = |component: &ResolvedComponent, port: u16| {
            component
                .ports
                .values()
                .any(|known| known.number == port && known.protocol == Protocol::Grpc)
        };
        let routes = self.part.components.iter().flat_map(|component| {
            component.routes.iter().map(move |(path, port)| ProxyRoute {
                path: path.clone(),
                upstream: format!("127.0.0.1:{port}"),
                h2c: grpc(component, *port),
            })
        });
        let context = Proxy {
            product: &self.deployment.title,
            listen: format!("{}:{}", options.address, options.port),
            certificate: options.tls_certificate.as_deref(),
            key: options.tls_key.as_deref(),
            closed: self.layout.closed(),
            routes: routes.collect(),
        };
        artifacts.add("proxy.yaml", self.templates.render("proxy.yaml", &context)?);
        let config = self.layout.current().join("proxy.yaml").into_string();
        let exec = vec![self.layout.tool().into_string(), "proxy".to_owned(), config];
        let mut unit = self.unit(PROXY, "Reverse proxy", exec);
        unit.after = self
            .part
            .components
            .iter()
            .map(|component| self.layout.unit(&component.name))
            .collect();
        if options.port < 1024 {
            unit.capabilities = "CAP_NET_BIND_SERVICE";
        }
        unit.working_directory = self.layout.root().to_owned();
        self.place_unit(PROXY, &unit, artifacts)
    }

    fn unit<'a>(&'a self, subject: &str, title: &'a str, exec: Vec<String>) -> Unit<'a> {
        Unit {
            name: self.layout.unit(subject),
            title,
            description: format!("{title} ({})", self.deployment.title),
            product: &self.deployment.title,
            version: None,
            user: &self.layout.options.user,
            command: exec
                .iter()
                .map(|word| systemd_word(word))
                .collect::<Vec<_>>()
                .join(" "),
            exec,
            working_directory: Utf8PathBuf::new(),
            environment_files: Vec::new(),
            after: Vec::new(),
            writable: Vec::new(),
            at_home: below(self.layout.root(), &["/home", "/root", "/run/user"]),
            at_temporary: below(self.layout.root(), &["/tmp", "/var/tmp"]),
            stop_signal: "SIGTERM",
            grace: 30,
            memory: None,
            capabilities: "",
            foreign: false,
            log: self.layout.log(subject),
        }
    }

    fn place_unit(
        &self,
        subject: &str,
        unit: &Unit<'_>,
        artifacts: &mut Artifacts,
    ) -> Result<(), RenderError> {
        let name = self.layout.unit(subject);
        match self.layout.options.supervisor {
            Supervisor::Systemd => {
                let text = self.templates.render("unit.service", &unit.for_systemd())?;
                artifacts.add(format!("units/{name}.service"), text);
            }
            Supervisor::Landfall => {
                let text = self.templates.render("unit.yaml", unit)?;
                artifacts.add(format!("units/{name}.yaml"), text);
            }
        }
        Ok(())
    }

    /// Replaces references to files that hold secrets by their paths here; the secrets themselves stay references.
    fn with_paths(&self, text: &Bound) -> Bound {
        let replaced = text.replace(|form, name| {
            Ok::<_, std::convert::Infallible>(match form {
                SecretForm::File => self.layout.secrets().join(name).into_string(),
                _ => Bound::reference(form, name),
            })
        });
        match replaced {
            Ok(text) => Bound::new(text),
            Err(never) => match never {},
        }
    }
}

impl Unit<'_> {
    /// Writes what systemd would expand or split in a way that it reads back as it was.
    fn for_systemd(&self) -> Self {
        let plain = |path: &Utf8PathBuf| Utf8PathBuf::from(no_specifiers(path.as_str()));
        let word = |path: &Utf8PathBuf| Utf8PathBuf::from(systemd_path(path.as_str()));
        Self {
            description: no_specifiers(&self.description),
            working_directory: plain(&self.working_directory),
            environment_files: self.environment_files.iter().map(plain).collect(),
            writable: self.writable.iter().map(word).collect(),
            ..self.clone()
        }
    }
}

fn below(path: &Utf8Path, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}
