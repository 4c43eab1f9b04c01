//! What runs: units, what they were started with, the versions they tell, databases.

use camino::Utf8PathBuf;

use super::super::error::HostError;
use super::super::layout::Supervisor;
use super::super::lifecycle::units;
use super::super::perform::{client, local, stamp_file};
use super::super::render::bundled_databases;
use super::super::steps::{probe_url, stamp};
use super::{Look, UP};
use crate::deployment::ResolvedComponent;
use crate::product::{ServiceKind, Supply};
use crate::status::Class;
use crate::supervisor::{Client, UnitState, UnitStatus};
use crate::tools::Systemctl;

impl Look<'_> {
    pub(super) async fn running(&mut self) -> Result<(), HostError> {
        if !self.keeper().await {
            let (class, what, next) = match self.asked.stopped {
                true => (
                    Class::Expected,
                    "is stopped, as `landfall stop` left it",
                    "landfall start",
                ),
                false => (Class::Dangerous, "does not run", UP),
            };
            let subject = match self.layout.options.supervisor {
                Supervisor::Systemd => "systemd",
                Supervisor::Landfall => "landfall's supervisor",
            };
            self.found(class, subject, what, Some(next));
            return self.yours().await;
        }
        for subject in units(self.installed.deployment, self.installed.part) {
            self.unit(&subject).await?;
        }
        self.yours().await
    }

    /// Says whether what keeps units running is there.
    async fn keeper(&self) -> bool {
        match self.layout.options.supervisor {
            Supervisor::Systemd => Systemctl::is_running("/".into()),
            Supervisor::Landfall => match Client::connect(&self.layout.supervisor()) {
                Ok(mut client) => client.ping().await.is_ok(),
                Err(_) => false,
            },
        }
    }

    async fn unit(&mut self, subject: &str) -> Result<(), HostError> {
        let unit = self.layout.unit(subject);
        let manager = self.world.units(&self.layout).map_err(|source| HostError::Tool {
            doing: format!("look at {unit}"),
            source: Box::new(source),
        })?;
        let status = manager.status(&unit).await.ok();
        let runs = |status: &UnitStatus| status.state == UnitState::Running;
        let Some(status) = status.filter(runs) else {
            let (class, what, next) = match self.asked.stopped {
                true => (
                    Class::Expected,
                    "is stopped, as `landfall stop` left it",
                    "landfall start",
                ),
                false => (Class::Dangerous, "does not run", "landfall logs"),
            };
            self.found(class, unit, what, Some(next));
            return Ok(());
        };
        if self.asked.stopped {
            let what = "runs although `landfall stop` stopped it";
            self.found(Class::Yours, &unit, what, Some("landfall stop"));
        }
        let noted = fs_err::read_to_string(stamp_file(&self.layout, &unit)).unwrap_or_default();
        let planned = stamp(
            &self.layout,
            self.installed.part,
            self.installed.artifacts,
            subject,
        );
        if noted.trim() != planned.to_string() {
            self.dangerous(&unit, "was started with something else than the plan's", Some(UP));
        }
        self.program(subject, &unit, &status);
        let component = self
            .installed
            .part
            .components
            .iter()
            .find(|one| one.name == subject);
        match component {
            Some(component) => self.version(component).await,
            None => self.database(subject).await,
        }
        Ok(())
    }

    /// Compares the program that a process runs with the one on disk.
    fn program(&mut self, subject: &str, unit: &str, status: &UnitStatus) {
        let component = self
            .installed
            .part
            .components
            .iter()
            .find(|one| one.name == subject);
        let Some(binary) = component.and_then(|component| component.binary.as_deref()) else {
            return;
        };
        let wanted = crate::oci::resolve_binary(&self.layout.image(subject), binary);
        let runs = status
            .pid
            .and_then(|pid| fs_err::read_link(format!("/proc/{pid}/exe")).ok());
        // A process of somebody else's cannot be looked into, and a script runs by its interpreter.
        let (Ok(wanted), Some(runs)) = (wanted, runs) else {
            return;
        };
        if !is_elf(&wanted) {
            return;
        }
        let runs = runs.to_string_lossy().into_owned();
        let wanted = wanted.canonicalize_utf8().unwrap_or(wanted);
        if let Some(gone) = runs.strip_suffix(" (deleted)") {
            self.dangerous(
                unit,
                format!("runs a program that was replaced since: {gone}"),
                Some(UP),
            );
        } else if wanted.as_str() != runs {
            self.dangerous(unit, format!("runs {runs}, not {wanted}"), Some("landfall logs"));
        }
    }

    async fn version(&mut self, component: &ResolvedComponent) {
        let Some(url) = component
            .version
            .as_ref()
            .and_then(|probe| probe_url(component, probe))
        else {
            return;
        };
        let unit = self.layout.unit(&component.name);
        let told = match client().get(&url).send().await {
            Ok(answer) => answer.json::<serde_json::Value>().await.ok(),
            Err(_) => None,
        };
        let told = told.and_then(|told| told.get("version")?.as_str().map(str::to_owned));
        match told {
            Some(told) if told == self.layout.version => {}
            Some(told) => {
                let what = format!("tells version {told} at {url}, not {}", self.layout.version);
                self.dangerous(unit, what, Some(UP));
            }
            None => self.dangerous(
                unit,
                format!("tells no version at {url}"),
                Some("landfall status"),
            ),
        }
    }

    async fn database(&mut self, subject: &str) {
        let deployment = self.installed.deployment;
        let bundled = bundled_databases(deployment, self.installed.part);
        let Some((name, port)) = bundled.into_iter().find(|(name, _)| *name == subject) else {
            return;
        };
        let service = &deployment.services[name];
        let Ok(password) = self.store.read(&format!("{name}_password")) else {
            // That it is gone is told among the secrets.
            return;
        };
        let spec = local(port, service.text("user"), password, service.text("name"));
        if crate::postgres::connect(&spec).await.is_err() {
            let what = format!("does not let the product in at 127.0.0.1:{port}");
            self.dangerous(&service.title, what, Some("landfall logs"));
        }
    }

    /// Looks whether the customer's own databases answer.
    async fn yours(&mut self) -> Result<(), HostError> {
        let components = &self.installed.part.components;
        let services = self.installed.deployment.services.iter();
        let own: Vec<(String, String)> = services
            .filter(|(_, service)| service.kind == ServiceKind::Sql && service.supply == Supply::Yours)
            .filter(|(name, _)| components.iter().any(|component| component.needs.contains(name)))
            .filter_map(|(_, service)| {
                let address = format!("{}:{}", service.text("host"), service.port("port")?);
                Some((service.title.clone(), address))
            })
            .collect();
        for (title, address) in own {
            let patience = std::time::Duration::from_secs(5);
            let reached = tokio::time::timeout(patience, tokio::net::TcpStream::connect(&address)).await;
            if !matches!(reached, Ok(Ok(_))) {
                let what = format!("does not answer at {address}");
                self.dangerous(title, what, Some("landfall doctor"));
            }
        }
        Ok(())
    }
}

fn is_elf(path: &Utf8PathBuf) -> bool {
    use std::io::Read as _;
    let mut start = [0; 4];
    fs_err::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && start == *b"\x7fELF"
}
