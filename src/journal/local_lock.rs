//! The lock of a folder: the kernel's.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};

use super::local::{open_private, unreadable, unwritable};
use super::{Acquired, HeldLock, Holder, JournalError, LockGuard, LockWatch};

/// A lock is told as held only when it was found so this often: one who only looks holds it for a moment too.
const LOOKS: u32 = 5;
/// A lock that a dead process holds is looked at so often. What it had forked a moment before holds the file too, until
/// it has become another program or has ended with it: soon, but not at once on a busy machine.
const LOOKS_AT_THE_DEAD: u32 = 200;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Takes the lock in a file, or says who holds it.
///
/// The file stays when the lock is released, only emptied: removing a locked file lets two hold locks on two files of
/// the same name. So a free lock with somebody's name in it was left by one who died.
pub(super) fn try_lock(path: &Utf8Path, holder: &Holder) -> Result<Acquired, JournalError> {
    let options = fs_err::OpenOptions::new();
    let mut file = open_private(options, path, |options| {
        options.read(true).write(true).create(true)
    })?;
    let mut looks = 0;
    let held_by = loop {
        match file.try_lock() {
            Ok(()) => {
                let stale = read(&mut file, path)?;
                write(&mut file, path, Some(holder))?;
                let held = LocalLock {
                    file,
                    path: path.to_owned(),
                };
                let guard = LockGuard::new(LockWatch::kernel(), holder.clone(), Box::new(held));
                return Ok(Acquired { guard, stale });
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(unwritable(path, error)),
        }
        let held_by = read(&mut file, path)?;
        looks += 1;
        if looks >= LOOKS && !may_be_let_go(held_by.as_ref(), looks) {
            break held_by;
        }
        thread::sleep(BETWEEN_LOOKS);
    };
    Err(match held_by {
        Some(holder) => JournalError::Held(Box::new(holder)),
        None => JournalError::HeldByUnknown {
            place: path.to_string(),
        },
    })
}

/// Says whether a lock that is held is on its way to being let go: the one whose name is in it has died.
fn may_be_let_go(holder: Option<&Holder>, looks: u32) -> bool {
    looks < LOOKS_AT_THE_DEAD && holder.is_some_and(Holder::is_dead)
}

/// Returns who holds the lock in a file, if anybody does.
pub(super) fn holder(path: &Utf8Path) -> Result<Option<Holder>, JournalError> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    let mut looks = 0;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(unreadable(path, error)),
        }
        let held_by = read(&mut file, path)?;
        looks += 1;
        if !may_be_let_go(held_by.as_ref(), looks) {
            return Ok(held_by);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Reads who is in the file. Half a name, left by a crash while it was written, is nobody's.
fn read(file: &mut File, path: &Utf8Path) -> Result<Option<Holder>, JournalError> {
    let mut text = String::new();
    file.rewind()
        .and_then(|()| file.read_to_string(&mut text))
        .map_err(|error| unreadable(path, error))?;
    Ok(serde_json::from_str(&text).ok())
}

fn write(file: &mut File, path: &Utf8Path, holder: Option<&Holder>) -> Result<(), JournalError> {
    let text = holder
        .and_then(|holder| serde_json::to_vec(holder).ok())
        .unwrap_or_default();
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| file.write_all(&text))
        .and_then(|()| file.sync_data())
        .map_err(|error| unwritable(path, error))
}

#[derive(Debug)]
struct LocalLock {
    file: File,
    path: Utf8PathBuf,
}

#[async_trait]
impl HeldLock for LocalLock {
    async fn describe(&mut self, holder: &Holder) -> Result<(), JournalError> {
        write(&mut self.file, &self.path, Some(holder))
    }

    async fn release(&mut self) -> Result<(), JournalError> {
        write(&mut self.file, &self.path, None)
    }
}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // The kernel lets go when the file closes; a name that stays is only told as left behind.
        let _ = write(&mut self.file, &self.path, None);
    }
}
