//! What can go wrong with an external program.

use std::fmt;

use camino::Utf8PathBuf;
use thiserror::Error;

/// Describes why an external program did not do its work.
#[derive(Debug, Error)]
pub enum ToolError {
    /// The program is not there.
    #[error("{doing}: `{program}` was not found")]
    Missing {
        /// What was being done.
        doing: String,
        /// The program that was looked for.
        program: String,
    },
    /// The program is older than what is needed.
    #[error("`{program}` {found} is too old, at least {minimum} is needed")]
    TooOld {
        /// The program.
        program: String,
        /// The version that is there.
        found: semver::Version,
        /// The version that is needed.
        minimum: semver::Version,
    },
    /// The program does not say its version in a form that is understood.
    #[error("`{program}` does not tell its version")]
    Version {
        /// The program.
        program: String,
    },
    /// The program could not be started.
    #[error("{doing}: could not start `{program}`")]
    Spawn {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The connection to a running program broke.
    #[error("{doing}: could not follow `{program}`")]
    Follow {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What the program sends could not be put where it should go.
    #[error("{doing}: could not keep what `{program}` sends")]
    Keep {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// What the place said.
        #[source]
        source: std::io::Error,
    },
    /// What the program is to be given could not be had.
    #[error("{doing}: could not read what `{program}` is to be given")]
    Feed {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// What the place said.
        #[source]
        source: std::io::Error,
    },
    /// The program ended with a status that means failure.
    #[error("{doing}: `{program}` ended with {status}")]
    Failed {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// The status in words, such as `status 1`.
        status: String,
        /// The exit code, unless a signal ended it.
        code: Option<i32>,
        /// The last lines it wrote.
        #[source]
        said: Said,
    },
    /// A cluster gave no answer: it was not reached, nobody could be logged in, or it took too long.
    #[error("{doing}: there is no answer from the cluster")]
    Unanswered {
        /// What was being done.
        doing: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A cluster refused what it was asked for.
    #[error("{doing}: the cluster refused")]
    Refused {
        /// What was being done.
        doing: String,
        /// The status of its answer, as HTTP numbers it.
        code: u16,
        /// What it said, a line for each thing that it refused.
        #[source]
        said: Said,
    },
    /// A record of helm's is not understood.
    #[error("what helm noted of the release {release} in the Secret {secret} is not understood")]
    Record {
        /// The release.
        release: String,
        /// The Secret that the record is in.
        secret: String,
    },
    /// The program was stopped because somebody asked for it.
    #[error("{doing}: `{program}` was interrupted")]
    Interrupted {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
    },
    /// The program was stopped because it took too long.
    #[error("{doing}: `{program}` did not end within {seconds} s")]
    TimedOut {
        /// What was being done.
        doing: String,
        /// The program.
        program: String,
        /// The time it had.
        seconds: u64,
    },
    /// The list of accounts could not be read.
    #[error("could not read the accounts in `{path}`")]
    ReadAccounts {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An account that is needed does not exist.
    #[error("there is no account `{name}`")]
    UnknownAccount {
        /// The account's name.
        name: String,
    },
}

impl ToolError {
    /// Says whether a program that was started may not have come to its end by itself.
    pub fn may_have_been_killed(&self) -> bool {
        !matches!(
            self,
            Self::Failed { code: Some(_), .. } | Self::Missing { .. } | Self::Spawn { .. }
        )
    }
}

/// Holds the last lines that a program wrote, as the cause of its failure.
#[derive(Clone, Debug, Default)]
pub struct Said(pub Vec<String>);

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("it wrote nothing");
        }
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Said {}
