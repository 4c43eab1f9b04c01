//! Goes through an image's files and lets each be read by whoever understands it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use fs_err as fs;

use super::system::Release;
use super::{Kind, Part, libraries, programs, system};
use crate::oci::digest::Digest;
use crate::oci::tree::Tree;

/// Bounds files that are read as text; the largest honest ones, package databases, have a tenth of it.
const TEXT_LIMIT: u64 = 64 << 20;

/// What was found in an image.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) release: Release,
    pub(super) parts: Vec<Part>,
    /// How often something was seen that is not understood.
    unread: BTreeMap<&'static str, usize>,
    has_system: bool,
}

/// Goes through a tree, in order of names; links are not followed.
pub(super) fn walk(root: &Path) -> io::Result<Contents> {
    let mut contents = Contents {
        release: Release::read(&Tree::new(root)),
        ..Contents::default()
    };
    contents.folder(root, "")?;
    if contents.has_system {
        // What the system's packages brought is told by them.
        contents
            .parts
            .retain(|part| !(matches!(part.kind, Kind::Program(_)) && system::is_its_place(&part.place)));
    }
    contents.parts.sort();
    contents.parts.dedup();
    Ok(contents)
}

impl Contents {
    pub(super) fn unread(&self) -> impl Iterator<Item = String> {
        self.unread
            .iter()
            .map(|(what, count)| format!("{what} ({count})"))
    }

    fn folder(&mut self, folder: &Path, below: &str) -> io::Result<()> {
        let mut children = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
        children.sort_by_key(|child| child.file_name());
        for child in children {
            // A name that is no UTF-8 names nothing that is looked for.
            let Ok(name) = child.file_name().into_string() else {
                continue;
            };
            let place = if below.is_empty() {
                name
            } else {
                format!("{below}/{name}")
            };
            let kind = child.file_type()?;
            if kind.is_dir() {
                self.folder(&child.path(), &place)?;
            } else if kind.is_file() {
                self.file(&child.path(), &place)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, place: &str) -> io::Result<()> {
        let found = fs::metadata(path)?;
        if let Some(what) = system::not_read(place).or_else(|| libraries::not_read(place)) {
            self.miss(what);
            return Ok(());
        }
        let text = |read: &dyn Fn(&str, &Release) -> Vec<Part>, contents: &mut Self| -> io::Result<()> {
            if found.len() > TEXT_LIMIT {
                contents.miss("package databases of more than 64 MiB");
                return Ok(());
            }
            let bytes = fs::read(path)?;
            contents
                .parts
                .extend(read(&String::from_utf8_lossy(&bytes), &contents.release));
            Ok(())
        };
        let result = if system::is_dpkg(place) {
            self.has_system = true;
            text(&|text, release| system::dpkg(place, text, release), self)
        } else if system::is_apk(place) {
            self.has_system = true;
            text(&|text, release| system::apk(place, text, release), self)
        } else if let Some(read) = libraries::reader(place) {
            text(&|text, _| read(place, text), self)
        } else {
            self.program(path, place, found.permissions().mode() & 0o111 != 0)
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.miss("files that their owner may not read");
                Ok(())
            }
            other => other,
        }
    }

    fn program(&mut self, path: &Path, place: &str, executable: bool) -> io::Result<()> {
        let mut file = fs::File::open(path)?;
        let mut magic = [0; 4];
        if file.read_exact(&mut magic).is_err() || magic != *b"\x7fELF" {
            return Ok(());
        }
        let told = programs::read(&mut file, place);
        if told.old_go {
            self.miss("Go programs built before Go 1.18");
        }
        if told.parts.is_empty() && executable {
            let name = place.rsplit('/').next().unwrap_or_default().to_owned();
            self.parts.push(Part {
                kind: Kind::Program(digest(path)?),
                name,
                version: None,
                license: None,
                place: place.to_owned(),
            });
        }
        self.parts.extend(told.parts);
        Ok(())
    }

    fn miss(&mut self, what: &'static str) {
        *self.unread.entry(what).or_default() += 1;
    }
}

fn digest(path: &Path) -> io::Result<Digest> {
    let mut hasher = crate::oci::digest::Hasher::new();
    io::copy(&mut fs::File::open(path)?, &mut hasher)?;
    Ok(hasher.finish())
}
