//! Starting a program and staying with it to its end.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, kill_process_group, setrlimit,
};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader, Split};
use tokio::process::Child;
use tokio::time::{Instant, sleep_until};

use super::cancel::{CancelLevel, CancelToken};
use super::error::ToolError;
use super::invocation::{Invocation, Stdin};
use super::output::{Output, Stream, Tail};
use super::signal::StopSignal;

/// How long output is still read after the program has ended, if something it left behind holds the pipe.
const DRAIN: Duration = Duration::from_secs(1);

/// A limit on open files is inherited, so it is changed around the start of a child; one start at a time.
static STARTING: Mutex<()> = Mutex::new(());

impl Invocation {
    /// Runs the program to its end and collects what it writes.
    pub async fn run(&self, cancel: &CancelToken) -> Result<Output, ToolError> {
        let mut output = Output::default();
        output.code = self
            .stream(cancel, |stream, line| {
                let text = match stream {
                    Stream::Out => &mut output.stdout,
                    Stream::Err => &mut output.stderr,
                };
                text.push_str(line);
                text.push('\n');
            })
            .await?;
        Ok(output)
    }

    /// Runs the program to its end, hands every line it writes to `on_line`, and returns its exit code.
    ///
    /// A first cancel lets it finish. A forced one sends SIGTERM to its process group, and SIGKILL after the grace.
    /// Dropping the future kills the group.
    pub async fn stream(
        &self,
        cancel: &CancelToken,
        mut on_line: impl FnMut(Stream, &str) + Send,
    ) -> Result<i32, ToolError> {
        if cancel.level() == CancelLevel::Force {
            return Err(self.interrupted());
        }
        let mut running = Running::start(self)?;
        let mut tail = Tail::default();
        let mut stop = None;
        let timeout = self.timeout.map(|timeout| Instant::now() + timeout);
        let status = loop {
            tokio::select! {
                event = running.next() => match event.map_err(|source| self.follow(source))? {
                    Event::Line(stream, line) => {
                        let line = self.redact(&line);
                        tail.push(stream, &line);
                        on_line(stream, &line);
                    }
                    Event::Ended(status) => break status,
                },
                () = cancel.reached(CancelLevel::Force), if stop.is_none() => {
                    running.signal(Signal::TERM);
                    stop = Some((self.interrupted(), Instant::now() + self.grace));
                }
                () = until(timeout), if stop.is_none() => {
                    running.signal(Signal::TERM);
                    stop = Some((self.timed_out(), Instant::now() + self.grace));
                }
                () = until(stop.as_ref().map(|(_, kill)| *kill)), if stop.is_some() => {
                    running.signal(Signal::KILL);
                    stop = stop.map(|(error, _)| (error, Instant::now() + self.grace));
                }
            }
        };
        match (stop, status.code()) {
            (Some((error, _)), _) => Err(error),
            (None, Some(code)) if self.accepted.contains(&code) => Ok(code),
            (None, code) => Err(ToolError::Failed {
                doing: self.doing.clone(),
                program: self.name(),
                status: describe(status),
                code,
                said: tail.into_said(),
            }),
        }
    }

    /// Starts the program and leaves it to the caller: in its own process group, writing to `output`.
    pub fn start(&self, output: OwnedFd) -> Result<Started, ToolError> {
        let mut command = self.command();
        let errors = output.try_clone().map_err(|source| self.spawn_failed(source))?;
        command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let child = self.spawn(command)?;
        Ok(Started {
            pid: pid_of(&child),
            child,
        })
    }

