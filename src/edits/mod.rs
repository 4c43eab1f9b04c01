//! What customers changed by hand in files that Landfall placed: told from what was rendered, kept, merged or shown.
//!
//! Everything here is text in which secrets are references; [`Vault`] turns what lies on disk into such text and refuses
//! what it cannot. Pure: it reads no file and must not decide where files lie.

mod decide;
mod difference;
mod merge;
mod vault;

pub use decide::{Decided, Decision, Decisions, Edit, Outcome, Sides, decide};
pub use difference::{HIDDEN, difference, shown};
pub use merge::{Merge, merge};
pub use vault::{Referred, Vault};

/// The folder of artifacts that are placed instead of rendered ones of the same path: what was kept and merged.
pub const EDITS: &str = "edits";
