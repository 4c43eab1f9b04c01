//! What lay in a tree when it was unpacked, so that what was changed since can be told.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::digest::{Digest, Hasher};
use super::error::OciError;
use super::unpack::MARKER;

/// Names the file that lists what lies in a tree.
pub const INVENTORY: &str = ".landfall-files.json";

/// Keeps read, write, execute and special bits of a mode.
const MODE: u32 = 0o7777;

/// One file or link of a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Item {
    File { digest: Digest, size: u64, mode: u32 },
    Link { to: String },
}

/// Says how a file of a tree differs from what was unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TreeChange {
    /// Its content is another, or it is something else.
    Content,
    /// Its mode is another.
    Mode,
    /// It is gone.
    Gone,
    /// It was not unpacked, and is a program.
    NewProgram,
    /// It was not unpacked.
    New,
}

/// Writes down what lies in a tree.
pub(super) fn take(tree: &Utf8Path) -> io::Result<()> {
    let mut items = BTreeMap::new();
    walk(tree, tree, &mut |path, full| {
        items.insert(path.to_owned(), look(full)?);
        Ok(())
    })?;
    let place = tree.join(INVENTORY);
    // Removed first: a layer may have put a link there.
    super::tree::remove(place.as_std_path())?;
    fs::write(place, serde_json::to_vec(&items)?)
}

/// Compares a tree with what was unpacked; none when nothing was written down then, as by an older version.
///
/// Without `deep`, contents are read only of files that were touched since they were unpacked, by the time of their last
/// change, which no program can set back.
///
/// # Errors
///
/// When the tree cannot be read.
pub fn changes(tree: &Utf8Path, deep: bool) -> Result<Option<BTreeMap<Utf8PathBuf, TreeChange>>, OciError> {
    compare(tree, deep).map_err(|source| OciError::WriteTree {
        action: "compare",
        path: tree.to_owned(),
        source,
    })
}

fn compare(tree: &Utf8Path, deep: bool) -> io::Result<Option<BTreeMap<Utf8PathBuf, TreeChange>>> {
    let place = tree.join(INVENTORY);
    let bytes = match fs::read(&place) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut items: BTreeMap<Utf8PathBuf, Item> = serde_json::from_slice(&bytes)?;
    let taken = touched(&fs::symlink_metadata(&place)?);
    let mut changes = BTreeMap::new();
    walk(tree, tree, &mut |path, full| {
        let change = match items.remove(path) {
            Some(item) => differs(&item, full, deep, taken)?,
            None => {
                let found = fs::symlink_metadata(full)?;
                let program = found.is_file() && found.mode() & 0o111 != 0;
                Some(if program {
                    TreeChange::NewProgram
                } else {
                    TreeChange::New
                })
            }
        };
        if let Some(change) = change {
            changes.insert(path.to_owned(), change);
        }
        Ok(())
    })?;
    changes.extend(items.into_keys().map(|path| (path, TreeChange::Gone)));
    Ok(Some(changes))
}

fn differs(item: &Item, full: &Utf8Path, deep: bool, taken: (i64, i64)) -> io::Result<Option<TreeChange>> {
    let found = fs::symlink_metadata(full)?;
    let Item::File { size, mode, .. } = item else {
        return Ok((look(full)? != *item).then_some(TreeChange::Content));
    };
    if !found.is_file() || found.len() != *size {
        return Ok(Some(TreeChange::Content));
    }
    if (deep || touched(&found) >= taken)
        && let (Item::File { digest: now, .. }, Item::File { digest: then, .. }) = (look(full)?, item)
        && now != *then
    {
        return Ok(Some(TreeChange::Content));
    }
    Ok((found.mode() & MODE != *mode).then_some(TreeChange::Mode))
}

fn touched(found: &std::fs::Metadata) -> (i64, i64) {
    (found.ctime(), found.ctime_nsec())
}

fn look(path: &Utf8Path) -> io::Result<Item> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        let to = fs::read_link(path)?.to_string_lossy().into_owned();
        return Ok(Item::Link { to });
    }
    Ok(Item::File {
        digest: hash(path.as_std_path())?,
        size: found.len(),
        mode: found.mode() & MODE,
    })
}

fn hash(path: &Path) -> io::Result<Digest> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            count => hasher.update(&buffer[..count]),
        }
    }
}

/// Calls `with` for every file and link below a folder; names that are no UTF-8 are left out.
fn walk(
    tree: &Utf8Path,
    folder: &Utf8Path,
    with: &mut dyn FnMut(&Utf8Path, &Utf8Path) -> io::Result<()>,
) -> io::Result<()> {
    let mut entries: Vec<Utf8PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        entries.extend(Utf8PathBuf::from_path_buf(entry?.path()));
    }
    entries.sort();
    for full in entries {
        let path = full.strip_prefix(tree).unwrap_or(&full);
        let found = fs::symlink_metadata(&full)?;
        if found.is_dir() {
            walk(tree, &full, with)?;
        } else if (found.is_file() || found.is_symlink()) && path != MARKER && path != INVENTORY {
            with(path, &full)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_was_changed_since_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Utf8Path::from_path(folder.path()).unwrap();
        assert_eq!(changes(tree, false).unwrap(), None);
        for name in ["app", "same", "mode", "gone"] {
            fs::write(tree.join(name), "1234").unwrap();
        }
        std::os::unix::fs::symlink("app", tree.join("link")).unwrap();
        take(tree).unwrap();
        assert_eq!(changes(tree, true).unwrap(), Some(BTreeMap::new()));
        fs::write(tree.join("app"), "1239").unwrap();
        fs::set_permissions(tree.join("mode"), std::fs::Permissions::from_mode(0o777)).unwrap();
        fs::remove_file(tree.join("gone")).unwrap();
        fs::remove_file(tree.join("link")).unwrap();
        std::os::unix::fs::symlink("same", tree.join("link")).unwrap();
        fs::create_dir(tree.join("more")).unwrap();
        fs::write(tree.join("more/notes"), "x").unwrap();
        let wanted = BTreeMap::from([
            ("app".into(), TreeChange::Content),
            ("gone".into(), TreeChange::Gone),
            ("link".into(), TreeChange::Content),
            ("mode".into(), TreeChange::Mode),
            ("more/notes".into(), TreeChange::New),
        ]);
        for deep in [true, false] {
            assert_eq!(changes(tree, deep).unwrap(), Some(wanted.clone()));
        }
    }
}
