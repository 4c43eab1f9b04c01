//! What can go wrong in an AWS account.

use std::time::Duration;

use camino::Utf8PathBuf;
use thiserror::Error;

use super::refusal::Refusal;
use super::services::RolloutFailure;
use super::tasks::TaskFailure;

/// Describes what was tried in AWS and failed.
#[derive(Debug, Error)]
pub enum AwsError {
    /// The certificates that `AWS_CA_BUNDLE` names could not be read.
    #[error("could not read the certificates that AWS_CA_BUNDLE names: `{path}`")]
    Bundle {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// No region is known.
    #[error("no region is set")]
    NoRegion,
    /// The account is not the one that is meant.
    #[error("these are keys of account {found} (`{arn}`), and the account that is meant is {wanted}")]
    OtherAccount {
        /// The account that is meant.
        wanted: String,
        /// The one that was found.
        found: String,
        /// Who one is there.
        arn: String,
    },
    /// AWS did not do what it was asked for.
    #[error("could not {doing}")]
    Call {
        /// What was tried.
        doing: String,
        /// What it said.
        #[source]
        source: Box<Refusal>,
    },
    /// AWS's answer lacks what it must have.
    #[error("could not {doing}: AWS's answer has no {missing}")]
    Strange {
        /// What was tried.
        doing: String,
        /// What is not in it.
        missing: &'static str,
    },
    /// It was to stop.
    #[error("interrupted: {doing}")]
    Interrupted {
        /// What was being done.
        doing: String,
    },
    /// It took longer than it may.
    #[error("{what} after {} s", .after.as_secs())]
    TimedOut {
        /// What did not come, as `the service is not steady`.
        what: String,
        /// How long it had.
        after: Duration,
    },
    /// A task did not do its part.
    #[error("task {task} did not do its part")]
    Task {
        /// The task's ARN.
        task: String,
        /// Why not.
        #[source]
        failure: TaskFailure,
    },
    /// ECS would not start a task.
    #[error("ECS would not start a task of {definition}: {reason}")]
    TaskRefused {
        /// The revision that was to run.
        definition: String,
        /// What ECS said.
        reason: String,
    },
    /// A service does not run what it should.
    #[error("service `{service}` does not run {definition}")]
    Rollout {
        /// The service.
        service: String,
        /// The revision that was wanted.
        definition: String,
        /// Why not.
        #[source]
        failure: Box<RolloutFailure>,
    },
    /// A service is not there.
    #[error("there is no service `{service}` in cluster `{cluster}`")]
    NoService {
        /// The cluster.
        cluster: String,
        /// The service.
        service: String,
    },
    /// A snapshot with the name is there, and not of this database.
    #[error("there is a snapshot `{name}` already, of `{database}` and not of `{wanted}`")]
    OtherSnapshot {
        /// The snapshot.
        name: String,
        /// What it is of.
        database: String,
        /// What it was to be of.
        wanted: String,
    },
    /// A database cannot be saved as it is.
    #[error("RDS makes no snapshot of database `{database}`, which is {status}")]
    NoSnapshot {
        /// The database.
        database: String,
        /// What RDS calls its state, such as `stopped`.
        status: String,
    },
    /// A snapshot was not finished.
    #[error("snapshot `{name}` of `{database}` is {status}")]
    Snapshot {
        /// The snapshot.
        name: String,
        /// What it is of.
        database: String,
        /// What RDS calls it, such as `failed`, or `gone`.
        status: String,
    },
}

impl AwsError {
    /// Says what to do next, where that is known.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoRegion => Some("name one in the answers, or set AWS_REGION"),
            Self::OtherAccount { .. } => Some("take that account's keys, or set AWS_PROFILE to its profile"),
            Self::Call { source, .. } => source.advice(),
            Self::Task { failure, .. } => failure.advice(),
            Self::TaskRefused { .. } => {
                Some("ECS's reason says what it lacks; where that is capacity, try again later")
            }
            Self::Rollout { failure, .. } => failure.advice(),
            Self::OtherSnapshot { .. } => Some("delete it in RDS, or take another name"),
            Self::NoSnapshot { .. } => Some("let it become available in RDS, then try again"),
            _ => None,
        }
    }

    /// Says whether AWS answered with this code.
    pub(super) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Call { source, .. } if source.code() == Some(code))
    }

    /// Says whether a cluster that was asked about is not there.
    pub fn is_no_cluster(&self) -> bool {
        self.is("ClusterNotFoundException")
    }

    /// Says whether who is signed in lacks the right to ask.
    pub fn is_denied(&self) -> bool {
        ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"]
            .iter()
            .any(|code| self.is(code))
    }

    /// Says whether the same call may well succeed a little later.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Call { source, .. } if source.is_passing())
    }
}

impl Refusal {
    fn advice(&self) -> Option<&'static str> {
        match self.code() {
            Some("ExpiredToken" | "ExpiredTokenException" | "RequestExpired") => {
                Some("the sign-in has expired: sign in again")
            }
            Some("InvalidClientTokenId" | "UnrecognizedClientException" | "SignatureDoesNotMatch") => {
                Some("AWS does not know these keys: check them, and the profile")
            }
            Some("AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation") => {
                Some("who is signed in lacks a right that AWS names here")
            }
            None if self.is_passing() => {
                Some("check the way to AWS: name resolution, proxies, endpoints of the network")
            }
            None => Some("sign in to AWS, or set AWS_PROFILE"),
            _ => None,
        }
    }
}

/// Makes an adapter for `ok_or_else` on what an answer must have.
pub(super) fn strange(doing: &str, missing: &'static str) -> impl FnOnce() -> AwsError {
    let doing = doing.to_owned();
    move || AwsError::Strange { doing, missing }
}
