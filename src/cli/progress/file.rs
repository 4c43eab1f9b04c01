//! The stream of events, for whoever asked for it.

use std::io::{self, Write};

use camino::Utf8Path;

use super::Display;
use crate::run::{Event, EventWriter, Header};

/// Writes every event as a line, at once: `--events FILE`.
pub struct EventStream<W: Write> {
    state: State<W>,
}

enum State<W: Write> {
    New(W),
    Open(EventWriter<W>),
    Closed,
}

impl<W: Write> EventStream<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            state: State::New(out),
        }
    }
}

impl EventStream<fs_err::File> {
    /// Writes to a file, over what is there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Utf8Path) -> io::Result<Self> {
        Ok(Self::new(fs_err::File::create(path.as_std_path())?))
    }
}

impl<W: Write + Send> Display for EventStream<W> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        if let State::New(out) = std::mem::replace(&mut self.state, State::Closed) {
            self.state = State::Open(EventWriter::new(out, header)?);
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        match &mut self.state {
            State::Open(writer) => writer.event(event),
            State::New(_) | State::Closed => Ok(()),
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.state = State::Closed;
        Ok(())
    }
}
