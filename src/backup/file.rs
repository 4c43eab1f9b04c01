//! Files that are whole or not there.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

use camino::{Utf8Path, Utf8PathBuf};

use super::error::BackupError;

/// A file that is being written; it gets its name when it is whole, and goes away when it is not.
pub(super) struct Half {
    path: Utf8PathBuf,
    to: Utf8PathBuf,
}

impl Half {
    /// Makes the file, readable by its owner alone.
    pub(super) fn new(to: &Utf8Path) -> io::Result<(Self, File)> {
        let half = Self {
            path: Utf8PathBuf::from(format!("{to}.part")),
            to: to.to_owned(),
        };
        match std::fs::remove_file(&half.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut options = std::fs::OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&half.path)?;
        Ok((half, file))
    }

    /// Brings the file to the disk and gives it its name.
    pub(super) fn keep(self, file: &File) -> io::Result<()> {
        file.sync_all()?;
        std::fs::rename(&self.path, &self.to)?;
        sync_folder(self.to.parent().unwrap_or(Utf8Path::new("/")))
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        // After `keep` there is nothing under this name.
        let _ = std::fs::remove_file(&self.path);
    }
}

pub(super) fn write_whole(path: &Utf8Path, bytes: &[u8]) -> Result<(), BackupError> {
    let write = || {
        let (half, mut file) = Half::new(path)?;
        file.write_all(bytes)?;
        half.keep(&file)
    };
    write().map_err(BackupError::file("write", path))
}

/// Makes a folder that only we can enter, and its parents.
pub(super) fn make_folder(path: &Utf8Path) -> Result<(), BackupError> {
    let mut builder = std::fs::DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(BackupError::file("make the folder", path))
}

pub(super) fn sync_folder(path: &Utf8Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
