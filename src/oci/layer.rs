//! Applies one layer to a tree: OCI image-spec 1.1, `layer.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;
use tar::{Archive, Entry, EntryType};

use super::tree::{self, Escape, Tree};

const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
/// Marks book-keeping of the file system that first had whiteouts; never part of a tree.
const WHITEOUT_META: &[u8] = b".wh..wh.";
/// Keeps read, write, execute and sticky; drops set-user-id and set-group-id, which nothing unpacked here may have.
const MODE_MASK: u32 = 0o1777;

/// Puts layers into a tree, one after the other.
pub(super) struct Applier {
    tree: Tree,
    owner: Option<(u32, u32)>,
    /// Holds what the layer at hand has written, which its whiteouts must not remove.
    written: BTreeSet<PathBuf>,
    /// Holds modes of folders until the end: a read-only folder could not be filled.
    folders: BTreeMap<PathBuf, u32>,
    files: u64,
    bytes: u64,
}

/// Says which entry failed, and how.
#[derive(Debug)]
pub(super) enum Failure {
    /// The archive itself cannot be read.
    Read(io::Error),
    /// An entry names a file outside the tree.
    Escape(String),
    /// An entry cannot be put into the tree.
    Write(String, io::Error),
}

impl Applier {
    pub(super) fn new(root: &Path, owner: Option<(u32, u32)>) -> Self {
        Self {
            tree: Tree::new(root),
            owner,
            written: BTreeSet::new(),
            folders: BTreeMap::new(),
            files: 0,
            bytes: 0,
        }
    }

    /// Applies a layer's uncompressed tar.
    pub(super) fn apply(&mut self, layer: impl Read) -> Result<(), Failure> {
        self.written.clear();
        let mut archive = Archive::new(layer);
        for entry in archive.entries().map_err(Failure::Read)? {
            let mut entry = entry.map_err(Failure::Read)?;
            let name = entry.path().map_err(Failure::Read)?.into_owned();
            let shown = name.display().to_string();
            let path = tree::relative(&name).map_err(|_| Failure::Escape(shown.clone()))?;
            self.entry(&mut entry, &path).map_err(|e| {
                if Escape::is(&e) {
                    Failure::Escape(shown)
                } else {
                    Failure::Write(shown, e)
                }
            })?;
        }
        Ok(())
    }

    /// Gives folders their modes, and answers how many files and bytes there are.
    ///
    /// Counts what was written; a file that a later layer replaced counts twice.
    pub(super) fn finish(self) -> io::Result<(u64, u64)> {
        // The deepest first: a folder may become unreadable for its own owner.
        for (path, mode) in self.folders.iter().rev() {
            if self.is_still_folder(path) {
                fs::set_permissions(path, std::fs::Permissions::from_mode(*mode))?;
            }
        }
        Ok((self.files, self.bytes))
    }

    /// Tells whether a folder is where it was made: a later entry may have put a link at it, or above it.
    fn is_still_folder(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(self.tree.root()) else {
            return false;
        };
        let unmoved =
            below.as_os_str().is_empty() || self.tree.place(below, false).is_ok_and(|place| place == path);
        unmoved && fs::symlink_metadata(path).is_ok_and(|found| found.is_dir())
    }

    fn entry(&mut self, entry: &mut Entry<'_, impl Read>, path: &Path) -> io::Result<()> {
        let kind = entry.header().entry_type();
        if path.as_os_str().is_empty() {
            if kind.is_dir() {
                self.folders.insert(self.tree.root().to_owned(), mode(entry)?);
            }
            return Ok(());
        }
        if path
            .file_name()
            .is_some_and(|name| name.as_bytes().starts_with(WHITEOUT))
        {
            return self.white_out(path);
        }
        if !is_kept(kind) {
            return Ok(());
        }
        let place = self.tree.place(path, true)?;
        match kind {
            EntryType::Directory => self.folder(entry, &place)?,
            EntryType::Symlink => {
                let target = link_target(entry)?;
                tree::remove(&place)?;
                symlink(target, &place)?;
            }
            EntryType::Link => self.hard_link(entry, &place)?,
            _ => self.file(entry, &place)?,
        }
        if let Some((user, group)) = self.owner {
            lchown(&place, Some(user), Some(group))?;
        }
        self.written.insert(place);
        Ok(())
    }

