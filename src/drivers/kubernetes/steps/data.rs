//! What becomes of databases: saved, migrated, put back.

use std::collections::{BTreeMap, BTreeSet};

use super::super::place::Snapshot;
use super::super::render::{hook_artifact, job_artifact, store};
use super::Up;
use crate::drivers::data::again;
use crate::drivers::{DataMove, Saved};
use crate::plan::{ClusterAction, DatabaseJob, Undo};
use crate::product::ServiceKind;

impl Up<'_> {
    /// Saves, migrates or puts back, as the crossing says; `closed` says whether users are kept out meanwhile.
    pub(super) fn data(&mut self, closed: bool) {
        let Some(crossing) = self.crossing else { return };
        match crossing.data {
            DataMove::Keep => {}
            DataMove::Migrate { or_keep } => {
                let (saved, whole) = self.save(&format!(
                    "{}-to-{}",
                    crossing.from.version, self.deployment.version
                ));
                if !closed && let Some(reason) = or_keep {
                    // Users went on writing to the old version: putting the data back would lose that.
                    let undo = Undo::Revert(format!(
                        "end it where it is still at work; the schema stays as it is, for {reason}"
                    ));
                    self.migrate_after(&saved, BTreeMap::new(), undo);
                    return;
                }
                let undo = if saved.is_empty() || !whole {
                    Undo::Impossible(
                        "Landfall cannot save this database (the release has no image for it, or it is no \
                         PostgreSQL): have a backup of your own, or a program that saves it (`snapshot: hook`)"
                            .to_owned(),
                    )
                } else {
                    Undo::Restore {
                        how: format!(
                            "restore the database as it was saved before, {}",
                            self.saved("from")
                        ),
                        or_keep: or_keep.clone(),
                    }
                };
                self.migrate(saved, undo);
            }
            DataMove::PutBack(saved) => {
                for (service, saved) in saved {
                    self.put_back(service, saved);
                }
            }
        }
    }

    fn job(&self, service: &str, folder: &str) -> Option<DatabaseJob> {
        let hook = self.place.options.snapshot == Snapshot::Hook;
        let manifest = match hook {
            true => hook_artifact(service),
            false => job_artifact(service),
        };
        self.artifacts.get(&manifest)?;
        Some(DatabaseJob {
            service: service.to_owned(),
            manifest,
            folder: folder.to_owned(),
            hook,
            run: None,
        })
    }

    /// Says where databases are saved, as what they go `into` or come `from`.
    fn saved(&self, way: &str) -> String {
        let options = &self.place.options;
        match options.snapshot {
            Snapshot::Volume => format!("{way} the volume {}", self.place.snapshots()),
            Snapshot::Objects => {
                let bucket = store(self.deployment).map_or("", |(_, store)| store.text("bucket"));
                format!("{way} the bucket {bucket}, below {}", self.place.saved_objects())
            }
            Snapshot::Hook => {
                let program = options.snapshot_hook.as_ref().map_or("", |hook| hook.as_str());
                format!("with your program {program}")
            }
        }
    }

    /// Saves every database that the migration can reach; says also whether these are all.
    fn save(&mut self, folder: &str) -> (BTreeMap<String, DatabaseJob>, bool) {
        let migrates = self.part.migration.as_ref().map(|migration| &migration.component);
        let needs: BTreeSet<String> = self
            .part
            .components
            .iter()
            .filter(|component| migrates.is_none_or(|name| component.name == *name))
            .flat_map(|component| component.needs.iter().cloned())
            .collect();
        let (mut saved, mut whole) = (BTreeMap::new(), true);
        for name in needs {
            let Some(service) = self
                .deployment
                .services
                .get(&name)
                .filter(|service| service.kind == ServiceKind::Sql)
            else {
                continue;
            };
            let title = format!("save the {} {}", service.title, self.saved("into"));
            let Some(job) = self.job(&name, folder) else {
                whole = false;
                continue;
            };
            let undo = Undo::Nothing("what was saved stays".to_owned());
            let needs = [
                ("services", "wait"),
                ("secrets", "write"),
                ("traffic", "close"),
                ("traffic", "wait"),
            ];
            let action = ClusterAction::SaveDatabase { job: job.clone() };
            self.push((&name, "save"), title, action, undo, &needs);
            saved.insert(name, job);
        }
        (saved, whole)
    }

    fn put_back(&mut self, service: &str, saved: &Saved) {
        let Saved::Job { part, job, .. } = saved else {
            return;
        };
        if *part != self.part.name {
            return;
        }
        let job = again(job);
        let before = DatabaseJob {
            folder: "before-rollback".to_owned(),
            run: None,
            ..job.clone()
        };
        let undo = Undo::Restore {
            how: "put back what was there just before".to_owned(),
            or_keep: None,
        };
        let by = if job.hook { " by your program" } else { "" };
        let title = format!(
            "put `{service}` back as it was saved{by} in {}; WHAT WAS WRITTEN SINCE IS LOST",
            job.folder
        );
        let action = ClusterAction::RestoreDatabase { job, before };
        let needs = [("services", "wait"), ("traffic", "close"), ("traffic", "wait")];
        self.push((service, "restore"), title, action, undo, &needs);
    }

    /// Runs the migration of the part, where it has one.
    pub(super) fn migrate(&mut self, saved: BTreeMap<String, DatabaseJob>, undo: Undo) {
        self.migrate_after(&saved.clone(), saved, undo);
    }

    /// Runs it after databases were saved, of which some are put back when it is taken back.
    fn migrate_after(
        &mut self,
        after: &BTreeMap<String, DatabaseJob>,
        saved: BTreeMap<String, DatabaseJob>,
        undo: Undo,
    ) {
        let Some(migration) = &self.part.migration else {
            return;
        };
        let names: Vec<String> = after.keys().cloned().collect();
        let mut needs = vec![
            ("services", "wait"),
            ("secrets", "write"),
            ("files", "write"),
            ("namespace", "create"),
            ("traffic", "close"),
            ("traffic", "wait"),
        ];
        needs.extend(names.iter().map(|name| (name.as_str(), "save")));
        let action = ClusterAction::Migrate {
            chart: super::product(&self.place.name, &[]),
            within: migration.within,
            saved,
        };
        let title = format!("migrate the database to {}", self.deployment.version);
        self.push(("database", "migrate"), title, action, undo, &needs);
    }
}
