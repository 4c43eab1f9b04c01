//! The bundled database and the migration.

use super::super::layout::PostgresSource;
use super::Up;
use crate::plan::{Action, Undo};

impl Up<'_> {
    pub(super) fn databases(&mut self) {
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
                    (&name, "provide"),
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
                    (&name, "initialize"),
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
                    (&name, "wait"),
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
                    (&name, "create"),
                    format!("make role and database in the {title}"),
                    action,
                    undo,
                    &needs,
                );
            }
        }
    }

    pub(super) fn migration(&mut self) {
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
        self.push(("database", "migrate"), title, action, undo, &needs);
    }
}
