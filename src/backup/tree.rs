//! Folders and texts as one `tar`.

use std::fs::File;
use std::io::{self, Read, Write};

use camino::{Utf8Path, Utf8PathBuf};

/// What goes into an archive: folders and files of the disk, and texts.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Each folder or file with its place in the archive; empty for the archive's own top.
    pub paths: Vec<(Utf8PathBuf, Utf8PathBuf)>,
    /// Each text with its place in the archive.
    pub texts: Vec<(Utf8PathBuf, String)>,
    /// Endings of the names of files that are passed over.
    pub without: Vec<&'static str>,
}

/// Writes a tree, sorted by name.
///
/// It may be in use: a file that has gone meanwhile is passed over, one that grows is as it was when it was opened, and
/// what a file that shrinks lacks is filled with zeros.
///
/// # Errors
/// [`io::Error`] of the disk, or of `to`.
pub fn pack(tree: &Tree, to: &mut dyn Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(to);
    archive.mode(tar::HeaderMode::Complete);
    for (place, text) in &tree.texts {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, place, text.as_bytes())?;
    }
    for (path, place) in &tree.paths {
        add(&mut archive, path, place, &tree.without)?;
    }
    archive.into_inner()?.flush()
}

fn add(
    archive: &mut tar::Builder<&mut dyn Write>,
    path: &Utf8Path,
    place: &Utf8Path,
    without: &[&str],
) -> io::Result<()> {
    let found = match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    if found.is_dir() {
        if !place.as_str().is_empty() {
            let mut header = tar::Header::new_gnu();
            header.set_metadata(&found);
            header.set_size(0);
            archive.append_data(&mut header, place, io::empty())?;
        }
        let mut names: Vec<String> = path
            .read_dir_utf8()?
            .map(|entry| Ok(entry?.file_name().to_owned()))
            .collect::<io::Result<_>>()?;
        names.sort();
        for name in names {
            add(archive, &path.join(&name), &place.join(&name), without)?;
        }
        return Ok(());
    }
    if without.iter().any(|ending| path.as_str().ends_with(ending)) {
        return Ok(());
    }
    let mut header = tar::Header::new_gnu();
    if found.is_symlink() {
        header.set_metadata(&found);
        header.set_size(0);
        return archive.append_link(&mut header, place, fs_err::read_link(path)?);
    }
    // Sockets, pipes and devices hold no data.
    if !found.is_file() {
        return Ok(());
    }
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let found = file.metadata()?;
    header.set_metadata(&found);
    let padded = file.chain(io::repeat(0)).take(found.len());
    archive.append_data(&mut header, place, padded)
}
