//! What components write, from wherever they run.

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::Serialize;

use super::{DriverError, World, accounts, aws, clusters, host, hosts, kubernetes};
use crate::deployment::Deployment;

/// How much of a log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// How many of the last lines.
    pub lines: usize,
    /// Whether to go on with new ones.
    pub follow: bool,
}

/// A line that a component wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogLine {
    /// The component or service.
    pub component: String,
    /// The pod, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The line.
    pub line: String,
}

/// The lines of one or several components, as they come.
pub type LogLines = BoxStream<'static, Result<LogLine, DriverError>>;

/// Lists the components and services of which there are logs.
///
/// # Errors
/// [`DriverError`] when a part's options are not usable.
pub fn log_writers(deployment: &Deployment) -> Result<Vec<String>, DriverError> {
    let mut all = Vec::new();
    for part in hosts(deployment) {
        all.extend(host::units(deployment, part));
    }
    for part in clusters(deployment) {
        all.extend(kubernetes::writers(deployment, part)?);
    }
    all.extend(accounts(deployment).flat_map(aws::writers));
    Ok(all)
}

/// Reads what components wrote, all of them when none is named.
///
/// # Errors
/// [`DriverError`] when one cannot be asked.
pub async fn logs(
    world: &World,
    deployment: &Deployment,
    named: &[String],
    tail: Tail,
) -> Result<LogLines, DriverError> {
    let wanted = |subject: &String| named.is_empty() || named.contains(subject);
    let mut streams = stream::SelectAll::new();
    for part in hosts(deployment) {
        for subject in host::units(deployment, part).into_iter().filter(wanted) {
            streams.push(host::logs(world, (deployment, part), &subject, tail).await?);
        }
    }
    for part in clusters(deployment) {
        let subjects = kubernetes::writers(deployment, part)?;
        for subject in subjects.into_iter().filter(wanted) {
            streams.push(kubernetes::logs(world, (deployment, part), &subject, tail).await?);
        }
    }
    for part in accounts(deployment) {
        for subject in aws::writers(part).into_iter().filter(wanted) {
            streams.push(aws::logs(world, (deployment, part), &subject, tail).await?);
        }
    }
    Ok(streams.boxed())
}
