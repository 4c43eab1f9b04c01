//! Questions become answers: the ranking of modes, the conversation, and the file that it ends in.
//!
//! Three ways lead to the same file, byte for byte: [`run`] asks a person, [`apply_all`] takes `key=value` pairs and
//! [`complete_without_asking`] takes defaults; [`write()`] writes what any of them made. Nothing here prints but
//! [`Terminal`], and nothing reads the environment or the clock.

mod ask;
mod complete;
mod error;
mod flow;
mod keys;
mod lines;
mod prompter;
mod rank;
mod set;
mod summary;
mod take;
mod tree;
mod write;

pub use complete::{complete, complete_without_asking};
pub use error::{PromptError, WizardError};
pub use flow::{Manner, run};
pub use prompter::{Form, Item, Prompt, Prompter, Reply, Terminal};
pub use rank::{Ranked, additions, rank};
pub use set::{apply, apply_all};
pub use write::write;