    fn folder(&mut self, entry: &Entry<'_, impl Read>, place: &Path) -> io::Result<()> {
        // A link to a folder is not a folder: written through, it could lead anywhere.
        if !fs::symlink_metadata(place).is_ok_and(|found| found.is_dir()) {
            tree::remove(place)?;
            fs::create_dir(place)?;
        }
        self.folders.insert(place.to_owned(), mode(entry)?);
        Ok(())
    }

    fn hard_link(&self, entry: &Entry<'_, impl Read>, place: &Path) -> io::Result<()> {
        let target = self.tree.place(&tree::relative(&link_target(entry)?)?, false)?;
        if target == place {
            return Ok(());
        }
        fs::symlink_metadata(&target)?;
        tree::remove(place)?;
        // Does not follow a link at the target, so nothing outside can be linked in.
        fs::hard_link(target, place)
    }

    fn file(&mut self, entry: &mut Entry<'_, impl Read>, place: &Path) -> io::Result<()> {
        let (mode, modified) = (mode(entry)?, entry.header().mtime()?);
        tree::remove(place)?;
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(place)?;
        self.bytes += io::copy(entry, &mut file)?;
        self.files += 1;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        // A time that the file system cannot hold is not worth failing for.
        if let Some(time) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(modified)) {
            file.set_modified(time).ok();
        }
        Ok(())
    }

    /// Removes what lower layers put at a path, or under its folder.
    fn white_out(&mut self, path: &Path) -> io::Result<()> {
        let name = path.file_name().unwrap_or_default().as_bytes();
        if name == OPAQUE {
            let folder = match self.tree.find(path.parent().unwrap_or(Path::new(""))) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
                found => found?,
            };
            return self.clear(&folder);
        }
        if name.starts_with(WHITEOUT_META) {
            return Ok(());
        }
        let hidden = OsStr::from_bytes(&name[WHITEOUT.len()..]);
        if hidden.is_empty() || hidden == "." || hidden == ".." {
            return Err(io::Error::other(Escape));
        }
        match self.tree.place(&path.with_file_name(hidden), false) {
            Ok(place) => self.remove_lower(&place),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Empties a folder, but for what this layer wrote.
    fn clear(&self, folder: &Path) -> io::Result<()> {
        for child in fs::read_dir(folder)? {
            self.remove_lower(&child?.path())?;
        }
        Ok(())
    }

    fn remove_lower(&self, place: &Path) -> io::Result<()> {
        let ours = self
            .written
            .range(place.to_owned()..)
            .next()
            .is_some_and(|p| p.starts_with(place));
        if !ours {
            return tree::remove(place);
        }
        if fs::symlink_metadata(place)?.is_dir() {
            self.clear(place)
        } else {
            Ok(())
        }
    }
}

/// Leaves out devices and pipes, which an application's image has no business with, and the archive's own notes.
fn is_kept(kind: EntryType) -> bool {
    kind.is_file()
        || kind.is_dir()
        || kind.is_symlink()
        || kind.is_hard_link()
        || kind.is_contiguous()
        || kind.is_gnu_sparse()
}

fn mode(entry: &Entry<'_, impl Read>) -> io::Result<u32> {
    Ok(entry.header().mode()? & MODE_MASK)
}

fn link_target(entry: &Entry<'_, impl Read>) -> io::Result<PathBuf> {
    let target = entry.link_name()?.filter(|target| !target.as_os_str().is_empty());
    target
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "link without a target"))
}
