//! What has to be done on a host, given what was seen there. Pure.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::layout::{Layout, PostgresSource, Supervisor};
use super::observe::{Likeness, Observed};
use super::render::{PROXY, bundled_databases, has_routes};
use crate::deployment::{Deployment, Part, ResolvedComponent, SecretOrigin};
use crate::oci::Digest;
use crate::plan::{Action, Check, Handed, Placement, Step, StepId, Undo};
use crate::product::Probe;
use crate::render::{Artifacts, RenderError};

/// Says where every artifact of a part is placed.
pub(super) fn placements(layout: &Layout, part: &Part, artifacts: &Artifacts) -> Vec<Placement> {
    let component = |name: &str| part.components.iter().any(|component| component.name == name);
    let place = |path: &Utf8PathBuf| -> Option<Utf8PathBuf> {
        let pieces: Vec<&str> = path.components().map(|piece| piece.as_str()).collect();
        match pieces.as_slice() {
            ["units", ..] => None,
            ["config", name, ..] if !component(name) => Some(layout.root().join(path)),
            _ => Some(layout.release().join(path)),
        }
    };
    let placement = |path: &Utf8PathBuf| {
        Some(Placement {
            artifact: path.clone(),
            to: place(path)?,
        })
    };
    artifacts.iter().filter_map(|(path, _)| placement(path)).collect()
}

/// Lists the files that the customer hands in, with their places.
pub(super) fn handed(part: &Part) -> Vec<Handed> {
    let mut all = Vec::new();
    for component in &part.components {
        for file in component.provisioned.values() {
            let (source, to) = (file.source.clone(), file.path.clone());
            all.push(Handed {
                component: component.name.clone(),
                source,
                to,
            });
        }
    }
    all
}

/// Says which artifact defines each unit.
pub(super) fn unit_files(layout: &Layout, artifacts: &Artifacts) -> BTreeMap<String, Utf8PathBuf> {
    let name = |path: &Utf8PathBuf| Some(path.strip_prefix("units").ok()?.file_stem()?.to_owned());
    let ours = format!("{}-", layout.name);
    artifacts
        .iter()
        .filter_map(|(path, _)| Some((name(path)?, path.clone())))
        .filter(|(name, _)| name.starts_with(&ours))
        .collect()
}

/// Computes the digest of everything that a unit is made of, so that a running one can be told from a stale one.
pub(super) fn stamp(layout: &Layout, part: &Part, artifacts: &Artifacts, subject: &str) -> Digest {
    let unit = layout.unit(subject);
    let own = |path: &Utf8PathBuf| {
        path.starts_with(format!("config/{subject}"))
            || *path == format!("env/{subject}.env")
            || (subject == PROXY && path == "proxy.yaml")
            || path.file_stem() == Some(&unit)
    };
    let texts: Vec<&str> = artifacts
        .iter()
        .filter(|(path, _)| own(path))
        .map(|(_, artifact)| artifact.text.as_str())
        .collect();
    let image = part.components.iter().find(|component| component.name == subject);
    let image = image
        .map(|component| component.image.digest.to_string())
        .unwrap_or_default();
    Digest::of([texts.join("\0"), image].join("\0"))
}

/// Lists the folders that belong to an installation, parents first.
pub(super) fn folders(layout: &Layout, deployment: &Deployment, part: &Part) -> Vec<Utf8PathBuf> {
    let root = layout.root();
    let mut folders = vec![root.to_owned()];
    folders.extend(
        [
            "bin",
            "config",
            "data",
            "logs",
            "releases",
            "run",
            "secrets",
            "supervisor",
        ]
        .map(|name| root.join(name)),
    );
    folders.push(root.join("supervisor/units"));
    folders.push(layout.release());
    for component in &part.components {
        folders.extend(
            component
                .directories
                .values()
                .flat_map(|path| [path.parent().unwrap_or(root).to_owned(), path.clone()]),
        );
    }
    for service in deployment
        .services
        .values()
        .filter(|service| service.text("driver") == "filesystem")
    {
        let path = Utf8PathBuf::from(service.text("path"));
        if path.starts_with(root) {
            folders.extend([path.parent().unwrap_or(root).to_owned(), path]);
        }
    }
    let mut seen = BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    folders
}

/// Plans bringing a part up, or in line.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn up(
    deployment: &Deployment,
    part: &Part,
    artifacts: &Artifacts,
    observed: &Observed,
) -> Result<Vec<Step>, RenderError> {
    let layout = Layout::of(part, &deployment.name, deployment.version.as_str())?;
    let mut steps = Up {
        deployment,
        part,
        artifacts,
        observed,
        layout,
        steps: Vec::new(),
    };
    steps.foundation();
    steps.stops();
    steps.files();
    steps.databases();
    steps.migration();
    steps.switch();
    steps.starts();
    steps.verify();
    Ok(steps.steps)
}

