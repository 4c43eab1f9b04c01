//! State in a folder.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};

use super::store::{Log, Store, check_key};
use super::{Acquired, Clock, Holder, JournalError, LockTerms, local_lock};

/// Files that are being written begin with this; what a crash leaves of them is never read.
const UNFINISHED: &str = ".landfall-";

/// Keeps state in a folder that only its owner may read.
///
/// A file is written beside its place, made durable, and then put in place in one move; the folder is made durable
/// too, since a name that a power cut takes away was never written.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: Utf8PathBuf,
}

impl LocalStore {
    /// Names the folder. It is made when something is first written.
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        Self { root: root.into() }
    }

    fn path(&self, key: &str) -> Result<Utf8PathBuf, JournalError> {
        check_key(key)?;
        Ok(self.root.join(key))
    }
}

#[async_trait]
impl Store for LocalStore {
    fn place(&self, key: &str) -> String {
        self.root.join(key).into_string()
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, JournalError> {
        let path = self.path(key)?;
        blocking(move || match fs_err::read(&path) {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(unreadable(&path, error)),
        })
        .await
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        let (root, path) = (self.root.clone(), self.path(folder)?);
        blocking(move || {
            let mut keys = Vec::new();
            walk(&root, &path, &mut keys)?;
            keys.sort();
            Ok(keys)
        })
        .await
    }

    async fn folders(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        let path = self.path(folder)?;
        blocking(move || {
            let mut names = Vec::new();
            for entry in entries(&path)? {
                if is_folder(&entry)? {
                    names.push(entry.file_name().to_owned());
                }
            }
            names.sort();
            Ok(names)
        })
        .await
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        let path = self.path(key)?;
        blocking(move || write(&path, &bytes, link_new)).await
    }

    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        let path = self.path(key)?;
        blocking(move || write(&path, &bytes, |from, to| fs_err::rename(from, to))).await
    }

    async fn delete(&self, key: &str) -> Result<(), JournalError> {
        let path = self.path(key)?;
        blocking(move || {
            match fs_err::remove_file(&path) {
                Ok(()) => {}
                Err(error) if absent(&error) => return Ok(()),
                Err(error) => return Err(unwritable(&path, error)),
            }
            sync_folder(path.parent().unwrap_or(&path)).map_err(|error| unwritable(&path, error))
        })
        .await
    }

    async fn open_log(&self, key: &str) -> Result<Box<dyn Log>, JournalError> {
        let path = self.path(key)?;
        blocking(move || {
            make_parent(&path).map_err(|error| unwritable(&path, error))?;
            let file = fs_err::OpenOptions::new();
            let file = open_private(file, &path, |options| options.create(true).append(true))?;
            Ok(Box::new(LocalLog { path, file }) as Box<dyn Log>)
        })
        .await
    }

    async fn try_lock(
        &self,
        key: &str,
        holder: Holder,
        _: &LockTerms,
        _: Arc<dyn Clock>,
    ) -> Result<Acquired, JournalError> {
        let path = self.path(key)?;
        blocking(move || {
            make_parent(&path).map_err(|error| unwritable(&path, error))?;
            local_lock::try_lock(&path, &holder)
        })
        .await
    }

    async fn lock_holder(&self, key: &str, _: &LockTerms) -> Result<Option<Holder>, JournalError> {
        let path = self.path(key)?;
        blocking(move || local_lock::holder(&path)).await
    }
}

struct LocalLog {
    path: Utf8PathBuf,
    file: File,
}

#[async_trait]
impl Log for LocalLog {
    fn line(&mut self, line: &str) -> Result<(), JournalError> {
        // One write a line, so that lines of two writers do not mix.
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .map_err(|error| unwritable(&self.path, error))
    }

    async fn close(&mut self) -> Result<(), JournalError> {
        self.file
            .sync_data()
            .map_err(|error| unwritable(&self.path, error))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, JournalError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(JournalError::Write {
            place: "the state folder".to_owned(),
            source: Box::new(error),
        }),
    }
}

