//! The ground: folders, links, secrets, the installation's own copy of Landfall.

use std::os::unix::fs::MetadataExt as _;

use camino::Utf8Path;

use super::super::error::HostError;
use super::super::perform::{is_installers, mode_of, tool_digest, tool_version};
use super::super::render::bundled_databases;
use super::super::steps::folders;
use super::{Look, UP};
use crate::drivers::Likeness;
use crate::oci::Digest;
use crate::status::Class;

impl Look<'_> {
    pub(super) fn folders(&mut self) -> Result<(), HostError> {
        let all = folders(&self.layout, self.installed.deployment, self.installed.part);
        for folder in all {
            let found = match fs_err::symlink_metadata(&folder) {
                Ok(found) => found,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.dangerous(&folder, "is gone", Some(UP));
                    continue;
                }
                Err(error) => return Err(HostError::file("look at", folder)(error)),
            };
            if !found.is_dir() {
                self.dangerous(&folder, "is no folder any more", None);
                continue;
            }
            let (mode, made) = (found.mode() & 0o7777, mode_of(&folder));
            if mode & !made & 0o777 != 0 {
                let what = format!("is open to more than it was made for: mode {mode:o}, made with {made:o}");
                self.dangerous(&folder, what, Some(&format!("chmod {made:o} {folder}")));
            }
            let owner = match &self.account {
                Some(_) if is_installers(self.layout.root(), &folder) => Some(0),
                account => account.as_ref().map(|account| account.uid),
            };
            if let Some(owner) = owner.filter(|owner| found.uid() != *owner) {
                let what = format!("belongs to user {}, not {owner}", found.uid());
                self.dangerous(&folder, what, Some(UP));
            }
        }
        Ok(())
    }

    pub(super) fn links(&mut self) {
        let (link, release) = (self.layout.current(), self.layout.release());
        match fs_err::read_link(&link) {
            Ok(to) if to == release.as_std_path() => {}
            Ok(to) => {
                let what = format!("leads to {}, not to {release}", to.display());
                self.dangerous(&link, what, Some(UP));
            }
            Err(_) => self.dangerous(&link, format!("does not lead to {release}"), Some(UP)),
        }
        let closed = self.layout.closed();
        if closed.exists() {
            self.dangerous(&closed, "keeps users out", Some(UP));
        }
        let bundled = !bundled_databases(self.installed.deployment, self.installed.part).is_empty();
        let postgres = self.layout.postgres();
        if bundled && !postgres.join("bin/postgres").exists() {
            self.dangerous(postgres, "does not lead to PostgreSQL's programs", Some(UP));
        }
    }

    pub(super) fn tool(&mut self) -> Result<(), HostError> {
        let tool = self.layout.tool();
        let Ok(bytes) = fs_err::read(&tool) else {
            self.dangerous(tool, "is gone", Some(UP));
            return Ok(());
        };
        let noted: Option<Digest> = fs_err::read_to_string(tool_digest(&tool))
            .ok()
            .and_then(|text| text.trim().parse().ok());
        if noted.is_some_and(|noted| noted != Digest::of(&bytes)) {
            self.dangerous(&tool, "is not the copy of Landfall that was installed", Some(UP));
        }
        let (own, installed) = (
            env!("CARGO_PKG_VERSION"),
            fs_err::read_to_string(tool_version(&tool)).unwrap_or_default(),
        );
        if installed != own {
            let what = format!("is Landfall {installed}, this is {own}");
            self.found(Class::Expected, tool, what, Some(UP));
        }
        Ok(())
    }

    pub(super) fn secrets(&mut self) -> Result<(), HostError> {
        for (name, origin) in &self.installed.deployment.secrets {
            let path = self.store.path(name);
            let found = match fs_err::symlink_metadata(&path) {
                Ok(found) => found,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.dangerous(&path, format!("is gone: the secret `{name}`"), Some(UP));
                    continue;
                }
                Err(error) => return Err(HostError::file("look at", path)(error)),
            };
            self.secret_access(&path, &found);
            if self.store.compare(self.world, name, origin) == Likeness::Different {
                let what = format!("is older than where the secret `{name}` comes from");
                self.found(Class::Expected, &path, what, Some(UP));
            }
        }
        Ok(())
    }

    fn secret_access(&mut self, path: &Utf8Path, found: &std::fs::Metadata) {
        let mode = found.mode() & 0o777;
        if !found.is_file() {
            self.dangerous(path, "is something else than a secret's file", None);
        } else if mode & 0o077 != 0 {
            let fix = format!("chmod 600 {path}");
            let what = format!("is a secret that others can read (mode {mode:o}): change the secret, too");
            self.dangerous(path, what, Some(&fix));
        }
        if let Some(account) = self.account.as_ref().map(|account| account.uid)
            && found.uid() != account
        {
            let what = format!("belongs to user {}, not {account}", found.uid());
            self.dangerous(path, what, Some(&format!("chown {account} {path}")));
        }
    }
}
