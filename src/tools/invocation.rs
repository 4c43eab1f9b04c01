//! One call of one program.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};

use super::output::redact;
use super::signal::StopSignal;
use super::useradd::Account;
use crate::secret::Secret;

/// Names the variables that a program may need from our own environment to work at all.
///
/// Paths, language, time zone, proxies and certificate stores. Everything else is set on purpose or not at all.
pub const ALLOWED_ENVIRONMENT: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_RUNTIME_DIR",
];

/// Picks the variables named in `allowed` out of an environment.
pub fn allowed_environment(
    variables: impl IntoIterator<Item = (String, String)>,
    allowed: &[&str],
) -> BTreeMap<String, String> {
    variables
        .into_iter()
        .filter(|(name, _)| allowed.contains(&name.as_str()))
        .collect()
}

/// Describes one call of one program, before it is made.
///
/// The environment starts empty. Secrets are given as values of their own, reach the program through its environment
/// or standard input, never through its arguments, and are replaced by `[secret]` wherever the call or its output is
/// shown.
#[derive(Clone)]
pub struct Invocation {
    pub(super) program: Utf8PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) doing: String,
    pub(super) directory: Option<Utf8PathBuf>,
    pub(super) inherited: BTreeMap<String, String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) secret_variables: BTreeMap<String, Secret>,
    pub(super) stdin: Option<Stdin>,
    pub(super) record: Option<Utf8PathBuf>,
    pub(super) account: Option<Account>,
    pub(super) open_files: Option<u64>,
    pub(super) timeout: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) stop: Stop,
    pub(super) accepted: BTreeSet<i32>,
}

/// Who is asked to stop, and how.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    /// The program with everything it started, by SIGTERM.
    Group,
    /// The program itself.
    Alone(StopSignal),
}

/// What a program reads on standard input.
#[derive(Clone)]
pub(super) enum Stdin {
    Plain(Vec<u8>),
    Secret(Secret),
}

impl Invocation {
    /// Describes a call of `program`; `doing` says what for, such as `reading the unit's state`.
    pub fn new(program: impl Into<Utf8PathBuf>, doing: impl Into<String>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            doing: doing.into(),
            directory: None,
            inherited: BTreeMap::new(),
            variables: BTreeMap::new(),
            secret_variables: BTreeMap::new(),
            stdin: None,
            record: None,
            account: None,
            open_files: None,
            timeout: None,
            grace: Duration::from_secs(10),
            stop: Stop::Group,
            accepted: BTreeSet::from([0]),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<String>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets the working directory.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<Utf8PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// Takes over variables of our own environment; see [`allowed_environment`]. They are not shown.
    #[must_use]
    pub fn inherit(mut self, variables: &BTreeMap<String, String>) -> Self {
        self.inherited.extend(variables.clone());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets an environment variable to a secret.
    #[must_use]
    pub fn secret_env(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.secret_variables.insert(name.into(), value);
        self
    }

    /// Gives the program something to read.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(Stdin::Plain(bytes.into()));
        self
    }

    /// Gives the program a secret to read.
    #[must_use]
    pub fn secret_stdin(mut self, secret: Secret) -> Self {
        self.stdin = Some(Stdin::Secret(secret));
        self
    }

    /// Has standard output written to the end of a file of the owner's alone, and read from there.
    ///
    /// A program whose reader goes away ends at its next word; this one goes on when we are killed, and what it wrote is
    /// found there.
    #[must_use]
    pub fn record(mut self, file: impl Into<Utf8PathBuf>) -> Self {
        self.record = Some(file.into());
        self
    }

    /// Runs the program as another account, without supplementary groups; only root may.
    #[must_use]
    pub fn run_as(mut self, account: &Account) -> Self {
        self.account = Some(account.clone());
        self
    }

    /// Sets how many files the program may have open.
    #[must_use]
    pub const fn open_files(mut self, count: u64) -> Self {
        self.open_files = Some(count);
        self
    }

    /// Stops the program when it takes longer.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time between SIGTERM and SIGKILL when the program is stopped; ten seconds unless set.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Has the program itself stopped, by this signal; what it started is its own affair. Otherwise all of them get
    /// SIGTERM.
    #[must_use]
    pub const fn stop_alone(mut self, signal: StopSignal) -> Self {
        self.stop = Stop::Alone(signal);
        self
    }

    /// Says that an exit code other than zero is fine too, such as 2 of `terraform plan -detailed-exitcode`.
    #[must_use]
    pub fn accept(mut self, code: i32) -> Self {
        self.accepted.insert(code);
        self
    }

    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> &Utf8Path {
        &self.program
    }

    /// Replaces this call's secrets in a text.
    pub(super) fn redact(&self, text: &str) -> String {
        let stdin = match &self.stdin {
            Some(Stdin::Secret(secret)) => Some(secret),
            Some(Stdin::Plain(_)) | None => None,
        };
        redact(text, self.secret_variables.values().chain(stdin))
    }

    /// Returns the program's file name, which is what people know it by.
    pub(super) fn name(&self) -> String {
        self.program
            .file_name()
            .unwrap_or(self.program.as_str())
            .to_owned()
    }
}

/// Writes a command line that can be pasted into a shell; secrets appear as `[secret]`.
impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(directory) = &self.directory {
            words.push(format!("cd {} &&", quote(directory.as_str())));
        }
        words.extend(
            self.variables
                .iter()
                .map(|(name, value)| format!("{name}={}", quote(value))),
        );
        words.extend(
            self.secret_variables
                .keys()
                .map(|name| format!("{name}='[secret]'")),
        );
        words.push(quote(self.program.as_str()));
        words.extend(self.arguments.iter().map(|argument| quote(argument)));
        f.write_str(&self.redact(&words.join(" ")))
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Invocation({self})")
    }
}

/// Quotes a word for a POSIX shell where it needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_display_can_be_pasted_and_hides_secrets() {
        let call = Invocation::new("/bin/echo", "testing")
            .arg("it's")
            .arg("--password=hunter2")
            .env("MODE", "a b")
            .secret_env("PASSWORD", Secret::new("hunter2"))
            .directory("/tmp");
        insta::assert_snapshot!(
            call,
            @r"cd /tmp && MODE='a b' PASSWORD='[secret]' /bin/echo 'it'\''s' --password=[secret]"
        );
        assert!(!format!("{call:?}").contains("hunter2"));
    }

    #[test]
    fn only_allowed_variables_are_taken_over() {
        let ours = [("PATH", "/bin"), ("AWS_SECRET", "x")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let taken = allowed_environment(ours, ALLOWED_ENVIRONMENT);
        assert_eq!(taken.into_keys().collect::<Vec<_>>(), ["PATH"]);
    }
}
