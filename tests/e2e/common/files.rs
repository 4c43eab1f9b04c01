//! Looking at folders: what lies in them, and whether something stands in any file.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;

use camino::{Utf8Path, Utf8PathBuf};
use landfall::oci::Digest;

/// Everything below a folder: what each path is, when it changed, and what is in it.
pub type Tree = BTreeMap<String, String>;

/// Lists every path below a folder, itself left out.
pub fn under(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = folder.read_dir_utf8() else {
        return found;
    };
    for entry in entries.flatten() {
        let path = entry.into_path();
        if fs_err::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            found.extend(under(&path));
        }
        found.push(path);
    }
    found
}

/// Writes down everything below a folder, but for what lies below `except`.
pub fn tree(folder: &Utf8Path, except: &[&str]) -> Tree {
    let mut tree = Tree::new();
    for path in under(folder) {
        let below = path.strip_prefix(folder).unwrap();
        if except.iter().any(|except| below.starts_with(except)) {
            continue;
        }
        // What is gone between listing and looking is listed as such.
        let Ok(metadata) = fs_err::symlink_metadata(&path) else {
            tree.insert(below.to_string(), "gone".to_owned());
            continue;
        };
        let content = match (metadata.is_file(), metadata.is_symlink()) {
            (true, _) => Digest::of(fs_err::read(&path).unwrap_or_default()).to_string(),
            (_, true) => fs_err::read_link(&path).unwrap().display().to_string(),
            _ => "folder".to_owned(),
        };
        let told = format!(
            "{:o} {}:{} {}.{:09} {content}",
            metadata.mode(),
            metadata.uid(),
            metadata.gid(),
            metadata.mtime(),
            metadata.mtime_nsec()
        );
        tree.insert(below.to_string(), told);
    }
    tree
}
