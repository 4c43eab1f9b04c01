//! Starting a program and staying with it to its end.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::{
    Pid, Resource, Rlimit, Signal, getrlimit, kill_process, kill_process_group, setrlimit,
};
use tokio::process::Child;
use tokio::time::Instant;

use super::cancel::{CancelLevel, CancelToken};
use super::error::ToolError;
use super::invocation::{Invocation, Stop};
use super::output::{Output, Stream, Tail};
use super::running::{Event, Running, Wires, pid_of, until};
use super::signal::StopSignal;

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
    /// A first cancel lets it finish. A forced one sends SIGTERM to its process group (see [`Invocation::stop_alone`]), and
    /// SIGKILL after the grace.
    /// Dropping the future kills the group.
    pub async fn stream(
        &self,
        cancel: &CancelToken,
        mut on_line: impl FnMut(Stream, &str) + Send,
    ) -> Result<i32, ToolError> {
        self.refuse_forced(cancel)?;
        let running = Running::start(self, Wires::default())?;
        self.see_through(running, cancel, &mut on_line, std::future::ready(Ok(())))
            .await
    }

    /// Says no when whatever runs is to be stopped already.
    pub(super) fn refuse_forced(&self, cancel: &CancelToken) -> Result<(), ToolError> {
        match cancel.level() {
            CancelLevel::Force => Err(self.interrupted()),
            CancelLevel::None | CancelLevel::Finish => Ok(()),
        }
    }

    /// Stays with a program until it has ended and `transfer`, which moves its bytes, has too.
    ///
    /// A transfer that fails stops the program, and its error is what is returned.
    pub(super) async fn see_through(
        &self,
        mut running: Running,
        cancel: &CancelToken,
        on_line: &mut (impl FnMut(Stream, &str) + Send),
        transfer: impl Future<Output = Result<(), ToolError>> + Send,
    ) -> Result<i32, ToolError> {
        let mut tail = Tail::default();
        let mut stop = None;
        let timeout = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut transfer = pin!(transfer);
        let (mut moved, mut ended) = (false, None);
        let status = loop {
            if let Some(status) = ended
                && (moved || stop.is_some())
            {
                break status;
            }
            tokio::select! {
                event = running.next(), if ended.is_none() => match event.map_err(|source| self.follow(source))? {
                    Event::Line(stream, line) => {
                        let line = self.redact(&line);
                        tail.push(stream, &line);
                        on_line(stream, &line);
                    }
                    Event::Ended(status) => ended = Some(status),
                },
                result = &mut transfer, if !moved => {
                    moved = true;
                    if let (Err(error), None) = (result, &stop) {
                        self.ask_to_stop(&running);
                        stop = Some((error, Instant::now() + self.grace));
                    }
                }
                () = cancel.reached(CancelLevel::Force), if stop.is_none() => {
                    self.ask_to_stop(&running);
                    stop = Some((self.interrupted(), Instant::now() + self.grace));
                }
                () = until(timeout), if stop.is_none() => {
                    self.ask_to_stop(&running);
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
    pub(super) fn command(&self) -> std::process::Command {
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

    pub(super) fn spawn(&self, command: std::process::Command) -> Result<Child, ToolError> {
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

    fn ask_to_stop(&self, running: &Running) {
        match self.stop {
            Stop::Group => running.signal(Signal::TERM),
            Stop::Alone(signal) => running.signal_alone(signal.raw()),
        }
    }

    fn spawn_failed(&self, source: std::io::Error) -> ToolError {
        ToolError::Spawn {
            doing: self.doing.clone(),
            program: self.name(),
            source,
        }
    }

    pub(super) fn follow(&self, source: std::io::Error) -> ToolError {
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
