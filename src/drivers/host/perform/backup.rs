//! Saving the installation, entry by entry.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::json;

use super::super::error::HostError;
use super::{Host, Output, Tell, database, find_clients, output};
use crate::backup::{
    BACKUP_FORMAT, BackupError, Draft, Encryption, Entry, EntryKind, LeftOut, Lock, Manifest, Shelf, Tree,
    pack, store,
};
use crate::drivers::secrets::given;
use crate::plan::{Action, BackupEnd, BackupLock, BackupPart, Step};
use crate::postgres::{ConnectSpec, connect, dump};
use crate::tools::Sink;

/// What lies among secrets only while they are written or shown.
const PASSING: &[&str] = &[".shown-once", ".landfall-new"];

pub(super) fn fail(doing: impl Into<String>) -> impl FnOnce(BackupError) -> HostError {
    let doing = doing.into();
    move |source| HostError::Backup {
        doing,
        source: Box::new(source),
    }
}

/// Says whether an action makes a backup, brings one back or sees to it that they are made.
pub(super) fn is_ours(action: &Action) -> bool {
    matches!(
        action,
        Action::BeginBackup { .. }
            | Action::AddToBackup { .. }
            | Action::CompleteBackup { .. }
            | Action::RestoreFrom { .. }
            | Action::InstallSchedule { .. }
            | Action::RemoveSchedule { .. }
    )
}