    /// Starts a program that outlives us and returns its process id.
    ///
    /// It is expected to make a session of its own; therefore it does not get a process group here, of which it
    /// would be the leader.
    pub fn detach(&self, log: &File) -> Result<u32, ToolError> {
        let copy = || log.try_clone().map_err(|source| self.spawn_failed(source));
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(copy()?).stderr(copy()?);
        // Dropping the child hands it to tokio, which reaps it if it ends before we do.
        let child = self.spawn(command)?;
        child
            .id()
            .ok_or_else(|| self.spawn_failed(std::io::ErrorKind::NotFound.into()))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one door through which programs are started"
    )]
    fn command(&self) -> std::process::Command {
        let mut command = std::process::Command::new(&self.program);
        command
            .args(&self.arguments)
            .env_clear()
            .envs(&self.inherited)
            .envs(&self.variables);
        command.envs(
            self.secret_variables
                .iter()
                .map(|(name, secret)| (name, secret.expose())),
        );
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some(account) = &self.account {
            // Started by root, the standard library drops the supplementary groups together with the uid.
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn spawn(&self, command: std::process::Command) -> Result<Child, ToolError> {
        let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        let before = getrlimit(Resource::Nofile);
        if let Some(count) = self.open_files {
            let maximum = before.maximum.map(|maximum| maximum.max(count));
            setrlimit(
                Resource::Nofile,
                Rlimit {
                    current: Some(count),
                    maximum,
                },
            )
            .map_err(|source| self.spawn_failed(source.into()))?;
        }
        let spawned = tokio::process::Command::from(command).spawn();
        if self.open_files.is_some() {
            setrlimit(Resource::Nofile, before).map_err(|source| self.spawn_failed(source.into()))?;
        }
        spawned.map_err(|source| {
            let directory_is_there = self.directory.as_ref().is_none_or(|directory| directory.is_dir());
            if source.kind() == std::io::ErrorKind::NotFound && directory_is_there {
                return ToolError::Missing {
                    doing: self.doing.clone(),
                    program: self.program.to_string(),
                };
            }
            self.spawn_failed(source)
        })
    }

    fn spawn_failed(&self, source: std::io::Error) -> ToolError {
        ToolError::Spawn {
            doing: self.doing.clone(),
            program: self.name(),
            source,
        }
    }

    fn follow(&self, source: std::io::Error) -> ToolError {
        ToolError::Follow {
            doing: self.doing.clone(),
            program: self.name(),
            source,
        }
    }

    fn interrupted(&self) -> ToolError {
        ToolError::Interrupted {
            doing: self.doing.clone(),
            program: self.name(),
        }
    }

    fn timed_out(&self) -> ToolError {
        let seconds = self.timeout.unwrap_or_default().as_secs();
        ToolError::TimedOut {
            doing: self.doing.clone(),
            program: self.name(),
            seconds,
        }
    }
}

/// A program that runs on its own, in its own process group.
#[derive(Debug)]
pub struct Started {
    pid: Option<Pid>,
    child: Child,
}

impl Started {
    /// Returns the process id, which is also the id of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
            .map_or(0, |pid| pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Waits for its end and reaps it; may be dropped and called again.
    pub async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Signals the program itself.
    pub fn signal(&self, signal: StopSignal) {
        if let Some(pid) = self.pid {
            // It may just have ended by itself, which is what the signal asks for.
            let _ = kill_process(pid, signal.raw());
        }
    }

    /// Kills whatever is left of its process group.
    pub fn kill_group(&self) {
        if let Some(pid) = self.pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

/// Says in words how a program ended.
#[must_use]
pub(crate) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}

enum Event {
    Line(Stream, String),
    Ended(ExitStatus),
}

type Lines = Split<BufReader<Box<dyn AsyncRead + Send + Unpin>>>;

/// A running program with its output; kills the group when dropped before its end.
struct Running {
    child: Child,
    pid: Option<Pid>,
    out: Option<Lines>,
    err: Option<Lines>,
    status: Option<(ExitStatus, Instant)>,
}

impl Running {
    fn start(call: &Invocation) -> Result<Self, ToolError> {
        let mut command = call.command();
        command.stdin(if call.stdin.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        let mut child = call.spawn(command)?;
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
        let err = child.stderr.take().map(|err| lines(Box::new(err)));
        Ok(Self {
            pid: pid_of(&child),
            child,
            out,
            err,
            status: None,
        })
    }

    /// Waits for the next line or the end. May be dropped at any await without losing anything.
    async fn next(&mut self) -> std::io::Result<Event> {
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
                }
                () = until(drained), if drained.is_some() => {
                    (self.out, self.err) = (None, None);
                }
            }
        }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid {
            let _ = kill_process_group(pid, signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status.is_none() {
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

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(Pid::from_raw)
}