fn write(
    path: &Utf8Path,
    bytes: &[u8],
    place: impl Fn(&Utf8Path, &Utf8Path) -> io::Result<()>,
) -> Result<(), JournalError> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let failed = |error| unwritable(path, error);
    make_parent(path).map_err(failed)?;
    let folder = path.parent().unwrap_or(path);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let unfinished = folder.join(format!("{UNFINISHED}{}-{count}", std::process::id()));
    let result = (|| {
        let options = fs_err::OpenOptions::new();
        let mut file = open_private(options, &unfinished, |options| {
            options.write(true).create(true).truncate(true)
        })?;
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(failed)?;
        place(&unfinished, path).map_err(failed)
    })();
    // Gone already where the move was a rename; a leftover is never read, so failing to remove it is no failure.
    let _ = fs_err::remove_file(&unfinished);
    result?;
    sync_folder(folder).map_err(failed)
}

/// Puts a file in place unless there is one.
fn link_new(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    match fs_err::hard_link(from, to) {
        // Some file systems have no links; Linux can move without overwriting on most of those.
        #[cfg(target_os = "linux")]
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
            ) =>
        {
            use rustix::fs::{CWD, RenameFlags, renameat_with};
            Ok(renameat_with(
                CWD,
                from.as_std_path(),
                CWD,
                to.as_std_path(),
                RenameFlags::NOREPLACE,
            )?)
        }
        other => other,
    }
}

pub(super) fn open_private(
    mut options: fs_err::OpenOptions,
    path: &Utf8Path,
    set: impl FnOnce(&mut fs_err::OpenOptions) -> &mut fs_err::OpenOptions,
) -> Result<File, JournalError> {
    use fs_err::os::unix::fs::OpenOptionsExt as _;
    let opened = set(&mut options).mode(0o600).open(path.as_std_path());
    opened
        .map(|file| file.into_parts().0)
        .map_err(|error| unwritable(path, error))
}

fn make_parent(path: &Utf8Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if folder.as_str().is_empty() || folder.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // The new names must be as durable as what will lie under them.
    folder
        .ancestors()
        .skip(1)
        .take_while(|above| !above.as_str().is_empty())
        .take(4)
        .try_for_each(sync_folder)
}

fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    let folder = if folder.as_str().is_empty() {
        Utf8Path::new(".")
    } else {
        folder
    };
    match File::open(folder)?.sync_all() {
        // Some file systems cannot do this for folders, and do not need to.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        other => other,
    }
}

fn walk(root: &Utf8Path, folder: &Utf8Path, keys: &mut Vec<String>) -> Result<(), JournalError> {
    for entry in entries(folder)? {
        if is_folder(&entry)? {
            walk(root, entry.path(), keys)?;
        } else if !entry.file_name().starts_with(UNFINISHED) {
            let key = entry.path().strip_prefix(root).unwrap_or(entry.path());
            keys.push(key.as_str().to_owned());
        }
    }
    Ok(())
}

fn entries(folder: &Utf8Path) -> Result<Vec<camino::Utf8DirEntry>, JournalError> {
    let entries = match folder.read_dir_utf8() {
        Ok(entries) => entries.collect::<io::Result<Vec<_>>>(),
        Err(error) if absent(&error) => return Ok(Vec::new()),
        Err(error) => Err(error),
    };
    entries.map_err(|error| unreadable(folder, error))
}

fn is_folder(entry: &camino::Utf8DirEntry) -> Result<bool, JournalError> {
    Ok(entry
        .file_type()
        .map_err(|error| unreadable(entry.path(), error))?
        .is_dir())
}

fn absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn unreadable(path: &Utf8Path, source: io::Error) -> JournalError {
    JournalError::Read {
        place: path.to_string(),
        source: source.into(),
    }
}

pub(super) fn unwritable(path: &Utf8Path, source: io::Error) -> JournalError {
    let place = path.to_string();
    match source.kind() {
        io::ErrorKind::AlreadyExists => JournalError::AlreadyThere { place },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => JournalError::DiskFull {
            place,
            source: source.into(),
        },
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => JournalError::ReadOnly {
            place,
            source: source.into(),
        },
        _ => JournalError::Write {
            place,
            source: source.into(),
        },
    }
}
