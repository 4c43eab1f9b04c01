//! Reading log files that rotate.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use futures_util::stream::{self, StreamExt};
use tokio::time::sleep;

use super::error::SupervisorError;
use super::manager::LogLines;

/// How often a followed file is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Reads the last lines of a log, and with `follow` every new one.
pub(super) fn read(path: Utf8PathBuf, lines: usize, follow: bool) -> Result<LogLines, SupervisorError> {
    let mut reader = Reader {
        path,
        position: 0,
        inode: None,
        partial: Vec::new(),
    };
    let mut last: VecDeque<String> = VecDeque::new();
    let older = Utf8PathBuf::from(format!("{}.1", reader.path));
    let mut texts = Vec::new();
    if let Ok(text) = fs_err::read(&older) {
        texts.push(text);
    }
    let found = texts
        .iter()
        .flat_map(|text| text.split_inclusive(|byte| *byte == b'\n'))
        .map(text_of);
    let new = reader.more()?;
    for line in found.chain(new) {
        last.push_back(line);
        if last.len() > lines {
            last.pop_front();
        }
    }
    let last = stream::iter(last.into_iter().map(Ok));
    if !follow {
        return Ok(last.boxed());
    }
    let more = stream::unfold(reader, |mut reader| async move {
        loop {
            sleep(LOOK).await;
            match reader.more() {
                Ok(lines) if lines.is_empty() => {}
                Ok(lines) => return Some((lines.into_iter().map(Ok).collect::<Vec<_>>(), reader)),
                Err(error) => return Some((vec![Err(error)], reader)),
            }
        }
    });
    Ok(last.chain(more.flat_map(stream::iter)).boxed())
}

struct Reader {
    path: Utf8PathBuf,
    position: u64,
    inode: Option<u64>,
    partial: Vec<u8>,
}

impl Reader {
    /// Reads the whole lines that were written since the last call.
    fn more(&mut self) -> Result<Vec<String>, SupervisorError> {
        let path = self.path.clone();
        self.bytes().map_err(SupervisorError::file("read", &path))?;
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(Vec::new());
        };
        let whole: Vec<u8> = self.partial.drain(..=end).collect();
        Ok(whole
            .split_inclusive(|byte| *byte == b'\n')
            .map(text_of)
            .collect())
    }

    fn bytes(&mut self) -> std::io::Result<()> {
        let Some(found) = look(&self.path)? else {
            return Ok(());
        };
        if let Some(before) = self.inode.filter(|before| *before != found.ino()) {
            // The file was moved away: read its rest, then begin with the new one.
            let moved = Utf8PathBuf::from(format!("{}.1", self.path));
            if look(&moved)?.is_some_and(|moved| moved.ino() == before) {
                self.read_from(&moved)?;
            }
            self.position = 0;
        }
        self.inode = Some(found.ino());
        let path = self.path.clone();
        self.read_from(&path)
    }

    fn read_from(&mut self, path: &Utf8Path) -> std::io::Result<()> {
        let mut file = fs_err::File::open(path)?;
        file.seek(SeekFrom::Start(self.position))?;
        let count = file.read_to_end(&mut self.partial)?;
        self.position += u64::try_from(count).unwrap_or(0);
        Ok(())
    }
}

fn look(path: &Utf8Path) -> std::io::Result<Option<std::fs::Metadata>> {
    match fs_err::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

fn text_of(line: &[u8]) -> String {
    String::from_utf8_lossy(line)
        .trim_end_matches(['\n', '\r'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::log::RotatingLog;

    #[tokio::test]
    async fn it_follows_across_a_rotation() {
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap().join("a.log");
        RotatingLog::new(path.clone()).append(b"one\ntwo\nthree\n");
        let mut lines = read(path.clone(), 2, true).unwrap();
        assert_eq!(lines.next().await.unwrap().unwrap(), "two");
        assert_eq!(lines.next().await.unwrap().unwrap(), "three");
        RotatingLog::new(path.clone()).append(b"four\n");
        fs_err::rename(&path, format!("{path}.1")).unwrap();
        RotatingLog::new(path.clone()).append(b"five\n");
        assert_eq!(lines.next().await.unwrap().unwrap(), "four");
        assert_eq!(lines.next().await.unwrap().unwrap(), "five");
        let ended = read(path, 2, false).unwrap();
        assert_eq!(
            ended.map(Result::unwrap).collect::<Vec<_>>().await,
            ["four", "five"]
        );
    }
}
