//! Deployment to artifacts: units, environments, configuration files, the proxy's routes.

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::layout::{Layout, Supervisor};
use crate::deployment::{Bound, Deployment, Part, ResolvedComponent, SecretForm};
use crate::product::{Protocol, ServiceKind, Supply};
use crate::render::{Artifacts, RenderError, Templates};

/// The environment of a component.
#[derive(Serialize)]
struct Environment<'a> {
    title: &'a str,
    product: &'a str,
    version: &'a str,
    environment: std::collections::BTreeMap<String, String>,
}

/// A unit, for systemd and for Landfall's own supervisor alike.
#[derive(Serialize)]
struct Unit<'a> {
    name: String,
    title: &'a str,
    description: String,
    product: &'a str,
    version: &'a str,
    user: &'a str,
    exec: Vec<String>,
    command: String,
    working_directory: Utf8PathBuf,
    environment_files: Vec<Utf8PathBuf>,
    after: Vec<String>,
    writable: Vec<Utf8PathBuf>,
    stop_signal: &'static str,
    grace: u32,
    memory: Option<String>,
    capabilities: &'static str,
    jit: bool,
    log: Utf8PathBuf,
}

#[derive(Serialize)]
struct Proxy<'a> {
    product: &'a str,
    version: &'a str,
    listen: String,
    certificate: Option<&'a Utf8Path>,
    key: Option<&'a Utf8Path>,
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
            service.kind == ServiceKind::Sql && service.supply == Supply::Bundled && needed(name)
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
                .map(|(variable, value)| (variable.clone(), quoted(self.with_paths(value).as_str())))
                .collect(),
        };
        let text = self.templates.render("environment.env", &context)?;
        artifacts.add(format!("env/{name}.env"), text);
        for file in component.files.values() {
            let place = format!("config/{name}/{}", file.path.file_name().unwrap_or("config"));
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
        unit.after = after;
        unit.environment_files = vec![self.layout.current().join("env").join(format!("{name}.env"))];
        unit.writable = component.directories.values().cloned().collect();
        unit.writable.extend(self.object_folders(component));
        unit.grace = component.grace;
        unit.memory = systemd_bytes(&component.resources.memory);
        // A program of a vendor's may compile at run time (.NET, Java, JavaScript do).
        unit.jit = true;
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
            version: self.deployment.version.as_str(),
            listen: format!("{}:{}", options.address, options.port),
            certificate: options.tls_certificate.as_deref(),
            key: options.tls_key.as_deref(),
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
            description: format!("{title} ({} {})", self.deployment.title, self.deployment.version),
            product: &self.deployment.title,
            version: self.deployment.version.as_str(),
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
            stop_signal: "SIGTERM",
            grace: 30,
            memory: None,
            capabilities: "",
            jit: false,
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
                artifacts.add(
                    format!("units/{name}.service"),
                    self.templates.render("unit.service", unit)?,
                );
            }
            Supervisor::Landfall => {
                artifacts.add(
                    format!("units/{name}.yaml"),
                    self.templates.render("unit.yaml", unit)?,
                );
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

/// Quotes a value for an environment file, as systemd.exec(5) reads `EnvironmentFile=`.
fn quoted(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+,=?&${}*".contains(&byte);
    // A secret may hold anything, and what replaces the reference is escaped for double quotes.
    if !value.is_empty() && value.bytes().all(plain) && !value.contains("${secret") {
        return value.to_owned();
    }
    format!(
        "\"{}\"",
        value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    )
}

/// Quotes a word for `ExecStart=`, as systemd.service(5) splits it; `%` and `$` would be expanded.
fn systemd_word(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    if word.contains(char::is_whitespace) || word.contains(['"', '\'', '\\', ';']) || word.is_empty() {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        word
    }
}

/// Turns a Kubernetes quantity into what systemd reads: `256Mi` into `256M`, both powers of 1024.
fn systemd_bytes(quantity: &str) -> Option<String> {
    let digits = quantity.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match &quantity[digits.len()..] {
        "Ki" => "K",
        "Mi" => "M",
        "Gi" => "G",
        "Ti" => "T",
        "" => "",
        _ => return None,
    };
    digits.parse::<u64>().ok().map(|number| format!("{number}{unit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_quoted_as_systemd_reads_them() {
        assert_eq!(systemd_word("a b"), "\"a b\"");
        assert_eq!(systemd_word("100%"), "100%%");
        assert_eq!(quoted("a b\"c"), "\"a b\\\"c\"");
        assert_eq!(
            quoted("postgres://u:${secret-url:p}@h:1/x"),
            "\"postgres://u:${secret-url:p}@h:1/x\""
        );
    }

    #[test]
    fn quantities_become_systemd_sizes() {
        assert_eq!(systemd_bytes("256Mi").as_deref(), Some("256M"));
        assert_eq!(systemd_bytes("1.5G"), None);
    }
}
