//! A hermetic place to run the real binary in: own folder, own environment, no terminal.
#![allow(dead_code, reason = "each test file uses what it needs")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests start the binary itself, and read their own environment"
)]

use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use camino::{Utf8Path, Utf8PathBuf};

/// No verb that is given nothing to wait for takes longer, even on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);

/// A folder with a home of its own, removed at the end.
pub struct TestEnv {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

/// What a run of the binary gave.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output, with paths of this run replaced.
    pub stdout: String,
    /// Standard error, with paths of this run replaced.
    pub stderr: String,
}

/// What standard input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// At its end from the beginning.
    Closed,
    /// Open, and nobody ever says anything.
    Silent,
}

/// Finds a file below `tests/data`.
pub fn data(path: &str) -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(path)
}

/// Copies a folder with all that is in it.
pub fn copy_folder(from: &Utf8Path, to: &Utf8Path) {
    fs_err::create_dir_all(to).unwrap();
    for entry in from.read_dir_utf8().unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(entry.path(), &target);
        } else {
            fs_err::copy(entry.path(), &target).unwrap();
        }
    }
}

impl TestEnv {
    /// Makes the folders.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Self {
            folder,
            variables: Vec::new(),
        };
        for name in ["home", "work", "data", "cache"] {
            fs_err::create_dir(env.root().join(name)).unwrap();
        }
        env
    }

    /// Makes the folders and copies the products of the tests to where they are found.
    pub fn with_products() -> Self {
        let env = Self::new();
        copy_folder(&data("products"), &env.root().join("products"));
        env
    }

    /// Sets an environment variable for every run.
    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The folder that holds everything.
    pub fn root(&self) -> &Utf8Path {
        Utf8Path::from_path(self.folder.path()).unwrap()
    }

    /// The folder that commands run in.
    pub fn work(&self) -> Utf8PathBuf {
        self.root().join("work")
    }

    /// Writes a file below the working folder.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Utf8PathBuf {
        let path = self.work().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(&path, content).unwrap();
        path
    }

    /// Prepares the binary.
    pub fn command(&self, args: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_landfall"), args)
    }

    /// Prepares any program in the same environment.
    pub fn program(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.work())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root().join("home"))
            .env("USER", "jo")
            .env("COLUMNS", "100")
            .env("TZ", "UTC")
            .env("LANDFALL_DATA", self.root().join("data"))
            .env("LANDFALL_CACHE", self.root().join("cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let products = self.root().join("products");
        if products.is_dir() {
            command.env("LANDFALL_PRODUCTS", products);
        }
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    /// Runs the binary with its input closed.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.finish(self.command(args), Input::Closed, args)
    }

    /// Runs the binary with its input as told.
    pub fn run_with(&self, args: &[&str], input: Input) -> Ran {
        self.finish(self.command(args), input, args)
    }

    /// Runs a prepared program to its end.
    pub fn finish(&self, mut command: Command, input: Input, args: &[&str]) -> Ran {
        if input == Input::Silent {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().unwrap();
        // Kept until the end: dropping it would close the input.
        let _silent = child.stdin.take();
        let stdout = collect(child.stdout.take().unwrap());
        let stderr = collect(child.stderr.take().unwrap());
        let Some(status) = wait(&mut child) else {
            let _ = child.kill();
            let _ = child.wait();
            panic!("{args:?} did not end within {LONGEST:?}");
        };
        let text = |bytes: mpsc::Receiver<Vec<u8>>| {
            let bytes = bytes.recv_timeout(Duration::from_secs(5)).unwrap_or_default();
            self.filtered(&String::from_utf8_lossy(&bytes))
        };
        let ran = Ran {
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        };
        assert!(
            ran.code != Some(101) && !ran.stderr.contains("panicked"),
            "{args:?} panicked:\n{ran}"
        );
        ran
    }

    /// Replaces what differs from run to run.
    pub fn filtered(&self, text: &str) -> String {
        let real = self.root().canonicalize_utf8().unwrap();
        text.replace(real.as_str(), "[ROOT]")
            .replace(self.root().as_str(), "[ROOT]")
            .replace("[ROOT]/work/", "")
    }
}

fn collect(mut stream: impl std::io::Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < LONGEST {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    None
}

impl Ran {
    /// Everything that was written.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}):\n{self}"))
    }

    /// Fails unless the exit code is this one.
    #[track_caller]
    pub fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Fails unless all of these words were written to standard error.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        for word in words {
            assert!(self.stderr.contains(word), "`{word}` is not said:\n{self}");
        }
        self
    }
}

impl std::fmt::Display for Ran {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let code = self
            .code
            .map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit {code}"));
        writeln!(formatter, "{code}")?;
        if !self.stdout.is_empty() {
            write!(formatter, "---- stdout\n{}", self.stdout)?;
        }
        if !self.stderr.is_empty() {
            write!(formatter, "---- stderr\n{}", self.stderr)?;
        }
        Ok(())
    }
}
