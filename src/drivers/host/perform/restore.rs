//! Taking things out of a backup and putting them in their place.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::error::HostError;
use super::backup::fail;
use super::{Host, database, files, folders};
use crate::backup::{self, BackupError, Entry, Key, Manifest, Opened};
use crate::drivers::secrets::given;
use crate::plan::{BackupKey, BackupSource, RestorePart, Step};
use crate::postgres;
use crate::tools::{Account, Source};

/// How a folder is called while its successor is tried.
const ASIDE: &str = ".before-restore-";

impl Host<'_> {
    /// Takes an entry out of a backup; every byte of it is checked before anything is touched.
    pub(super) async fn restore_from(
        &self,
        step: &Step,
        source: &BackupSource,
        what: &RestorePart,
    ) -> Result<(), HostError> {
        let opened = self.open_entry(source).await?;
        match what {
            RestorePart::Database { service, before, .. } => {
                let (clients, spec) = self.clients(service).await?;
                let cancel = &self.world.cancel;
                if let Some(before) = before.as_ref().filter(|before| !before.exists()) {
                    let folder = before.parent().unwrap_or(self.layout.root());
                    forget_others(folder);
                    fs_err::create_dir_all(folder).map_err(HostError::file("make the folder", folder))?;
                    postgres::save(&clients, &spec, before, cancel)
                        .await
                        .map_err(database::fail(format!("save the database `{service}` first")))?;
                }
                let mut opened = opened;
                let mut source = Source::new(move |to| io::copy(&mut opened, to).map(drop));
                postgres::load(&clients, &spec, &mut source, cancel)
                    .await
                    .map_err(database::fail("load the database"))
            }
            RestorePart::Folder { path } => {
                let (path, account, run) = (path.clone(), self.account()?, self.run.to_owned());
                blocking(move || restore_folder(opened, &path, account.as_ref(), &run)).await
            }
            RestorePart::Secrets { folder, keep } => self.restore_secrets(step, opened, folder, keep),
        }
    }

    /// Puts back what was there before; it may be that nothing was touched.
    pub(super) async fn take_back_restore(&self, step: &Step, what: &RestorePart) -> Result<(), HostError> {
        match what {
            RestorePart::Database { before: None, .. } => Ok(()),
            RestorePart::Database {
                before: Some(before), ..
            } if !before.exists() => Ok(()),
            RestorePart::Database {
                service,
                before: Some(before),
                ..
            } => {
                let (clients, spec) = self.clients(service).await?;
                postgres::restore(&clients, &spec, before, &self.world.cancel)
                    .await
                    .map_err(database::fail("put the database back as it was"))
            }
            RestorePart::Folder { path } => {
                let aside = aside(path, self.run);
                if !aside.exists() {
                    return Ok(());
                }
                folders::remove(std::slice::from_ref(path))?;
                fs_err::rename(&aside, path).map_err(HostError::file("put back", path))
            }
            RestorePart::Secrets { folder, .. } => {
                let account = self.account()?;
                let attic = self.attic(step);
                for name in files::kept_names(&attic, folder) {
                    files::put_back(&attic, &folder.join(name), 0o600, account.as_ref())?;
                }
                Ok(())
            }
        }
    }

    async fn open_entry(&self, source: &BackupSource) -> Result<Opened, HostError> {
        let key = match &source.key {
            BackupKey::Identity(path) => Key::identity_file(path).map_err(fail("read the identity"))?,
            BackupKey::Passphrase(origin) => match given(self.world, "passphrase", origin)? {
                Some(passphrase) => Key::Passphrase(passphrase),
                None => return Err(fail("open the backup")(BackupError::NoLock)),
            },
        };
        let source = source.clone();
        let doing = format!("open `{}` of the backup", source.entry);
        let open = move || {
            let manifest = Manifest::read(&source.folder)?;
            let entry: &Entry = manifest.entry(&source.entry)?;
            if entry.sha256 != source.sha256 {
                return Err(BackupError::Damaged {
                    path: source.folder.join(&entry.file),
                    because: "it is not what was approved".to_owned(),
                });
            }
            backup::check(&source.folder, entry)?;
            let identities = backup::unlock(&source.folder, &manifest, &key)?;
            backup::open(&source.folder, entry, &identities)
        };
        blocking(move || open().map_err(fail(doing))).await
    }

    fn restore_secrets(
        &self,
        step: &Step,
        opened: Opened,
        folder: &Utf8Path,
        keep: &[String],
    ) -> Result<(), HostError> {
        let account = self.account()?;
        let doing = || fail("read the secrets of the backup");
        let all = backup::small_files(opened).map_err(doing())?;
        for (name, bytes) in all {
            if keep.contains(&name) {
                continue;
            }
            let path = folder.join(&name);
            files::keep(&self.attic(step), &path)?;
            folders::write_whole(&path, &bytes, 0o600, account.as_ref())?;
        }
        Ok(())
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HostError> + Send + 'static,
) -> Result<T, HostError> {
    let ended = tokio::task::spawn_blocking(work).await;
    ended.map_err(|error| HostError::file("work on", "/")(io::Error::other(error)))?
}

fn aside(path: &Utf8Path, run: &str) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{path}{ASIDE}{run}"))
}

/// Unpacks a folder beside its place and changes it over; what was there stays aside until the next restore.
fn restore_folder(
    opened: Opened,
    path: &Utf8Path,
    account: Option<&Account>,
    run: &str,
) -> Result<(), HostError> {
    let aside = aside(path, run);
    forget_older(path, &aside);
    let new = Utf8PathBuf::from(format!("{path}.landfall-new"));
    folders::remove(std::slice::from_ref(&new))?;
    fs_err::create_dir_all(&new).map_err(HostError::file("make the folder", &new))?;
    backup::unpack(opened, &new).map_err(fail(format!("bring back {path}")))?;
    give_all(&new, account)?;
    if path.exists() {
        // A repeated step must not take its own work for what was there before.
        if aside.exists() {
            folders::remove(&[path.to_owned()])?;
        } else {
            let found = fs_err::metadata(path).map_err(HostError::file("look at", path))?;
            fs_err::set_permissions(&new, found.permissions())
                .map_err(HostError::file("change the mode of", &new))?;
            fs_err::rename(path, &aside).map_err(HostError::file("move aside", path))?;
        }
    }
    fs_err::rename(&new, path).map_err(HostError::file("move into place", path))
}

/// Removes what earlier restores had saved.
fn forget_others(folder: &Utf8Path) {
    let entries = folder.parent().map(Utf8Path::read_dir_utf8);
    for entry in entries.into_iter().flatten().flatten().flatten() {
        if entry.path() != folder {
            // What cannot be removed now is tried again by the next restore.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

/// Removes what earlier restores moved aside.
fn forget_older(path: &Utf8Path, aside: &Utf8Path) {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return;
    };
    for entry in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let older = entry.file_name().starts_with(&format!("{name}{ASIDE}")) && entry.path() != aside;
        if older {
            // What cannot be removed now is tried again by the next restore.
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

/// Gives a folder with everything in it to the services' user.
fn give_all(path: &Utf8Path, account: Option<&Account>) -> Result<(), HostError> {
    let found = fs_err::symlink_metadata(path).map_err(HostError::file("look at", path))?;
    // The owner of a link does not matter, and changing it would change what it leads to.
    if found.is_symlink() {
        return Ok(());
    }
    folders::give(path, account)?;
    if found.is_dir() {
        for entry in path.read_dir_utf8().map_err(HostError::file("list", path))? {
            give_all(entry.map_err(HostError::file("list", path))?.path(), account)?;
        }
    }
    Ok(())
}
