//! Terraform at work in a folder: one at a time, and one that was killed leaves a trace.

use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::time::Instant;

use super::error::AccountError;
use super::folder::remove;
use super::perform::Tell;
use crate::tools::{CancelLevel, CancelToken, at_work};

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
    pub(super) was_cut_short: bool,
}

impl Work {
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

    /// Ends, whatever came of it.
    pub(super) fn end(self) -> Result<(), AccountError> {
        remove(&self.mark)
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
