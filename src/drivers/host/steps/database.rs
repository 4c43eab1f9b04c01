//! The bundled database and the migration.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

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
                let undo = Undo::Revert(
                    "end it where it is still at work; an empty database stays for a second try".to_owned(),
                );
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
        if self.observed.installed.as_deref() == Some(self.deployment.version.as_str()) {
            return;
        }
        // The product was not in use, and migrations can be repeated: the schema stays.
        let undo = Undo::Revert("end it where it is still at work".to_owned());
        self.migrate(BTreeMap::new(), undo);
    }

    /// Migrates what was saved before.
    pub(super) fn migrate_saved(
        &mut self,
        saved: BTreeMap<String, Utf8PathBuf>,
        whole: bool,
        or_keep: Option<String>,
    ) {
        let undo = if saved.is_empty() || !whole {
            Undo::Impossible(
                "Landfall cannot save this kind of database: have a backup of your own".to_owned(),
            )
        } else {
            Undo::Restore {
                how: "restore the database as it was saved before".to_owned(),
                or_keep,
            }
        };
        self.migrate(saved, undo);
    }

    fn migrate(&mut self, saved: BTreeMap<String, Utf8PathBuf>, undo: Undo) {
        let Some(migration) = &self.part.migration else {
            return;
        };
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
        let environment = self
            .layout
            .release()
            .join("env")
            .join(format!("{}.env", component.name));
        let name = component.name.clone();
        let mut needs = vec![
            (name.as_str(), "unpack"),
            ("config", "write"),
            ("secrets", "write"),
            ("host", "prepare"),
        ];
        needs.extend(saved.keys().map(|service| (service.as_str(), "save")));
        let databases = self.databases_here();
        needs.extend(databases.iter().map(|(name, _)| (name.as_str(), "restore")));
        needs.extend(
            databases
                .iter()
                .flat_map(|(name, _)| [(name.as_str(), "create"), (name.as_str(), "wait")]),
        );
        let action = Action::Migrate {
            component: component.name.clone(),
            exec,
            environment,
            within: migration.within,
            saved: saved.clone(),
        };
        let title = format!("migrate the database to {}", self.deployment.version);
        self.push(("database", "migrate"), title, action, undo, &needs);
        if self.crossing.is_some() {
            self.also_after_stops();
        }
    }
}
