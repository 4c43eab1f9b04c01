//! Files that were placed: configuration, environments, units, and what the customer handed in.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::edits::{literal, places, read};
use super::super::error::HostError;
use super::super::layout::Supervisor;
use super::super::perform::unit_path;
use super::super::steps::handed;
use super::{Look, UP};
use crate::deployment::Bound;
use crate::edits::{Vault, difference};
use crate::status::Class;

impl Look<'_> {
    pub(super) fn files(&mut self) -> Result<(), HostError> {
        let deployments = [self.installed.deployment, self.installed.deployment];
        let units = literal(&self.store, deployments);
        let artifacts = self.installed.artifacts;
        for (artifact, place) in places(&self.layout, self.installed.part, artifacts) {
            let Some(base) = artifacts.get(&artifact) else {
                continue;
            };
            let unit = artifact.starts_with("units");
            let found = match fs_err::symlink_metadata(&place) {
                Ok(found) => found,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    self.dangerous(&place, "is gone", Some(UP));
                    continue;
                }
                Err(error) => return Err(HostError::file("look at", place)(error)),
            };
            if !found.is_file() {
                self.dangerous(
                    &place,
                    "is something else than the file that was placed",
                    Some(UP),
                );
                continue;
            }
            let vault = if unit { Some(&units) } else { None };
            self.content(&artifact, &place, &base.text, vault)?;
            self.access(&place, &found, &base.text, unit);
        }
        Ok(())
    }

    fn content(
        &mut self,
        artifact: &Utf8Path,
        place: &Utf8Path,
        base: &str,
        vault: Option<&Vault>,
    ) -> Result<(), HostError> {
        let vault = vault.unwrap_or(&self.vault);
        let Some(bytes) = read(place)? else { return Ok(()) };
        let Ok(text) = std::str::from_utf8(&bytes) else {
            self.found(Class::Yours, place, "is no text any more", Some(UP));
            return Ok(());
        };
        if vault.is_filled(text, base) {
            return Ok(());
        }
        let told = difference(base, &vault.refer(text, base).text);
        let next = format!("landfall up --overwrite {artifact}");
        let what = "was edited by hand; `landfall up` keeps it, and this takes the edit away";
        self.found(Class::Yours, place, what, Some(&next));
        self.with_difference(told);
        Ok(())
    }

    /// Looks at who may read and change a file.
    fn access(&mut self, place: &Utf8Path, found: &std::fs::Metadata, base: &str, unit: bool) {
        let mode = found.mode() & 0o777;
        let owner = match &self.account {
            Some(_) if unit => Some(0),
            account => account.as_ref().map(|account| account.uid),
        };
        let fix = (!unit).then(|| format!("chmod 600 {place}"));
        if mode & 0o022 != 0 {
            let fix = format!("chmod go-w {place}");
            self.dangerous(
                place,
                format!("can be changed by others (mode {mode:o})"),
                Some(&fix),
            );
        } else if !unit && mode & 0o077 != 0 {
            let class = match Bound::new(base).is_private() {
                true => Class::Dangerous,
                false => Class::Yours,
            };
            let what = format!("can be read by others (mode {mode:o})");
            self.found(class, place, what, fix.as_deref());
        }
        if let Some(owner) = owner.filter(|owner| found.uid() != *owner) {
            let what = format!("belongs to user {}, not {owner}", found.uid());
            self.dangerous(place, what, Some(&format!("chown {owner} {place}")));
        }
    }

    /// Compares what the customer hands in with its copies.
    pub(super) fn handed(&mut self) -> Result<(), HostError> {
        for file in handed(self.installed.part) {
            let source = self.world.answers.join(&file.source);
            let (Some(copy), original) = (read(&file.to)?, read(&source)?) else {
                self.dangerous(&file.to, "is gone", Some(UP));
                continue;
            };
            if original.is_some_and(|original| original != copy) {
                let what = format!("differs from {source}, which you hand in");
                self.found(Class::Yours, &file.to, what, Some(UP));
            }
        }
        Ok(())
    }

    /// Looks for units that nobody placed, and for what the customer adds to those that were.
    pub(super) fn units_placed(&mut self) -> Result<(), HostError> {
        let placed: BTreeSet<Utf8PathBuf> = self
            .installed
            .artifacts
            .iter()
            .filter(|(path, _)| path.starts_with("units"))
            .map(|(path, _)| unit_path(&self.layout, path))
            .collect();
        let folders: BTreeSet<&Utf8Path> = placed.iter().filter_map(|path| path.parent()).collect();
        for folder in folders {
            let entries = folder.read_dir_utf8().map_err(HostError::file("list", folder))?;
            let mut paths: Vec<Utf8PathBuf> =
                entries.flatten().map(camino::Utf8DirEntry::into_path).collect();
            paths.sort();
            for path in paths {
                let base = path.as_str().strip_suffix(".d").map(Utf8PathBuf::from);
                match base {
                    Some(unit) if placed.contains(&unit) => self.drop_ins(&path),
                    Some(_) => {}
                    None if !placed.contains(&path) && self.is_ours(&path) => {
                        let what = "is a unit of this installation's name that Landfall did not place";
                        self.dangerous(&path, what, Some(&format!("cat {path}")));
                    }
                    None => {}
                }
            }
        }
        Ok(())
    }

    fn drop_ins(&mut self, folder: &Utf8Path) {
        let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
        let mut paths: Vec<Utf8PathBuf> = entries
            .map(camino::Utf8DirEntry::into_path)
            .filter(|path| path.extension() == Some("conf"))
            .collect();
        paths.sort();
        for path in paths {
            self.found(
                Class::Yours,
                path,
                "adds to a unit; Landfall leaves it alone",
                None,
            );
        }
    }

    /// Says whether a unit file claims to be one of this installation's.
    fn is_ours(&self, path: &Utf8Path) -> bool {
        let name = path.file_name().unwrap_or_default();
        if self.layout.options.supervisor == Supervisor::Landfall {
            // The folder is this installation's own; half-written files begin with a dot.
            return path.extension() == Some("yaml") && !name.starts_with('.');
        }
        let kinds = ["service", "socket", "timer", "path", "target"];
        let unit = path.extension().is_some_and(|kind| kinds.contains(&kind));
        if !unit || !name.starts_with(&format!("{}-", self.layout.name)) {
            return false;
        }
        // Another installation may be called like this one and a bit more; its units lead to its own folder.
        let text = fs_err::read_to_string(path).unwrap_or_default();
        let root = format!("{}/", self.layout.root());
        !text.contains("Rendered by Landfall") || text.contains(&root)
    }
}
