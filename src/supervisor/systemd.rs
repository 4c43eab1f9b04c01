//! Units under systemd.

use async_trait::async_trait;
use camino::{Utf8Path, Utf8PathBuf};
use futures_util::stream::{self, StreamExt};
use tokio::sync::mpsc;

use super::error::SupervisorError;
use super::logs;
use super::manager::{LogLines, UnitFile, UnitManager};
use super::protocol::{UnitState, UnitStatus};
use super::spec::check_name;
use super::supervised::{remove_if_there, write_if_changed};
use crate::tools::{CancelToken, Journalctl, Systemctl, ToolError, UnitProperties};

/// Keeps units as services of systemd.
#[derive(Clone, Debug)]
pub struct Systemd {
    folder: Utf8PathBuf,
    systemctl: Systemctl,
    journalctl: Journalctl,
    cancel: CancelToken,
}

impl Systemd {
    /// Takes the folder of unit files, such as `/etc/systemd/system`, and the programs to speak through.
    #[must_use]
    pub const fn new(
        folder: Utf8PathBuf,
        systemctl: Systemctl,
        journalctl: Journalctl,
        cancel: CancelToken,
    ) -> Self {
        Self {
            folder,
            systemctl,
            journalctl,
            cancel,
        }
    }

    fn path(&self, name: &str) -> Result<Utf8PathBuf, SupervisorError> {
        check_name(name)?;
        Ok(self.folder.join(unit(name)))
    }

    /// Refuses a name that has no file of ours.
    fn known(&self, name: &str) -> Result<Utf8PathBuf, SupervisorError> {
        let path = self.path(name)?;
        if path.exists() {
            Ok(path)
        } else {
            Err(SupervisorError::UnknownUnit(name.to_owned()))
        }
    }
}

#[async_trait]
impl UnitManager for Systemd {
    async fn install(&self, file: &UnitFile) -> Result<bool, SupervisorError> {
        let changed = write_if_changed(&self.path(&file.name)?, &file.contents)?;
        // Even when unchanged: an earlier attempt may have been cut off between the two.
        self.systemctl
            .daemon_reload(&self.cancel)
            .await
            .map_err(tool("install", &file.name))?;
        Ok(changed)
    }

    async fn remove(&self, name: &str) -> Result<(), SupervisorError> {
        let path = self.path(name)?;
        if path.exists() {
            self.stop(name).await?;
        }
        remove_if_there(&path)?;
        self.systemctl
            .daemon_reload(&self.cancel)
            .await
            .map_err(tool("remove", name))
    }

    async fn start(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.known(name)?;
        self.systemctl
            .enable(&[&unit(name)], &self.cancel)
            .await
            .map_err(tool("enable", name))?;
        let started = self.systemctl.start(&[&unit(name)], &self.cancel).await;
        settle(name, started, "start", self.status(name).await?)
    }

    async fn stop(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.known(name)?;
        self.systemctl
            .disable(&[&unit(name)], &self.cancel)
            .await
            .map_err(tool("disable", name))?;
        self.systemctl
            .stop(&[&unit(name)], &self.cancel)
            .await
            .map_err(tool("stop", name))?;
        self.status(name).await
    }

    async fn restart(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        self.known(name)?;
        self.systemctl
            .enable(&[&unit(name)], &self.cancel)
            .await
            .map_err(tool("enable", name))?;
        let started = self.systemctl.restart(&[&unit(name)], &self.cancel).await;
        settle(name, started, "restart", self.status(name).await?)
    }

    async fn status(&self, name: &str) -> Result<UnitStatus, SupervisorError> {
        check_name(name)?;
        let shown = self
            .systemctl
            .show(&unit(name), &self.cancel)
            .await
            .map_err(tool("look at", name))?;
        if shown.load_state == "not-found" {
            return Err(SupervisorError::UnknownUnit(name.to_owned()));
        }
        Ok(status_of(name, &shown))
    }

    async fn logs(&self, name: &str, lines: usize, follow: bool) -> Result<LogLines, SupervisorError> {
        let path = self.known(name)?;
        if let Some(log) = log_file(&path)? {
            return logs::read(log, lines, follow);
        }
        Ok(self.journal(name, lines, follow))
    }
}

impl Systemd {
    /// Reads the journal in a task of its own, which ends when the stream is dropped.
    fn journal(&self, name: &str, lines: usize, follow: bool) -> LogLines {
        let (sender, receiver) = mpsc::unbounded_channel();
        let (journalctl, cancel, name) = (self.journalctl.clone(), self.cancel.clone(), name.to_owned());
        tokio::spawn(async move {
            let unit = unit(&name);
            let on_line = |line: &str| drop(sender.send(Ok(line.to_owned())));
            let read = async {
                if follow {
                    journalctl.follow(&[&unit], lines, &cancel, on_line).await
                } else {
                    journalctl.logs(&[&unit], lines, &cancel, on_line).await
                }
            };
            tokio::select! {
                read = read => if let Err(source) = read {
                    let _ = sender.send(Err(tool("read the journal of", &name)(source)));
                },
                () = sender.closed() => {}
            }
        });
        stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|line| (line, receiver))
        })
        .boxed()
    }
}

fn unit(name: &str) -> String {
    format!("{name}.service")
}

fn tool(verb: &str, name: &str) -> impl FnOnce(ToolError) -> SupervisorError + use<> {
    SupervisorError::tool(format!("{verb} unit `{name}`"))
}

/// Prefers what the unit's own state tells over `systemctl`'s words, which only point to it.
fn settle(
    name: &str,
    done: Result<(), ToolError>,
    verb: &str,
    status: UnitStatus,
) -> Result<UnitStatus, SupervisorError> {
    match (done, status.state) {
        (Ok(()), UnitState::Running | UnitState::Stopped) => Ok(status),
        (_, UnitState::Backoff | UnitState::Failed) => Err(SupervisorError::NotUp {
            unit: name.to_owned(),
            state: status.state,
            reason: status
                .last_exit
                .unwrap_or_else(|| "for no known reason".to_owned()),
        }),
        (Err(source), _) => Err(tool(verb, name)(source)),
    }
}

fn status_of(name: &str, shown: &UnitProperties) -> UnitStatus {
    let state = match (shown.active_state.as_str(), shown.sub_state.as_str()) {
        (_, "auto-restart" | "auto-restart-queued") => UnitState::Backoff,
        ("active" | "activating" | "reloading" | "deactivating", _) => UnitState::Running,
        ("failed", _) => UnitState::Failed,
        _ => UnitState::Stopped,
    };
    let last_exit = match shown.result.as_str() {
        // Of a program that runs, systemd tells how it is doing, not how the one before it ended.
        _ if state == UnitState::Running => None,
        "" => None,
        "success" | "exit-code" => Some(format!("status {}", shown.exec_main_status)),
        "signal" => Some(format!("signal {}", shown.exec_main_status)),
        other => Some(other.to_owned()),
    };
    UnitStatus {
        name: name.to_owned(),
        state,
        pid: shown.main_pid,
        restarts: shown.restarts,
        // systemd tells moments in a form for people, or counted from the start of the machine.
        since: None,
        last_exit,
    }
}

/// Finds the file that a service writes to, if it is not the journal.
fn log_file(path: &Utf8Path) -> Result<Option<Utf8PathBuf>, SupervisorError> {
    let text = fs_err::read_to_string(path).map_err(SupervisorError::file("read", path))?;
    let file = text
        .lines()
        .find_map(|line| line.strip_prefix("StandardOutput=append:"));
    Ok(file.map(|file| Utf8PathBuf::from(file.replace("%%", "%"))))
}
