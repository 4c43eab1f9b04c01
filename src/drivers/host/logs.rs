//! What the units of components write.

use futures_util::StreamExt as _;

use super::error::HostError;
use super::layout::Layout;
use crate::deployment::{Deployment, Part};
use crate::drivers::{LogLine, LogLines, Tail, World};

/// Reads what a unit writes.
///
/// # Errors
/// [`HostError`] when what keeps it running cannot be asked.
pub async fn logs(
    world: &World,
    (deployment, part): (&Deployment, &Part),
    subject: &str,
    tail: Tail,
) -> Result<LogLines, HostError> {
    let layout = Layout::known(deployment, part)?;
    let unit = layout.unit(subject);
    let failed = |source| HostError::Unit {
        unit: unit.clone(),
        doing: "read the log of",
        said: String::new(),
        source: Box::new(source),
    };
    let manager = world.units(&layout).map_err(|source| HostError::Tool {
        doing: format!("read the log of {unit}"),
        source: Box::new(source),
    })?;
    let lines = manager
        .logs(&unit, tail.lines, tail.follow)
        .await
        .map_err(&failed)?;
    let (unit, component) = (unit.clone(), subject.to_owned());
    let lines = lines.map(move |line| match line {
        Ok(line) => Ok(LogLine {
            component: component.clone(),
            pod: None,
            line,
        }),
        Err(source) => Err(HostError::Unit {
            unit: unit.clone(),
            doing: "read the log of",
            said: String::new(),
            source: Box::new(source),
        }
        .into()),
    });
    Ok(lines.boxed())
}
