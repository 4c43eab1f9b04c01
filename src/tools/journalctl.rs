//! `journalctl`: what units under systemd wrote.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::cancel::CancelToken;
use super::error::ToolError;
use super::invocation::Invocation;
use super::output::Stream;

/// Reads the journal through `journalctl`.
#[derive(Clone, Debug)]
pub struct Journalctl {
    program: Utf8PathBuf,
    environment: BTreeMap<String, String>,
}

impl Journalctl {
    /// Takes the program and the environment it may have.
    #[must_use]
    pub const fn new(program: Utf8PathBuf, environment: BTreeMap<String, String>) -> Self {
        Self { program, environment }
    }

    /// Hands over the last `lines` lines of the units, oldest first.
    pub async fn logs(
        &self,
        units: &[&str],
        lines: usize,
        cancel: &CancelToken,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<(), ToolError> {
        self.read(self.call(units, lines), cancel, on_line).await
    }

    /// Hands over the last `lines` lines and then every new one, until the token forces an end or the future is
    /// dropped.
    pub async fn follow(
        &self,
        units: &[&str],
        lines: usize,
        cancel: &CancelToken,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<(), ToolError> {
        self.read(self.call(units, lines).arg("--follow"), cancel, on_line)
            .await
    }

    fn call(&self, units: &[&str], lines: usize) -> Invocation {
        let call = Invocation::new(&self.program, "reading the journal")
            .inherit(&self.environment)
            .args(["--no-pager", "--quiet", "--output=cat"])
            .arg(format!("--lines={lines}"));
        units
            .iter()
            .fold(call, |call, unit| call.arg(format!("--unit={unit}")))
    }

    async fn read(
        &self,
        call: Invocation,
        cancel: &CancelToken,
        mut on_line: impl FnMut(&str) + Send,
    ) -> Result<(), ToolError> {
        let read = call.stream(cancel, |stream, line| {
            if stream == Stream::Out {
                on_line(line);
            }
        });
        read.await.map(drop)
    }
}
