//! Which display a run gets.

use tokio::sync::mpsc::Receiver;

use super::context::Context;
use super::error::Result;
use crate::run::{Event, Header};

/// What shows a run.
pub struct Display {
    context: Context,
}

impl Display {
    /// Opens the displays that the options ask for.
    ///
    /// # Errors
    /// When the events file cannot be written.
    pub fn open(context: &Context, _: &Header) -> Result<Self> {
        Ok(Self { context: context.clone() })
    }

    /// Shows every event until the run is over.
    pub async fn follow(self, mut events: Receiver<Event>) {
        while let Some(event) = events.recv().await {
            self.context.say(format!("{event:?}"));
        }
    }
}
