//! The binary under test, as it runs and as it ended.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};
use rustix::process::Signal;
use serde_json::Value;

use super::{PATIENCE, process};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The binary while it runs. Dropped, it is killed.
pub struct Running {
    child: Child,
    command: String,
    out: Utf8PathBuf,
    err: Utf8PathBuf,
    ended: Option<ExitStatus>,
}

/// How the binary ended and what it said.
#[derive(Debug)]
pub struct Said {
    /// What was run.
    pub command: String,
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Data.
    pub stdout: String,
    /// Words.
    pub stderr: String,
}

impl Running {
    /// Starts it; what it writes goes to files, so that what outlives it cannot hold the test up.
    pub fn start(mut command: Command, folder: &Utf8Path, arguments: &[&str]) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (out, err) = (
            folder.join(format!("{number:04}.out")),
            folder.join(format!("{number:04}.err")),
        );
        let open = |path| Stdio::from(std::fs::File::create(path).expect("it can be made"));
        let child = command
            .stdin(Stdio::null())
            .stdout(open(&out))
            .stderr(open(&err))
            .spawn()
            .expect("the binary starts");
        Self {
            child,
            command: format!("landfall {}", arguments.join(" ")),
            out,
            err,
            ended: None,
        }
    }

    /// Returns its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("it is small")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        process::signal(self.pid(), signal);
    }

    /// Sends its whole process group a signal.
    pub fn signal_group(&self, signal: Signal) {
        process::signal_group(self.pid(), signal);
    }

    /// Says whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().expect("it is our child");
        }
        self.ended.is_some()
    }

    /// Reads what it has said so far.
    pub fn words(&self) -> String {
        fs_err::read_to_string(&self.err).unwrap_or_default()
    }

    /// Waits until it has said something, or has ended.
    pub fn until_it_says(&mut self, what: &str) -> bool {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if self.words().contains(what) {
                return true;
            }
            if self.has_ended() {
                return self.words().contains(what);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{} did not say `{what}`:\n{}", self.command, self.words());
    }

    /// Waits for its end.
    pub fn end(self) -> Said {
        self.end_within(PATIENCE)
    }

    /// Waits so long for its end.
    pub fn end_within(mut self, patience: Duration) -> Said {
        let begin = Instant::now();
        while !self.has_ended() {
            if begin.elapsed() > patience {
                let _ = self.child.kill();
                panic!(
                    "{} did not end within {patience:?}:\n{}",
                    self.command,
                    self.words()
                );
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Said {
            command: self.command.clone(),
            code: self.ended.and_then(|status| status.code()),
            stdout: fs_err::read_to_string(&self.out).unwrap_or_default(),
            stderr: self.words(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.has_ended() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Said {
    /// Asserts the exit code.
    #[track_caller]
    pub fn expect(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Asserts that the words hold something.
    #[track_caller]
    pub fn says(&self, what: &str) -> &Self {
        assert!(self.stderr.contains(what), "expected `{what}` from {self}");
        self
    }

    /// Reads the data as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("no JSON ({error}) from {self}"),
        }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            command,
            code,
            stdout,
            stderr,
        } = self;
        write!(
            formatter,
            "`{command}` ended with {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}