impl Host<'_> {
    /// Carries out a step of a backup or a restore.
    pub(super) async fn back_up(&self, step: &Step, tell: Tell<'_>) -> Result<Output, HostError> {
        match &step.action {
            Action::BeginBackup { shelf, lock } => self.begin_backup(shelf, lock),
            Action::AddToBackup { shelf, name, what } => self.add_to_backup(shelf, name, what).await,
            Action::CompleteBackup { shelf, end } => self.complete_backup(shelf, end, tell),
            Action::RestoreFrom { source, what } => {
                let restored = self.restore_from(step, source, what).await;
                restored.map(|()| Output::new())
            }
            Action::InstallSchedule {
                timer,
                files,
                environment,
            } => {
                let installed = self.install_schedule(step, timer, files, environment).await;
                installed.map(|()| Output::new())
            }
            Action::RemoveSchedule { timer, files } => {
                self.remove_schedule(timer, files).await.map(|()| Output::new())
            }
            _ => Ok(Output::new()),
        }
    }

    /// Takes such a step back.
    pub(super) async fn take_back_backup(&self, step: &Step) -> Result<(), HostError> {
        match &step.action {
            Action::BeginBackup { shelf, .. } => self.give_up_backup(shelf),
            Action::RestoreFrom { what, .. } => self.take_back_restore(step, what).await,
            Action::InstallSchedule {
                timer,
                files,
                environment,
            } => self.uninstall_schedule(step, timer, files, environment).await,
            _ => Ok(()),
        }
    }

    /// Removes what there is of a backup, unless it is complete.
    fn give_up_backup(&self, shelf: &Utf8Path) -> Result<(), HostError> {
        let given_up = self.draft(shelf).give_up();
        given_up.map_err(fail("remove the unfinished backup"))
    }

    fn draft(&self, shelf: &Utf8Path) -> Draft {
        Shelf::at(shelf).draft(self.run)
    }

    fn begin_backup(&self, shelf: &Utf8Path, lock: &BackupLock) -> Result<Output, HostError> {
        let lock = match lock {
            BackupLock::Recipients(recipients) => Lock::Recipients(recipients.clone()),
            BackupLock::Passphrase(origin) => match given(self.world, "passphrase", origin)? {
                Some(passphrase) => Lock::Passphrase(passphrase),
                None => Lock::Recipients(Vec::new()),
            },
        };
        let draft = Shelf::at(shelf).begin(self.run, &lock);
        let draft = draft.map_err(fail(format!("begin a backup in {shelf}")))?;
        Ok(output([("folder", json!(draft.folder()))]))
    }

    async fn add_to_backup(
        &self,
        shelf: &Utf8Path,
        name: &str,
        what: &BackupPart,
    ) -> Result<Output, HostError> {
        let draft = self.draft(shelf);
        let entry = match what {
            BackupPart::Database {
                service,
                port,
                role,
                database,
            } => {
                let password = self.store.read(&format!("{service}_password"))?;
                let spec = database::local(*port, role, password, database);
                self.save_database(&draft, name, &spec).await?
            }
            BackupPart::Folder { path } => {
                let tree = Tree {
                    paths: vec![(path.clone(), Utf8PathBuf::new())],
                    ..Tree::default()
                };
                self.save_tree(&draft, name, EntryKind::Folder, tree).await?
            }
            BackupPart::Secrets { folder } => {
                let tree = Tree {
                    paths: vec![(folder.clone(), Utf8PathBuf::new())],
                    without: PASSING.to_vec(),
                    ..Tree::default()
                };
                self.save_tree(&draft, name, EntryKind::Secrets, tree).await?
            }
            BackupPart::Configuration => {
                let tree = self.configuration();
                self.save_tree(&draft, name, EntryKind::Configuration, tree)
                    .await?
            }
        };
        draft.note(&entry).map_err(fail(format!("save `{name}`")))?;
        Ok(output([
            ("plain", json!(entry.plain)),
            ("stored", json!(entry.stored)),
            ("sha256", json!(entry.sha256)),
        ]))
    }

    /// Lists what was decided and rendered; with it the product could be brought up elsewhere.
    fn configuration(&self) -> Tree {
        let mut tree = Tree {
            paths: vec![(self.world.answers_file.clone(), "landfall.yaml".into())],
            texts: vec![("deployment.yaml".into(), self.deployment.to_yaml())],
            without: Vec::new(),
        };
        for (path, artifact) in self.artifacts.iter() {
            tree.texts
                .push((Utf8Path::new("artifacts").join(path), artifact.text.clone()));
        }
        for component in self.deployment.parts.values().flat_map(|part| &part.components) {
            for (name, file) in &component.provisioned {
                let place = Utf8Path::new("handed").join(&component.name).join(name);
                tree.paths.push((file.path.clone(), place));
            }
        }
        tree
    }

    async fn save_database(&self, draft: &Draft, name: &str, spec: &ConnectSpec) -> Result<Entry, HostError> {
        let connection = connect(spec)
            .await
            .map_err(database::fail("reach the database"))?;
        let clients = find_clients(self.world, &self.layout, &connection)
            .await
            .map_err(database::fail("find PostgreSQL's client programs"))?;
        let recipients = draft.recipients().map_err(fail(format!("save `{name}`")))?;
        let (folder, entry) = (draft.folder().to_owned(), name.to_owned());
        let mut sink = Sink::new(move |from| {
            store(&folder, (&entry, EntryKind::Database), &recipients, |to| {
                io::copy(from, to).map(drop)
            })
        });
        let doing = format!("save `{name}`");
        let wrong = |source| fail(doing.clone())(BackupError::storing(draft.folder(), source));
        if let Err(error) = dump(&clients, spec, &mut sink, &self.world.cancel).await {
            return Err(match sink.give_up().await {
                Some(source) => wrong(source),
                None => database::fail(doing)(error),
            });
        }
        sink.finish().await.map_err(wrong)
    }

    async fn save_tree(
        &self,
        draft: &Draft,
        name: &str,
        kind: EntryKind,
        tree: Tree,
    ) -> Result<Entry, HostError> {
        let doing = format!("save `{name}`");
        let recipients = draft.recipients().map_err(fail(doing.clone()))?;
        let (folder, entry) = (draft.folder().to_owned(), name.to_owned());
        let work = move || store(&folder, (&entry, kind), &recipients, |to| pack(&tree, to));
        let stored = tokio::task::spawn_blocking(work).await;
        stored
            .map_err(io::Error::other)
            .and_then(|stored| stored)
            .map_err(|source| fail(doing)(BackupError::storing(draft.folder(), source)))
    }

    fn complete_backup(
        &self,
        shelf: &Utf8Path,
        end: &BackupEnd,
        tell: Tell<'_>,
    ) -> Result<Output, HostError> {
        let left_out = end.left_out.iter().map(|(name, because)| LeftOut {
            name: name.clone(),
            because: because.clone(),
        });
        let about = Manifest {
            format: BACKUP_FORMAT,
            id: self.run.to_owned(),
            installation: self.deployment.name.clone(),
            product: self.deployment.product.clone(),
            release: self.deployment.version.to_string(),
            deployment: self.deployment.digest(),
            landfall: env!("CARGO_PKG_VERSION").to_owned(),
            at: jiff::Timestamp::now(),
            encryption: Encryption::Recipients(Vec::new()),
            entries: Vec::new(),
            left_out: left_out.collect(),
        };
        let completed = self.draft(shelf).complete(about);
        let manifest = completed.map_err(fail("complete the backup"))?;
        // The new backup is what was asked for: an old one that does not go must not take it back.
        let mut removed = Vec::new();
        if let Some(keep) = end.keep {
            match Shelf::at(shelf).tidy(keep as usize) {
                Ok(kept) => {
                    kept.trouble.iter().for_each(|trouble| tell(trouble));
                    removed = kept.removed;
                }
                Err(error) => tell(&format!("older backups stay: {error}")),
            }
        }
        let stored: u64 = manifest.entries.iter().map(|entry| entry.stored).sum();
        Ok(output([
            ("stored", json!(stored)),
            ("removed", json!(removed)),
            ("left_out", json!(end.left_out)),
        ]))
    }
}
