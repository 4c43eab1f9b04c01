//! One Landfall at a time in the folder of a part's root modules.
//!
//! Who only looks has no lock of the installation, and Terraform plans in the same folder as a run applies in: what a run
//! has laid out there must not be written over. The lock is the kernel's, and goes with its process.

use std::fs::TryLockError;
use std::io::{Read as _, Seek as _, Write as _};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err::File;
use tokio::time::Instant;

use super::error::AccountError;
use super::perform::Tell;
use crate::tools::{CancelLevel, CancelToken};

/// What is locked, in the folder.
const LOCK: &str = "landfall.lock";
/// How long somebody who only looks waits for another one.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How long there is between two tries.
const PACE: Duration = Duration::from_millis(200);
/// How long there is between two words on it.
const WORDS: Duration = Duration::from_secs(30);

/// Takes the lock of a folder, which is held until the file is closed.
///
/// `patience` is how long to wait for another one; without it, until the other one is done.
pub(super) async fn take(
    folder: &Utf8Path,
    patience: Option<Duration>,
    cancel: &CancelToken,
    tell: Tell<'_>,
) -> Result<File, AccountError> {
    fs_err::create_dir_all(folder).map_err(AccountError::file("make", folder))?;
    let path = folder.join(LOCK);
    let options = fs_err::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .open(&path);
    let mut file = options.map_err(AccountError::file("open", &path))?;
    let begin = Instant::now();
    let mut next = begin + PACE;
    loop {
        match file.file().try_lock() {
            Ok(()) => {
                let noted = note(&mut file);
                return noted.map(|()| file).map_err(AccountError::file("write", &path));
            }
            Err(TryLockError::Error(error)) => return Err(AccountError::file("lock", &path)(error)),
            Err(TryLockError::WouldBlock) => {}
        }
        let is_over = patience.is_some_and(|patience| begin.elapsed() >= patience);
        if is_over || cancel.level() == CancelLevel::Force {
            return Err(busy(&path));
        }
        if Instant::now() >= next {
            tell(&busy(&path).to_string());
            next = Instant::now() + WORDS;
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Writes down who holds it, for whoever finds it held.
fn note(file: &mut File) -> std::io::Result<()> {
    file.rewind()?;
    file.set_len(0)?;
    write!(file, "{}", std::process::id())
}

fn busy(path: &Utf8Path) -> AccountError {
    let mut process = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut process));
    AccountError::Busy {
        process: read.ok().and_then(|_| process.trim().parse().ok()),
        folder: path.parent().map(Utf8PathBuf::from).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_is_told_who_is_there_and_the_next_has_it_when_that_one_is_gone() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap().join("part");
        let cancel = CancelToken::new();
        let mut said = Vec::new();
        let mut tell = |line: &str| said.push(line.to_owned());
        let held = take(&folder, Some(Duration::ZERO), &cancel, &mut tell)
            .await
            .unwrap();
        let second = take(&folder, Some(Duration::ZERO), &cancel, &mut tell).await;
        let error = second.unwrap_err();
        let here = std::process::id();
        assert!(error.is_busy());
        assert!(error.to_string().contains(&format!("process {here}")), "{error}");
        let wait = tokio::spawn({
            let folder = folder.clone();
            async move {
                let mut words = 0;
                take(&folder, None, &CancelToken::new(), &mut |_| words += 1)
                    .await
                    .map(|_| words)
            }
        });
        tokio::time::sleep(PACE * 3).await;
        drop(held);
        assert_eq!(wait.await.unwrap().unwrap(), 1, "it says once that it waits");
        assert!(said.is_empty(), "who does not wait has nothing to say");
    }
}
