//! Bytes that flow out of a program, or into it.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;
use super::output::Stream;
use super::running::{Running, Wires};

/// How much is held in memory between one side and the other.
const CHUNK: usize = 64 * 1024;

impl Invocation {
    /// Runs the program to its end, copies what it writes to standard output into `to`, and returns how many bytes that
    /// were.
    ///
    /// The bytes are handed on as they are, so nothing is replaced in them; what the program says on standard error is
    /// treated as in [`Invocation::stream`], and so are cancelling, the time limit and the status. When `to` takes
    /// no more, the program is stopped and [`ToolError::Keep`] says why. `to` is flushed at the end.
    pub async fn write_to(
        &self,
        cancel: &CancelToken,
        to: &mut (impl AsyncWrite + Unpin + Send),
    ) -> Result<u64, ToolError> {
        self.refuse_forced(cancel)?;
        let wires = Wires {
            take: true,
            ..Wires::default()
        };
        let mut running = Running::start(self, wires)?;
        let mut pipe = running.take.take();
        let mut count = 0;
        let transfer = async {
            let Some(pipe) = &mut pipe else { return Ok(()) };
            let mut buffer = vec![0; CHUNK];
            loop {
                let length = pipe
                    .read(&mut buffer)
                    .await
                    .map_err(|source| self.follow(source))?;
                if length == 0 {
                    return to.flush().await.map_err(|source| self.keep_failed(source));
                }
                let kept = to.write_all(&buffer[..length]).await;
                kept.map_err(|source| self.keep_failed(source))?;
                count += length as u64;
            }
        };
        self.see_through(running, cancel, &mut |_, _| {}, transfer)
            .await?;
        Ok(count)
    }

    /// Runs the program to its end with everything of `from` as its standard input, hands every line it writes to
    /// `on_line`, and returns its exit code.
    ///
    /// When `from` fails, the program is stopped before it sees an end of its input, and [`ToolError::Feed`] says why:
    /// it must not take what it has for the whole. A program that ends well without having read everything is a failure.
    pub async fn read_from(
        &self,
        cancel: &CancelToken,
        from: &mut (impl AsyncRead + Unpin + Send),
        mut on_line: impl FnMut(Stream, &str) + Send,
    ) -> Result<i32, ToolError> {
        self.refuse_forced(cancel)?;
        let wires = Wires {
            feed: true,
            ..Wires::default()
        };
        let mut running = Running::start(self, wires)?;
        // It belongs to this frame and not to the transfer: after a failure it stays open until the program is gone.
        let mut pipe = running.feed.take();
        let mut refused = None;
        let transfer = async {
            let mut buffer = vec![0; CHUNK];
            while let Some(open) = &mut pipe {
                let read = from.read(&mut buffer).await;
                let length = read.map_err(|source| self.feed_failed(source))?;
                if length == 0 {
                    pipe = None;
                } else if let Err(source) = open.write_all(&buffer[..length]).await {
                    // Why it does not read on is told by its status and its words.
                    refused = Some(source);
                    pipe = None;
                }
            }
            Ok(())
        };
        let code = self.see_through(running, cancel, &mut on_line, transfer).await?;
        match refused {
            Some(source) => Err(self.follow(source)),
            None => Ok(code),
        }
    }

    fn keep_failed(&self, source: std::io::Error) -> ToolError {
        ToolError::Keep {
            doing: self.doing.clone(),
            program: self.name(),
            source,
        }
    }

    fn feed_failed(&self, source: std::io::Error) -> ToolError {
        ToolError::Feed {
            doing: self.doing.clone(),
            program: self.name(),
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::io::ReadBuf;

    use super::*;
    use crate::secret::Secret;

    fn shell(script: &str) -> Invocation {
        Invocation::new("/bin/sh", "testing")
            .args(["-c", script])
            .grace(Duration::from_millis(200))
    }

    /// Gives a few bytes and then fails.
    struct Torn(bool);

    impl AsyncRead for Torn {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            to: &mut ReadBuf<'_>,
        ) -> Poll<std::io::Result<()>> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(Err(ErrorKind::InvalidData.into()));
            }
            to.put_slice(b"half");
            Poll::Ready(Ok(()))
        }
    }

    /// Takes nothing.
    struct Full;

    impl AsyncWrite for Full {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<std::io::Result<usize>> {
            Poll::Ready(Err(Error::from(ErrorKind::StorageFull)))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn bytes_come_out_as_they_are() {
        let mut bytes = Vec::new();
        let call = shell("printf 'a\\000\\377\\r\\n%s' \"$KEY\"").secret_env("KEY", Secret::new("hunter2"));
        let count = call.write_to(&CancelToken::new(), &mut bytes).await.unwrap();
        assert_eq!(bytes, b"a\0\xff\r\nhunter2");
        assert_eq!(count, 12);
    }

    #[tokio::test]
    async fn a_failure_tells_what_standard_error_said_without_secrets() {
        let call = shell("echo part; echo \"no $KEY\" >&2; exit 3").secret_env("KEY", Secret::new("hunter2"));
        let mut bytes = Vec::new();
        let error = call.write_to(&CancelToken::new(), &mut bytes).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(
            (error.to_string().as_str(), cause.as_str()),
            ("testing: `sh` ended with status 3", "no [secret]")
        );
    }

    #[tokio::test]
    async fn a_place_that_takes_no_more_stops_the_program() {
        let error = shell("while :; do echo more; done")
            .write_to(&CancelToken::new(), &mut Full)
            .await
            .unwrap_err();
        let ToolError::Keep { source, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(source.kind(), ErrorKind::StorageFull);
    }

    #[tokio::test]
    async fn everything_is_fed_and_lines_come_back() {
        let input = vec![b'x'; 3_000_000];
        let mut lines = Vec::new();
        let code = shell("wc -c")
            .read_from(&CancelToken::new(), &mut input.as_slice(), |_, line| {
                lines.push(line.trim().to_owned());
            })
            .await;
        assert_eq!(code.unwrap(), 0);
        assert_eq!(lines, ["3000000"]);
    }

    #[tokio::test]
    async fn a_source_that_fails_never_looks_like_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let marker = folder.path().join("took-it-for-the-whole");
        let call = shell(&format!("cat > /dev/null; touch {}", marker.display()));
        let error = call
            .read_from(&CancelToken::new(), &mut Torn(false), |_, _| {})
            .await
            .unwrap_err();
        assert!(matches!(error, ToolError::Feed { .. }), "{error}");
        assert!(!marker.exists());
    }

    #[tokio::test]
    async fn a_program_that_does_not_read_everything_has_failed() {
        let input = vec![b'x'; 3_000_000];
        let error = shell("exit 0")
            .read_from(&CancelToken::new(), &mut input.as_slice(), |_, _| {})
            .await
            .unwrap_err();
        assert!(matches!(error, ToolError::Follow { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_forced_cancel_stops_a_transfer() {
        let cancel = CancelToken::new();
        let (mut near, _far) = tokio::io::duplex(16);
        let call = shell("yes");
        let writing = call.write_to(&cancel, &mut near);
        let (result, ()) = tokio::join!(writing, async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cancel.force();
        });
        assert!(matches!(result.unwrap_err(), ToolError::Interrupted { .. }));
    }
}
