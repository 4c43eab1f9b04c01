//! Bytes between a program and work that does not wait, such as compressing or writing to a disk.
//!
//! The work runs on a thread of its own and sees plain [`Read`] or [`Write`]. An end is an end only when it is said to be
//! one: a side that goes away in the middle is an error for the other, so that nobody takes a half for the whole.

use std::fmt;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, DuplexStream, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_util::io::SyncIoBridge;

/// How much may lie between both sides.
const BETWEEN: usize = 256 * 1024;

/// Takes bytes from a program and gives them to work on another thread.
pub struct Sink<T> {
    pipe: DuplexStream,
    whole: Arc<AtomicBool>,
    work: JoinHandle<io::Result<T>>,
}

impl<T: Send + 'static> Sink<T> {
    /// Starts the work, which reads until the end.
    pub fn new(work: impl FnOnce(&mut dyn Read) -> io::Result<T> + Send + 'static) -> Self {
        let (pipe, far) = tokio::io::duplex(BETWEEN);
        let whole = Arc::new(AtomicBool::new(false));
        let mut reader = Whole {
            pipe: SyncIoBridge::new(far),
            whole: Arc::clone(&whole),
        };
        Self {
            pipe,
            whole,
            work: spawn_blocking(move || work(&mut reader)),
        }
    }

    /// Says that everything was written, and returns what the work made of it.
    ///
    /// # Errors
    /// What the work says.
    pub async fn finish(mut self) -> io::Result<T> {
        self.whole.store(true, Ordering::Release);
        // If the work has gone away, it says why.
        let _ = self.pipe.shutdown().await;
        drop(self.pipe);
        self.work.await.map_err(io::Error::other)?
    }

    /// Gives up, and returns why the work failed if it did so by itself.
    ///
    /// A program whose bytes nobody takes fails too; this is the cause.
    pub async fn give_up(self) -> Option<io::Error> {
        drop(self.pipe);
        let error = self
            .work
            .await
            .map_err(io::Error::other)
            .and_then(|result| result)
            .err()?;
        let ours = error.get_ref().is_some_and(|inner| inner.is::<GivenUp>());
        (!ours).then_some(error)
    }
}

impl<T> AsyncWrite for Sink<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.pipe).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(cx)
    }
}

/// Says that the other side went away before the end.
#[derive(Debug)]
struct GivenUp;

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other side went away before the end")
    }
}

impl std::error::Error for GivenUp {}

/// Tells an end apart from a side that went away.
struct Whole {
    pipe: SyncIoBridge<DuplexStream>,
    whole: Arc<AtomicBool>,
}

impl Read for Whole {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self.pipe.read(to)? {
            0 if !to.is_empty() && !self.whole.load(Ordering::Acquire) => Err(io::Error::other(GivenUp)),
            length => Ok(length),
        }
    }
}

/// Gives a program the bytes that work on another thread makes.
pub struct Source {
    pipe: DuplexStream,
    work: Option<JoinHandle<io::Result<()>>>,
}

impl Source {
    /// Starts the work, which writes until it has nothing more.
    pub fn new(work: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send + 'static) -> Self {
        let (pipe, far) = tokio::io::duplex(BETWEEN);
        let mut writer = SyncIoBridge::new(far);
        let work = spawn_blocking(move || work(&mut writer));
        Self {
            pipe,
            work: Some(work),
        }
    }
}

impl AsyncRead for Source {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let read = Pin::new(&mut self.pipe).poll_read(cx, to);
        if !matches!(read, Poll::Ready(Ok(()))) || to.filled().len() > before || to.remaining() == 0 {
            return read;
        }
        // It ends; whether that is the end of everything only the work can tell.
        let Some(work) = &mut self.work else { return read };
        let ended = std::task::ready!(Pin::new(work).poll(cx));
        self.work = None;
        Poll::Ready(ended.map_err(io::Error::other).and_then(|result| result))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;

    fn count(from: &mut dyn Read) -> io::Result<u64> {
        io::copy(from, &mut io::sink())
    }

    #[tokio::test]
    async fn a_sink_makes_something_of_everything() {
        let mut sink = Sink::new(count);
        sink.write_all(&vec![1; 1_000_000]).await.unwrap();
        assert_eq!(sink.finish().await.unwrap(), 1_000_000);
    }

    #[tokio::test]
    async fn a_sink_that_is_given_up_makes_nothing() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let mut sink = Sink::new(move |from| {
            let counted = count(from);
            sender.send(counted.is_err()).unwrap();
            counted
        });
        sink.write_all(b"half").await.unwrap();
        assert!(sink.give_up().await.is_none());
        assert!(receiver.recv().unwrap(), "the work was told");
    }

    #[tokio::test]
    async fn the_cause_of_a_broken_sink_can_be_asked() {
        let mut sink = Sink::new(|_| Err::<(), _>(io::ErrorKind::StorageFull.into()));
        while sink.write_all(&[0; 1024]).await.is_ok() {}
        assert_eq!(sink.give_up().await.unwrap().kind(), io::ErrorKind::StorageFull);
    }

    #[tokio::test]
    async fn a_source_gives_everything_and_its_failure_is_no_end() {
        let mut bytes = Vec::new();
        let mut source = Source::new(|to| to.write_all(&vec![7; 1_000_000]));
        source.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes.len(), 1_000_000);
        let mut source = Source::new(|to| {
            to.write_all(b"half")?;
            Err(io::ErrorKind::InvalidData.into())
        });
        let error = source.read_to_end(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
