//! What happened: the durable record of every run.
//!
//! Under `<installation>/` in a [`Store`] lie:
//!
//! ```text
//! lock                          who is at work
//! runs/<run>/run.json           who started it, when, how; written last, so that a run without it was never begun
//! runs/<run>/plan.json          exactly what was approved
//! runs/<run>/deployment.yaml    with secrets only as references
//! runs/<run>/artifacts/<path>   what was rendered
//! runs/<run>/stages/<version>/  deployment and artifacts of a release on the way
//! runs/<run>/journal/000001.json, 000002.json, …
//! runs/<run>/output/<step>.log  what programs said, redacted
//! ```
//!
//! Every record is an object of its own, created on the condition that it is not there: no line can be torn, and a
//! second writer is refused by the store itself. [`RunState`] refuses a record that cannot follow the ones before it,
//! when it is written and when it is read. [`History`] is the fold of all runs.
//!
//! This folder must not act on the world it records, print, or read the environment, the clock or randomness.

mod clock;
mod error;
mod format;
mod history;
mod installation;
mod lease;
mod legality;
mod local;
mod local_lock;
mod lock;
mod object;
mod process;
mod record;
mod run_id;
mod run_journal;
mod state;
mod store;

pub use clock::Clock;
pub use error::{Cause, Illegal, JournalError};
pub use format::{FORMAT, OLDEST_READ};
pub use history::{History, Installed, RunStatus, RunSummary};
pub use installation::{Installation, NewRun, RecordedRun, StageFiles};
pub use local::LocalStore;
pub use lock::{Acquired, HeldLock, Holder, LockGuard, LockTerms, LockWatch};
pub use object::ObjectStore;
pub use process::host;
pub use record::{Finish, Record, RecordKind, StepOutput};
pub use run_id::RunId;
pub use run_journal::{Journal, RunAbout};
pub use state::{Backward, Forward, RunState, StepState};
pub use store::{Log, Store, open_store};

#[cfg(test)]
pub(crate) mod testing;
