//! A log file that does not grow without end.

use std::fs::File;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use camino::{Utf8Path, Utf8PathBuf};

/// How large a file may grow.
const SIZE: u64 = 10 * 1024 * 1024;

/// How many files there are, the one being written included.
const FILES: u32 = 5;

/// Appends to `<path>`, and moves it to `<path>.1` and so on when it is full.
pub(super) struct RotatingLog {
    path: Utf8PathBuf,
    size: u64,
    limit: u64,
    file: Option<File>,
}

impl RotatingLog {
    pub(super) const fn new(path: Utf8PathBuf) -> Self {
        Self {
            path,
            size: 0,
            limit: SIZE,
            file: None,
        }
    }

    /// Appends bytes, cutting between files at the end of a line where there is one.
    ///
    /// What cannot be written, say because the disk is full, is dropped: a log must not stop the program it is of.
    pub(super) fn append(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            // Opening tells how much is there from before.
            if self.opened().is_err() {
                return;
            }
            let room = usize::try_from(self.limit.saturating_sub(self.size)).unwrap_or(usize::MAX);
            let fits = if rest.len() <= room {
                rest.len()
            } else {
                match rest[..room].iter().rposition(|byte| *byte == b'\n') {
                    Some(end) => end + 1,
                    // A line longer than a whole file is cut anywhere.
                    None if self.size == 0 => room,
                    None => 0,
                }
            };
            if self.write(&rest[..fits]).is_err() {
                self.file = None;
                return;
            }
            rest = &rest[fits..];
            if !rest.is_empty() {
                self.rotate();
            }
        }
    }

    fn opened(&mut self) -> std::io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => {
                let file = open(&self.path)?;
                self.size = file.metadata()?.len();
                Ok(none.insert(file))
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.opened()?.write_all(bytes)?;
        self.size += u64::try_from(bytes.len()).unwrap_or(0);
        Ok(())
    }

    fn rotate(&mut self) {
        let numbered = |number: u32| format!("{}.{number}", self.path);
        for number in (1..FILES - 1).rev() {
            let _ = fs_err::rename(numbered(number), numbered(number + 1));
        }
        let _ = fs_err::rename(&self.path, numbered(1));
        self.file = None;
        self.size = 0;
    }
}

/// Opens a log for appending, readable by its owner and group.
pub(super) fn open(path: &Utf8Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs_err::create_dir_all(folder)?;
    }
    std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_the_newest_files_and_cuts_at_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("a.log");
        let mut log = RotatingLog {
            path: path.clone(),
            size: 0,
            limit: 20,
            file: None,
        };
        for number in 10..40 {
            log.append(format!("line {number}\n").as_bytes());
        }
        let read = |suffix: &str| fs_err::read_to_string(format!("{path}{suffix}")).unwrap();
        assert_eq!(read(""), "line 38\nline 39\n");
        assert_eq!(read(".4"), "line 30\nline 31\n");
        assert!(!Utf8PathBuf::from(format!("{path}.5")).exists());
        log.append(&[b'x'; 50]);
        assert_eq!(read(".1").len(), 20);
    }

    #[test]
    fn a_file_from_before_is_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("logs/a.log");
        RotatingLog::new(path.clone()).append(b"one\n");
        RotatingLog::new(path.clone()).append(b"two\n");
        assert_eq!(fs_err::read_to_string(path).unwrap(), "one\ntwo\n");
    }
}
