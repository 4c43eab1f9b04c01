//! A file that a program writes into while we read it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::io::{AsyncRead, AsyncWriteExt as _, duplex};

/// How much is read at once, in bytes.
const PIECE: usize = 16 * 1024;
/// How long there is between two looks at a file that has not grown.
const PACE: Duration = Duration::from_millis(50);

/// The file, from where it ended when the program was started.
pub(super) struct Record {
    path: Utf8PathBuf,
    from: u64,
    is_closed: Arc<AtomicBool>,
}

impl Record {
    /// Opens a file, or makes it; also returns what the program writes to.
    pub(super) fn open(path: &Utf8Path) -> std::io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).mode(0o600).open(path)?;
        let record = Self {
            path: path.to_owned(),
            from: file.seek(SeekFrom::End(0))?,
            is_closed: Arc::default(),
        };
        Ok((record, file))
    }

    /// Reads what is written, as it is, until it is closed and everything was read.
    pub(super) fn follow(&self) -> impl AsyncRead + Send + Unpin + use<> {
        let (mut to, from) = duplex(PIECE);
        let (path, start, is_closed) = (self.path.clone(), self.from, Arc::clone(&self.is_closed));
        tokio::spawn(async move {
            let opened =
                File::open(path).and_then(|mut file| file.seek(SeekFrom::Start(start)).map(|_| file));
            let Ok(mut file) = opened else { return };
            let mut piece = vec![0; PIECE];
            loop {
                // What was written before it was closed is read after that was seen.
                let is_last = is_closed.load(Ordering::Acquire);
                match file.read(&mut piece) {
                    Ok(0) if is_last => return,
                    Ok(0) => tokio::time::sleep(PACE).await,
                    Ok(count) if to.write_all(&piece[..count]).await.is_ok() => {}
                    Ok(_) | Err(_) => return,
                }
            }
        });
        from
    }

    /// Says that nothing is written any more.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
    }
}
