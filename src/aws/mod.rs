//! What is done in an AWS account through AWS's own APIs: one-off tasks, services, databases and logs; and what is read of it
//! before anything is made there.
//!
//! [`Aws`] is one account in one region. It signs in as AWS's own tools do; [`Aws::identity`] says who that is. Everything
//! that takes time tells a [`Listener`] how it goes and ends early when its token is forced. Nothing here knows a plan, a
//! journal or Terraform, and nothing is made here that Terraform keeps: task definitions, services and clusters come from
//! there, with their names.

mod access;
mod databases;
mod error;
mod ground;
mod identity;
mod logs;
mod plain;
mod refusal;
mod secrets;
mod services;
mod tasks;
mod told;
mod wait;

pub use access::Aws;
pub use databases::{Database, DatabaseKind, DatabaseSeen, MemberSeen, SnapshotOrder, SnapshotSeen};
pub use error::AwsError;
pub use ground::{
    BucketSeen, CertificateSeen, Decision, Denied, NetworkSeen, Question, RouteSeen, SubnetSeen, Tagged,
    ZoneSeen,
};
pub use identity::Identity;
pub use logs::{LogPlace, Written, WrittenLines};
pub use refusal::Refusal;
pub use services::{EventSeen, RolloutFailure, RolloutSeen, ServiceName, ServiceSeen, TaskSeen, Wanted};
pub use tasks::{StartProblem, TaskEnd, TaskFailure, TaskNetwork, TaskOrder};
pub use told::{Listener, Told};

#[cfg(test)]
mod testing;
