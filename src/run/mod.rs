//! Carries a plan out, record by record.
//!
//! [`Engine`] takes a [`Journal`](crate::journal::Journal) and a [`Performer`] and walks the plan's graph: forwards while
//! all goes well, backwards when a step fails. It makes no choices that the plan has not made. Every step is on record
//! before it begins, so that whoever opens the journal after a crash knows what may be half-done.
//!
//! A record is what we promise to remember; progress is what we may forget. That sentence decides where a new event goes:
//! [`Event::Recorded`] is waited for, [`Event::Progress`] is dropped when the display is slow.
//!
//! This folder must not know what actions mean, print, or read the environment, the clock or randomness.

mod backward;
mod cancel;
mod context;
mod engine;
mod error;
mod event;
mod forward;
mod performer;
mod tasks;

pub use cancel::{Cancel, Level};
pub use context::StepContext;
pub use engine::{Direction, Engine, Outcome};
pub use error::{RunError, StepError, UndoError, chain_text};
pub use event::{
    EVENTS_SCHEMA, Event, EventWriter, Events, Header, Outline, OutlineStep, Progress, ProgressKind,
    read_events,
};
pub use performer::{Performer, StepOutcome};

#[cfg(test)]
mod data_tests;
#[cfg(test)]
mod engine_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod stop_tests;
#[cfg(test)]
mod testing;
