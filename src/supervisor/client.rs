//! Speaking to a running supervisor.

use std::collections::BTreeMap;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::{Instant, sleep};

use super::error::SupervisorError;
use super::layout::Layout;
use super::log;
use super::protocol::{Answer, Request, UnitState, UnitStatus};
use crate::tools::Invocation;

/// How long a new supervisor may take to answer.
const READY: Duration = Duration::from_secs(10);

/// Holds a conversation with the supervisor of a folder.
#[derive(Debug)]
pub struct Client {
    socket: Utf8PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects to the supervisor of `dir`.
    pub fn connect(dir: &Utf8Path) -> Result<Self, SupervisorError> {
        let layout = Layout::new(dir);
        let connect = |path| {
            let stream = std::os::unix::net::UnixStream::connect(path)?;
            stream.set_nonblocking(true)?;
            UnixStream::from_std(stream)
        };
        let stream = layout
            .with_socket(connect)
            .map_err(|source| SupervisorError::Connect {
                path: layout.socket(),
                source,
            })?;
        Ok(Self {
            socket: layout.socket(),
            stream: BufReader::new(stream),
        })
    }

    /// Returns the supervisor's process id and version.
    pub async fn ping(&mut self) -> Result<(u32, String), SupervisorError> {
        match self.ask(&Request::Ping).await? {
            Answer::Pong { pid, version } => Ok((pid, version)),
            other => Err(unexpected(other)),
        }
    }

    /// Starts a unit and keeps it up from now on; returns once it runs, or has ended well if it is to end.
    pub async fn start(&mut self, unit: &str) -> Result<UnitStatus, SupervisorError> {
        up(self
            .unit(Request::Start {
                unit: unit.to_owned(),
            })
            .await?)
    }

    /// Stops a unit and keeps it down from now on; returns once it is gone.
    pub async fn stop(&mut self, unit: &str) -> Result<UnitStatus, SupervisorError> {
        self.unit(Request::Stop {
            unit: unit.to_owned(),
        })
        .await
    }

    /// Stops and starts a unit, with its file as last read; it is kept up from now on.
    pub async fn restart(&mut self, unit: &str) -> Result<UnitStatus, SupervisorError> {
        up(self
            .unit(Request::Restart {
                unit: unit.to_owned(),
            })
            .await?)
    }

    /// Tells how every unit is, by name.
    pub async fn status(&mut self) -> Result<Vec<UnitStatus>, SupervisorError> {
        match self.ask(&Request::Status).await? {
            Answer::Units { units } => Ok(units),
            other => Err(unexpected(other)),
        }
    }

    /// Makes the supervisor read its unit files again.
    pub async fn reload(&mut self) -> Result<(), SupervisorError> {
        match self.ask(&Request::Reload).await? {
            Answer::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// Stops every unit and the supervisor; what was up comes up with the next supervisor.
    pub async fn shutdown(mut self) -> Result<(), SupervisorError> {
        match self.ask(&Request::Shutdown).await? {
            Answer::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    async fn unit(&mut self, request: Request) -> Result<UnitStatus, SupervisorError> {
        match self.ask(&request).await? {
            Answer::Unit { status } => Ok(status),
            Answer::UnknownUnit { unit } => Err(SupervisorError::UnknownUnit(unit)),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Answer, SupervisorError> {
        let path = self.socket.clone();
        let broken = |source| SupervisorError::Conversation { path, source };
        self.exchange(request).await.map_err(broken)
    }

    async fn exchange(&mut self, request: &Request) -> std::io::Result<Answer> {
        let mut text = serde_json::to_string(request)?;
        text.push('\n');
        self.stream.get_mut().write_all(text.as_bytes()).await?;
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(serde_json::from_str(&line)?)
    }
}

/// Starts a supervisor as a daemon, unless one answers already, and returns a conversation with it.
///
/// `program` with `args` must end up in [`run`](super::run) for `dir`. It gets a session of its own, `/` as working
/// directory, `environment` and nothing else, and writes to `supervisor.log` in `dir`.
pub async fn spawn_daemon(
    program: &Utf8Path,
    args: &[String],
    dir: &Utf8Path,
    environment: &BTreeMap<String, String>,
) -> Result<Client, SupervisorError> {
    if let Ok(client) = answering(dir).await {
        return Ok(client);
    }
    let layout = Layout::new(dir);
    layout.create()?;
    let path = layout.own_log();
    let log = log::open(&path).map_err(SupervisorError::file("open", &path))?;
    Invocation::new(program, "starting the supervisor")
        .args(args)
        .directory("/")
        .inherit(environment)
        .detach(&log)
        .map_err(SupervisorError::tool("start the supervisor"))?;
    let begin = Instant::now();
    while begin.elapsed() < READY {
        if let Ok(client) = answering(dir).await {
            return Ok(client);
        }
        sleep(Duration::from_millis(20)).await;
    }
    Err(SupervisorError::NotReady {
        seconds: READY.as_secs(),
        log: path,
    })
}

async fn answering(dir: &Utf8Path) -> Result<Client, SupervisorError> {
    let mut client = Client::connect(dir)?;
    client.ping().await?;
    Ok(client)
}

/// Takes a status as success if the unit runs, or has ended well by itself.
fn up(status: UnitStatus) -> Result<UnitStatus, SupervisorError> {
    let ended_well = status.state == UnitState::Stopped && status.last_exit.as_deref() == Some("status 0");
    if status.state == UnitState::Running || ended_well {
        return Ok(status);
    }
    let reason = status
        .last_exit
        .unwrap_or_else(|| "for no known reason".to_owned());
    Err(SupervisorError::NotUp {
        unit: status.name,
        state: status.state,
        reason,
    })
}

fn unexpected(answer: Answer) -> SupervisorError {
    SupervisorError::Refused(match answer {
        Answer::Refused { reason } => reason,
        other => format!("it answered {other:?}"),
    })
}