/// Builds the steps of bringing up; a step that would change nothing is left out.
pub(super) struct Up<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) part: &'a Part,
    pub(super) artifacts: &'a Artifacts,
    pub(super) observed: &'a Observed,
    pub(super) layout: Layout,
    pub(super) steps: Vec<Step>,
}

/// Makes a step; needs that were left out because they are fulfilled are dropped by [`Up::push`].
fn step(part: &str, id: StepId, title: impl Into<String>, action: Action, undo: Undo) -> Step {
    Step {
        id,
        title: title.into(),
        part: part.to_owned(),
        action,
        undo,
        needs: BTreeSet::new(),
    }
}

impl Up<'_> {
    fn id(&self, subject: &str, verb: &str) -> StepId {
        // With several parts in one plan, ids carry the part's name.
        if self.deployment.parts.len() > 1 {
            StepId::new(&format!("{}-{subject}", self.part.name), verb)
        } else {
            StepId::new(subject, verb)
        }
    }

    pub(super) fn push(
        &mut self,
        subject: &str,
        verb: &str,
        title: impl Into<String>,
        action: Action,
        undo: Undo,
        needs: &[(&str, &str)],
    ) {
        let mut step = step(&self.part.name, self.id(subject, verb), title, action, undo);
        let planned: BTreeSet<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();
        step.needs = needs
            .iter()
            .map(|(subject, verb)| self.id(subject, verb))
            .filter(|id| planned.contains(id))
            .collect();
        self.steps.push(step);
    }

    fn databases_here(&self) -> Vec<(String, u16)> {
        bundled_databases(self.deployment, self.part)
            .into_iter()
            .map(|(name, port)| (name.to_owned(), port))
            .collect()
    }

    fn foundation(&mut self) {
        let layout = self.layout.clone();
        if !self.observed.prepared {
            let action = Action::PrepareFolders {
                user: layout.options.user.clone(),
                folders: folders(&layout, self.deployment, self.part),
            };
            let undo = Undo::Revert("remove the folders that this made and that are empty".to_owned());
            self.push(
                "host",
                "prepare",
                format!("make the folders below {}", layout.root()),
                action,
                undo,
                &[],
            );
        }
        for component in &self.part.components {
            if self.observed.images.get(&component.name) == Some(&component.image.digest) {
                continue;
            }
            let to = layout.image(&component.name);
            let title = format!(
                "unpack the image of {} ({})",
                component.title,
                component.image.digest.short()
            );
            let undo = Undo::Revert("remove the unpacked image".to_owned());
            let action = Action::UnpackImage {
                component: component.name.clone(),
                image: component.image.clone(),
                to,
            };
            self.push(
                &component.name,
                "unpack",
                title,
                action,
                undo,
                &[("host", "prepare")],
            );
        }
        let secrets: BTreeMap<String, SecretOrigin> = self
            .deployment
            .secrets
            .iter()
            .filter(|(name, _)| self.observed.secrets.get(*name) != Some(&Likeness::Same))
            .map(|(name, origin)| (name.clone(), origin.clone()))
            .collect();
        if !secrets.is_empty() {
            let title = format!(
                "write secrets: {}",
                secrets.keys().cloned().collect::<Vec<_>>().join(", ")
            );
            let action = Action::WriteSecrets {
                to: layout.secrets(),
                secrets,
            };
            let undo =
                Undo::Revert("put the secrets back that were there; keep those that were made".to_owned());
            self.push("secrets", "write", title, action, undo, &[("host", "prepare")]);
        }
        let version = env!("CARGO_PKG_VERSION");
        if self.observed.tool.as_deref() != Some(version) {
            let action = Action::InstallTool {
                to: layout.tool(),
                version: version.to_owned(),
            };
            let undo = Undo::Nothing("the copy of landfall is not used by anything that runs".to_owned());
            self.push(
                "tool",
                "install",
                format!("install landfall {version}"),
                action,
                undo,
                &[("host", "prepare")],
            );
        }
    }

    /// Says whether a unit must be started or restarted.
    fn stale(&self, subject: &str, secrets: &[&str]) -> bool {
        let Some(unit) = self.observed.units.get(subject) else {
            return true;
        };
        let differs = |name: &&str| self.observed.secrets.get(*name) == Some(&Likeness::Different);
        let handed = handed(self.part);
        let handed = handed
            .iter()
            .filter(|file| file.component == subject)
            .any(|file| !self.copied(file));
        !unit.running
            || handed
            || unit.stamp != Some(stamp(&self.layout, self.part, self.artifacts, subject))
            || secrets.iter().any(differs)
    }

    /// Says whether a file that the customer hands in is in its place.
    fn copied(&self, file: &Handed) -> bool {
        self.observed.handed.get(file.to.as_str()) == Some(&Likeness::Same)
    }

    fn running(&self, subject: &str) -> bool {
        self.observed.units.get(subject).is_some_and(|unit| unit.running)
    }

    fn secrets_of(component: &ResolvedComponent) -> Vec<&str> {
        let texts = component
            .environment
            .values()
            .chain(component.files.values().map(|file| &file.content));
        texts.flat_map(crate::deployment::Bound::secrets).collect()
    }

    /// Lists the units to start, in order: databases, components, proxy.
    fn stale_units(&self) -> Vec<String> {
        let mut stale: Vec<String> = self
            .databases_here()
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| self.stale(name, &[]))
            .collect();
        let components = self.part.components.iter();
        stale.extend(
            components
                .filter(|component| self.stale(&component.name, &Self::secrets_of(component)))
                .map(|component| component.name.clone()),
        );
        if has_routes(self.part) && self.stale(PROXY, &[]) {
            stale.push(PROXY.to_owned());
        }
        stale
    }

    fn stops(&mut self) {
        let mut before: Vec<String> = Vec::new();
        let running: Vec<String> = self
            .stale_units()
            .into_iter()
            .rev()
            .filter(|subject| self.running(subject))
            .collect();
        for subject in running {
            let unit = self.layout.unit(&subject);
            let needs: Vec<(&str, &str)> = before.iter().map(|other| (other.as_str(), "stop")).collect();
            let undo = Undo::Revert(format!("start {unit} again"));
            let title = format!("stop {unit}, which changes");
            self.push(&subject, "stop", title, Action::StopUnit { unit }, undo, &needs);
            before.push(subject);
        }
    }

    /// Lists the needs of everything that changes files under what runs.
    fn stopped(&self) -> Vec<StepId> {
        self.steps
            .iter()
            .filter(|step| matches!(step.action, Action::StopUnit { .. }))
            .map(|s| s.id.clone())
            .collect()
    }

    fn files(&mut self) {
        let layout = self.layout.clone();
        let same = |path: &Utf8PathBuf| self.observed.files.get(path.as_str()) == Some(&Likeness::Same);
        let stale_secret = |text: &str| {
            self.observed.secrets.iter().any(|(name, likeness)| {
                *likeness == Likeness::Different && text.contains(&format!(":{name}}}"))
            })
        };
        let files: Vec<Placement> = placements(&layout, self.part, self.artifacts)
            .into_iter()
            .filter(|placement| {
                let text = self
                    .artifacts
                    .get(&placement.artifact)
                    .map_or("", |artifact| artifact.text.as_str());
                !same(&placement.artifact) || stale_secret(text)
            })
            .collect();
        if !files.is_empty() {
            let title = format!("write {} configuration files", files.len());
            let undo =
                Undo::Revert("put the files back that were there, remove those that were not".to_owned());
            let needs = [("host", "prepare"), ("secrets", "write")];
            self.push(
                "config",
                "write",
                title,
                Action::WriteFiles { files },
                undo,
                &needs,
            );
            self.also_after_stops();
        }
        let files: Vec<Handed> = handed(self.part)
            .into_iter()
            .filter(|file| !self.copied(file))
            .collect();
        if !files.is_empty() {
            let title = format!("copy {} files that you hand in", files.len());
            let undo =
                Undo::Revert("put the files back that were there, remove those that were not".to_owned());
            self.push(
                "handed",
                "copy",
                title,
                Action::CopyFiles { files },
                undo,
                &[("host", "prepare")],
            );
            self.also_after_stops();
        }
        let units: BTreeMap<String, Utf8PathBuf> = unit_files(&layout, self.artifacts)
            .into_iter()
            .filter(|(_, path)| !same(path))
            .collect();
        if !units.is_empty() {
            let title = format!("install {} units", units.len());
            let undo =
                Undo::Revert("put the units back that were there, remove those that were not".to_owned());
            let needs = [("host", "prepare"), ("tool", "install")];
            self.push(
                "units",
                "install",
                title,
                Action::InstallUnits { units },
                undo,
                &needs,
            );
            self.also_after_stops();
        }
        if layout.options.supervisor == Supervisor::Landfall && !self.observed.supervisor {
            let action = Action::StartSupervisor {
                folder: layout.supervisor(),
            };
            let undo = Undo::Revert("end the supervisor".to_owned());
            let needs = [("tool", "install"), ("units", "install"), ("host", "prepare")];
            self.push(
                "supervisor",
                "start",
                "start landfall's supervisor",
                action,
                undo,
                &needs,
            );
        }
    }

    fn also_after_stops(&mut self) {
        let stopped = self.stopped();
        if let Some(step) = self.steps.last_mut() {
            step.needs.extend(stopped);
        }
    }

    fn databases(&mut self) {
        for (name, port) in self.databases_here() {
            let seen = self.observed.databases.get(&name).copied().unwrap_or_default();
            let service = &self.deployment.services[&name];
            let (title, role, database) = (
                service.title.clone(),
                service.text("user").to_owned(),
                service.text("name").to_owned(),
            );
            if !seen.programs {
                let action = Action::ProvidePostgres {
                    link: self.layout.postgres(),
                    oldest: service.oldest.clone(),
                    fetch: self.layout.options.postgres == PostgresSource::Fetch,
                };
                let undo = Undo::Nothing("the programs are not changed".to_owned());
                self.push(
                    &name,
                    "provide",
                    "find PostgreSQL, or fetch it",
                    action,
                    undo,
                    &[("host", "prepare")],
                );
            }
            if !seen.initialized {
                let action = Action::InitializeDatabase {
                    service: name.clone(),
                    data: self.layout.database(&name),
                };
                let undo = Undo::Nothing("the empty database stays, and a second try uses it".to_owned());
                let needs = [
                    ("host", "prepare"),
                    (name.as_str(), "provide"),
                    ("secrets", "write"),
                ];
                self.push(
                    &name,
                    "initialize",
                    format!("make an empty {title}"),
                    action,
                    undo,
                    &needs,
                );
            }
            if self.stale(&name, &[]) {
                self.start(
                    &name,
                    &[(&name, "initialize"), (&name, "provide"), ("config", "write")],
                );
                let undo = Undo::Nothing("waiting changes nothing".to_owned());
                let action = Action::WaitDatabase { port, within: 60 };
                self.push(
                    &name,
                    "wait",
                    format!("wait until the {title} answers"),
                    action,
                    undo,
                    &[(&name, "start")],
                );
            }
            if !seen.ready {
                let action = Action::CreateDatabase {
                    service: name.clone(),
                    port,
                    role,
                    database,
                };
                let undo =
                    Undo::Nothing("the role and the database stay, and a second try uses them".to_owned());
                let needs = [(name.as_str(), "wait"), ("secrets", "write")];
                self.push(
                    &name,
                    "create",
                    format!("make role and database in the {title}"),
                    action,
                    undo,
                    &needs,
                );
            }
        }
    }

    fn start(&mut self, subject: &str, needs: &[(&str, &str)]) {
        let unit = self.layout.unit(subject);
        let stamp = stamp(&self.layout, self.part, self.artifacts, subject);
        let mut needs = needs.to_vec();
        needs.extend([("units", "install"), ("supervisor", "start"), (subject, "stop")]);
        let undo = Undo::Revert(format!("stop {unit}"));
        self.push(
            subject,
            "start",
            format!("start {unit}"),
            Action::StartUnit { unit, stamp },
            undo,
            &needs,
        );
    }

    fn migration(&mut self) {
        let Some(migration) = &self.part.migration else {
            return;
        };
        if self.observed.installed.as_deref() == Some(self.deployment.version.as_str()) {
            return;
        }
        let Some(component) = self
            .part
            .components
            .iter()
            .find(|component| component.name == migration.component)
        else {
            return;
        };
        let binary = component
            .binary
            .as_deref()
            .unwrap_or_default()
            .trim_start_matches('/');
        let mut exec = vec![self.layout.image(&component.name).join(binary).into_string()];
        exec.extend(migration.args.iter().cloned());
        let action = Action::Migrate {
            component: component.name.clone(),
            exec,
            environment: self
                .layout
                .release()
                .join("env")
                .join(format!("{}.env", component.name)),
            within: migration.within,
        };
        let undo = Undo::Nothing("the product was not in use, and migrations can be repeated".to_owned());
        let name = component.name.clone();
        let databases = self.databases_here();
        let mut needs = vec![
            (name.as_str(), "unpack"),
            ("config", "write"),
            ("secrets", "write"),
            ("host", "prepare"),
        ];
        needs.extend(
            databases
                .iter()
                .flat_map(|(name, _)| [(name.as_str(), "create"), (name.as_str(), "wait")]),
        );
        let title = format!("migrate the database to {}", self.deployment.version);
        self.push("database", "migrate", title, action, undo, &needs);
    }

    fn switch(&mut self) {
        if self.observed.current.as_deref() == Some(self.deployment.version.as_str()) {
            return;
        }
        let action = Action::SwitchRelease {
            link: self.layout.current(),
            to: self.layout.release(),
        };
        let undo = Undo::Revert("lead back to the release before".to_owned());
        let title = format!("make {} the current release", self.deployment.version);
        let names: Vec<String> = self
            .part
            .components
            .iter()
            .map(|component| component.name.clone())
            .collect();
        let mut needs = vec![
            ("config", "write"),
            ("handed", "copy"),
            ("database", "migrate"),
            ("host", "prepare"),
        ];
        needs.extend(names.iter().map(|name| (name.as_str(), "unpack")));
        self.push("release", "switch", title, action, undo, &needs);
        self.also_after_stops();
    }

    fn starts(&mut self) {
        let part = self.part;
        for component in &part.components {
            if !self.stale(&component.name, &Self::secrets_of(component)) {
                continue;
            }
            let databases = self.databases_here();
            let mut needs = vec![
                ("release", "switch"),
                ("config", "write"),
                ("secrets", "write"),
                ("database", "migrate"),
                (component.name.as_str(), "unpack"),
            ];
            needs.extend(component.after.iter().map(|other| (other.as_str(), "health")));
            needs.extend(
                databases
                    .iter()
                    .flat_map(|(name, _)| [(name.as_str(), "create"), (name.as_str(), "wait")]),
            );
            self.start(&component.name, &needs);
            self.health(component);
        }
        if has_routes(part) && self.stale(PROXY, &[]) {
            let healths: Vec<(&str, &str)> = part
                .components
                .iter()
                .map(|component| (component.name.as_str(), "health"))
                .collect();
            let mut needs = vec![("release", "switch"), ("config", "write"), ("tool", "install")];
            needs.extend(healths);
            self.start(PROXY, &needs);
        }
    }

    fn health(&mut self, component: &ResolvedComponent) {
        let health = &component.health;
        let ready = health.readiness.as_ref().or(health.liveness.as_ref());
        let probes: Vec<&Probe> = health.startup.iter().chain(ready).collect();
        let urls: Vec<String> = probes
            .iter()
            .filter_map(|probe| probe_url(component, probe))
            .collect();
        if urls.is_empty() {
            return;
        }
        let action = Action::WaitHealthy {
            component: component.name.clone(),
            urls,
            every: probes.iter().map(|probe| probe.every).min().unwrap_or(5),
            within: probes.iter().map(|probe| probe.within).max().unwrap_or(60),
        };
        let undo = Undo::Nothing("waiting changes nothing".to_owned());
        let title = format!("wait until {} is healthy", component.title);
        self.push(
            &component.name,
            "health",
            title,
            action,
            undo,
            &[(&component.name, "start")],
        );
    }

    fn verify(&mut self) {
        if self.steps.is_empty() {
            return;
        }
        let check = |component: &ResolvedComponent| Check {
            component: component.name.clone(),
            image: self.layout.image(&component.name),
            digest: component.image.digest,
            version_url: component
                .version
                .as_ref()
                .and_then(|probe| probe_url(component, probe)),
            version: self.deployment.version.to_string(),
        };
        let checks = self.part.components.iter().map(check).collect();
        let url = has_routes(self.part).then(|| {
            let options = &self.layout.options;
            let scheme = if options.tls_certificate.is_some() {
                "https"
            } else {
                "http"
            };
            format!("{scheme}://{}:{}/", options.address, options.port)
        });
        let undo = Undo::Nothing("looking changes nothing".to_owned());
        let title = "verify that what runs is what was planned".to_owned();
        self.push(
            "release",
            "verify",
            title,
            Action::Verify { checks, url },
            undo,
            &[],
        );
        let all: BTreeSet<StepId> = self.steps.iter().map(|step| step.id.clone()).collect();
        if let Some(step) = self.steps.last_mut() {
            step.needs = all;
            step.needs.remove(&step.id);
        }
    }
}

/// Builds the URL of a probe of a component on this machine.
pub fn probe_url(component: &ResolvedComponent, probe: &Probe) -> Option<String> {
    let port = component.ports.get(&probe.port)?;
    Some(format!("http://127.0.0.1:{}{}", port.number, probe.path))
}
