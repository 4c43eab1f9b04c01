//! `systemctl`: units under systemd.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;

/// Speaks to systemd through `systemctl`.
#[derive(Clone, Debug)]
pub struct Systemctl {
    program: Utf8PathBuf,
    environment: BTreeMap<String, String>,
}

/// Holds what systemd knows about a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitProperties {
    /// `loaded`, `not-found`, `masked` and so on.
    pub load_state: String,
    /// `active`, `inactive`, `activating`, `deactivating`, `failed` and so on.
    pub active_state: String,
    /// The finer state, such as `running`, `exited` or `auto-restart`.
    pub sub_state: String,
    /// The main process, if it runs.
    pub main_pid: Option<u32>,
    /// How often it was restarted by itself.
    pub restarts: u64,
    /// The exit status of the last main process.
    pub exec_main_status: i32,
    /// Why the last run ended: `success`, `exit-code`, `signal`, `timeout` and so on.
    pub result: String,
    /// When it entered the present state, in microseconds since the machine started; zero if never.
    pub since_boot_microseconds: u64,
}

/// Lists what [`Systemctl::show`] asks for; systemd has had all of them since version 235.
const PROPERTIES: &str =
    "LoadState,ActiveState,SubState,MainPID,NRestarts,ExecMainStatus,Result,StateChangeTimestampMonotonic";

impl Systemctl {
    /// Takes the program, found with [`find_program`](super::find_program), and the environment it may have.
    #[must_use]
    pub const fn new(program: Utf8PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self { program, environment }
    }

    /// Tells whether systemd is this machine's init; `root` is `/` but in tests.
    ///
    /// This is the test that `sd_booted(3)` makes.
    #[must_use]
    pub fn is_running(root: &Utf8Path) -> bool {
        root.join("run/systemd/system").is_dir()
    }

    /// Makes systemd read unit files again.
    pub async fn daemon_reload(&self, cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("daemon-reload", "making systemd read its units", &[], cancel)
            .await
    }

    /// Starts units and waits until systemd calls them active.
    pub async fn start(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("start", "starting units", units, cancel).await
    }

    /// Stops units and waits until they are gone.
    pub async fn stop(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("stop", "stopping units", units, cancel).await
    }

    /// Restarts units, or starts those that do not run.
    pub async fn restart(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("restart", "restarting units", units, cancel).await
    }

    /// Makes units come up with the machine.
    pub async fn enable(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("enable", "enabling units", units, cancel).await
    }

    /// Makes units no longer come up with the machine.
    pub async fn disable(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("disable", "disabling units", units, cancel).await
    }

    /// Forgets that units failed, so that a start limit does not hold them back.
    pub async fn reset_failed(&self, units: &[&str], cancel: &CancelToken) -> Result<(), ToolError> {
        self.verb("reset-failed", "clearing failures", units, cancel)
            .await
    }

    /// Asks for a unit's state; a unit that does not exist has the load state `not-found`.
    pub async fn show(&self, unit: &str, cancel: &CancelToken) -> Result<UnitProperties, ToolError> {
        let call = Invocation::new(&self.program, format!("reading the state of `{unit}`"))
            .inherit(&self.environment)
            .args(["--no-pager", "show", "--property", PROPERTIES, "--", unit]);
        Ok(parse(&call.run(cancel).await?.stdout))
    }

    async fn verb(
        &self,
        verb: &str,
        doing: &str,
        units: &[&str],
        cancel: &CancelToken,
    ) -> Result<(), ToolError> {
        let mut call = Invocation::new(&self.program, doing)
            .inherit(&self.environment)
            .args(["--no-pager", "--no-ask-password", verb]);
        if !units.is_empty() {
            call = call.arg("--").args(units.iter().copied());
        }
        call.run(cancel).await.map(drop)
    }
}

fn parse(text: &str) -> UnitProperties {
    let found: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let word = |name: &str| found.get(name).copied().unwrap_or_default();
    UnitProperties {
        load_state: word("LoadState").to_owned(),
        active_state: word("ActiveState").to_owned(),
        sub_state: word("SubState").to_owned(),
        main_pid: word("MainPID").parse().ok().filter(|pid| *pid != 0),
        restarts: word("NRestarts").parse().unwrap_or(0),
        exec_main_status: word("ExecMainStatus").parse().unwrap_or(0),
        result: word("Result").to_owned(),
        // The other form is prose in the local language; `--timestamp=unix` came only with systemd 247.
        since_boot_microseconds: word("StateChangeTimestampMonotonic").parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read() {
        let text = "LoadState=loaded\nActiveState=active\nSubState=running\nMainPID=42\nNRestarts=3\n\
                    ExecMainStatus=0\nResult=success\nStateChangeTimestampMonotonic=17000000\n";
        let read = parse(text);
        assert_eq!(
            (read.active_state.as_str(), read.main_pid, read.restarts),
            ("active", Some(42), 3)
        );
        assert_eq!(read.since_boot_microseconds, 17_000_000);
        assert_eq!(parse("MainPID=0\n").main_pid, None);
    }
}
