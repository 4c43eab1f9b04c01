//! A program while it runs: its pipes, its lines, its end.

use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Split};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::time::{Instant, sleep_until};

use super::error::ToolError;
use super::invocation::{Invocation, Stdin};
use super::output::Stream;
use super::record::Record;

/// How long output is still read after the program has ended, if something it left behind holds the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// What a running program does next.
pub(super) enum Event {
    /// It wrote a line.
    Line(Stream, String),
    /// It ended, and everything it wrote was told.
    Ended(ExitStatus),
}

type Lines = Split<BufReader<Box<dyn AsyncRead + Send + Unpin>>>;

/// Says which of a program's streams carry bytes instead of text.
#[derive(Clone, Copy, Default)]
pub(super) struct Wires {
    /// Whether the caller feeds standard input.
    pub(super) feed: bool,
    /// Whether the caller takes standard output as it is.
    pub(super) take: bool,
}

/// A running program with its output; kills the group when dropped before its end.
pub(super) struct Running {
    /// Standard input, when the caller feeds it.
    pub(super) feed: Option<ChildStdin>,
    /// Standard output, when the caller takes it as it is.
    pub(super) take: Option<ChildStdout>,
    child: Child,
    pid: Option<Pid>,
    out: Option<Lines>,
    err: Option<Lines>,
    /// What is written into a file instead of a pipe.
    record: Option<Record>,
    status: Option<(ExitStatus, Instant)>,
}

impl Running {
    pub(super) fn start(call: &Invocation, wires: Wires) -> Result<Self, ToolError> {
        let mut command = call.command();
        command.stdin(if call.stdin.is_some() || wires.feed {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        let record = call.record.as_deref().map(Record::open).transpose();
        let record = record.map_err(|source| call.follow(source))?;
        let (record, stdout) = record.map_or((None, Stdio::piped()), |(record, file)| {
            (Some(record), file.into())
        });
        command.stdout(stdout).stderr(Stdio::piped()).process_group(0);
        let mut child = call.spawn(command)?;
        let feed = child.stdin.take_if(|_| wires.feed);
        let take = child.stdout.take_if(|_| wires.take);
        if let (Some(mut pipe), Some(stdin)) = (child.stdin.take(), call.stdin.clone()) {
            tokio::spawn(async move {
                let bytes = match &stdin {
                    Stdin::Plain(bytes) => bytes.as_slice(),
                    Stdin::Secret(secret) => secret.expose().as_bytes(),
                };
                // A program that ends without reading everything is judged by its status.
                let _ = pipe.write_all(bytes).await;
            });
        }
        let out = child.stdout.take().map(|out| lines(Box::new(out)));
        let out = out.or_else(|| record.as_ref().map(|record| lines(Box::new(record.follow()))));
        let err = child.stderr.take().map(|err| lines(Box::new(err)));
        Ok(Self {
            feed,
            take,
            pid: pid_of(&child),
            child,
            out,
            err,
            record,
            status: None,
        })
    }

    /// Waits for the next line or the end. May be dropped at any await without losing anything.
    pub(super) async fn next(&mut self) -> std::io::Result<Event> {
        loop {
            if let (None, None, Some((status, _))) = (&self.out, &self.err, self.status) {
                return Ok(Event::Ended(status));
            }
            let drained = self.status.map(|(_, drained)| drained);
            tokio::select! {
                line = next_line(&mut self.out), if self.out.is_some() => {
                    if let Some(line) = line? {
                        return Ok(Event::Line(Stream::Out, line));
                    }
                    self.out = None;
                }
                line = next_line(&mut self.err), if self.err.is_some() => {
                    if let Some(line) = line? {
                        return Ok(Event::Line(Stream::Err, line));
                    }
                    self.err = None;
                }
                status = self.child.wait(), if self.status.is_none() => {
                    self.status = Some((status?, Instant::now() + DRAIN));
                    if let Some(record) = &self.record {
                        record.close();
                    }
                }
                () = until(drained), if drained.is_some() => {
                    (self.out, self.err) = (None, None);
                }
            }
        }
    }

    pub(super) fn signal_alone(&self, signal: Signal) {
        // It may just have ended by itself.
        if let Some(pid) = self.pid {
            let _ = kill_process(pid, signal);
        }
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // What writes into a file of its own goes on without us: it is to come to its end.
        if self.status.is_none() && self.record.is_none() {
            self.signal(Signal::KILL);
        }
    }
}

fn lines(pipe: Box<dyn AsyncRead + Send + Unpin>) -> Lines {
    BufReader::new(pipe).split(b'\n')
}

async fn next_line(lines: &mut Option<Lines>) -> std::io::Result<Option<String>> {
    let Some(lines) = lines else { return Ok(None) };
    let line = lines.next_segment().await?;
    Ok(line.map(|line| String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned()))
}

/// Waits for a moment; for ever when there is none.
pub(super) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Returns a child's process id.
pub(super) fn pid_of(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
}
