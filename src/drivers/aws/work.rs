//! Terraform at work in a folder: one at a time, and one that was killed leaves a trace.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::Instant;

use super::error::AccountError;
use super::folder::remove;
use super::perform::Tell;
use crate::journal::host;
use crate::tools::{CancelLevel, CancelToken, StateLock, ToolError, at_work};

/// Is there while Terraform is at work; who finds it there knows that it was killed.
const MARK: &str = "landfall-at-work";
/// How long there is between two looks at a Terraform that an earlier run left at work.
const PACE: Duration = Duration::from_millis(500);
/// How long there is between two words on it.
const WORDS: Duration = Duration::from_secs(30);

/// Terraform at work in one folder.
#[derive(Debug)]
pub(super) struct Work {
    mark: Utf8PathBuf,
    /// Whether the last one was cut short, so that the lock of the state may be its.
    was_cut_short: bool,
}

impl Work {
    /// Says whether a lock is that of a Terraform that was killed here: Terraform names its holder by user and machine.
    pub(super) fn has_left(&self, lock: &StateLock) -> bool {
        let is_here = lock.who.rsplit_once('@').is_some_and(|(_, at)| at == host());
        self.was_cut_short && is_here
    }

    /// Begins, unless another one is at work there.
    pub(super) fn begin(folder: &Utf8Path) -> Result<Self, AccountError> {
        if let Some(process) = at_work(folder) {
            let folder = folder.to_owned();
            return Err(AccountError::AtWork { process, folder });
        }
        let mark = folder.join(MARK);
        let was_cut_short = mark.exists();
        fs_err::write(&mark, "").map_err(AccountError::file("write", &mark))?;
        Ok(Self { mark, was_cut_short })
    }

    /// Ends when Terraform came to its end by itself, whatever came of it: only then has it released its lock.
    pub(super) fn end<T>(self, came: &Result<T, ToolError>) -> Result<(), AccountError> {
        let is_unclear = came.as_ref().is_err_and(|error| error.may_have_been_killed());
        match is_unclear {
            true => Ok(()),
            false => remove(&self.mark),
        }
    }
}

/// Waits for a Terraform whose Landfall was killed: it brings its own to an end.
///
/// The lock of the installation is held, so that no other Landfall works there.
pub(super) async fn left_alone(
    folder: &Utf8Path,
    cancel: &CancelToken,
    tell: Tell<'_>,
) -> Result<(), AccountError> {
    let begin = Instant::now();
    let mut next = begin;
    while let Some(process) = at_work(folder) {
        if cancel.level() == CancelLevel::Force {
            let folder = folder.to_owned();
            return Err(AccountError::AtWork { process, folder });
        }
        if Instant::now() >= next {
            let seconds = begin.elapsed().as_secs();
            tell(&format!(
                "waiting for terraform (process {process}), which an earlier run left at work, for {seconds} s"
            ));
            next += WORDS;
        }
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::Said;

    fn failed(code: Option<i32>) -> Result<(), ToolError> {
        Err(ToolError::Failed {
            doing: "planning".to_owned(),
            program: "terraform".to_owned(),
            status: "somehow".to_owned(),
            code,
            said: Said::default(),
        })
    }

    #[test]
    fn only_a_lock_of_this_machine_that_a_killed_terraform_left_is_ours() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(guard.path()).unwrap();
        let lock = |who: String| StateLock {
            id: "1".to_owned(),
            who,
            created: String::new(),
            operation: String::new(),
        };
        let ours = lock(format!("root@{}", host()));
        let work = Work::begin(folder).unwrap();
        assert!(!work.has_left(&ours));
        // It ended by itself, though not well: its lock went with it.
        work.end(&failed(Some(1))).unwrap();
        let work = Work::begin(folder).unwrap();
        assert!(!work.has_left(&ours));
        work.end(&failed(None)).unwrap();
        let work = Work::begin(folder).unwrap();
        assert!(work.has_left(&ours));
        assert!(!work.has_left(&lock("root@elsewhere".to_owned())));
        work.end(&Ok(())).unwrap();
        assert!(!Work::begin(folder).unwrap().has_left(&ours));
    }
}
