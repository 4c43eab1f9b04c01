//! One object for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::Display;
use super::view::{Standing, View};
use crate::journal::RunId;
use crate::plan::StepId;
use crate::run::{Event, Header};

/// The schema of the object.
const SCHEMA: &str = "landfall/run/v1";

/// Shows a run as one object at its end: `--output json`. For a stream of lines see [`super::EventStream`].
pub struct Json<W> {
    out: W,
    view: Option<View>,
}

#[derive(Serialize)]
struct Object<'a> {
    schema: &'static str,
    run: &'a RunId,
    installation: &'a str,
    purpose: &'static str,
    release: &'a str,
    outcome: &'static str,
    because: Option<&'a str>,
    seconds: f64,
    world: String,
    steps: Vec<StepObject<'a>>,
}

#[derive(Serialize)]
struct StepObject<'a> {
    id: &'a StepId,
    title: &'a str,
    standing: Standing,
    seconds: Option<f64>,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self { out, view: None }
    }
}

impl<W: Write + Send> Display for Json<W> {
    fn begin(&mut self, header: &Header) -> io::Result<()> {
        self.view = Some(View::new(header));
        Ok(())
    }

    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let Some(view) = &mut self.view {
            view.apply(event);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        let Some(view) = &self.view else { return Ok(()) };
        serde_json::to_writer_pretty(&mut self.out, &object(view))?;
        writeln!(self.out)?;
        self.out.flush()
    }
}

fn object(view: &View) -> Object<'_> {
    let Header { schema: _, run, plan } = view.header();
    let steps = plan.steps.iter().filter_map(|outline| {
        let step = view.step(&outline.id)?;
        let seconds = step.took.map(|took| took.as_secs_f64());
        Some(StepObject {
            id: &outline.id,
            title: &outline.title,
            standing: step.standing,
            seconds,
        })
    });
    Object {
        schema: SCHEMA,
        run,
        installation: &plan.installation,
        purpose: plan.purpose.verb(),
        release: &plan.release,
        outcome: view.outcome(),
        because: view.because(),
        seconds: view.took().as_secs_f64(),
        world: view.world(),
        steps: steps.collect(),
    }
}
