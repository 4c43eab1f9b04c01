//! What the tasks of components write.

use futures_util::StreamExt as _;

use super::account::Account;
use super::error::AccountError;
use super::place::dashed;
use crate::aws::LogPlace;
use crate::deployment::{Deployment, Part};
use crate::drivers::{DriverError, LogLine, LogLines, Tail, World};

/// Lists what of a part writes logs.
pub fn writers(part: &Part) -> Vec<String> {
    part.components
        .iter()
        .map(|component| component.name.clone())
        .collect()
}

/// Reads what every task of a component writes.
///
/// # Errors
/// [`AccountError`] when AWS cannot be asked.
pub async fn logs(
    world: &World,
    (deployment, part): (&Deployment, &Part),
    subject: &str,
    tail: Tail,
) -> Result<LogLines, AccountError> {
    let account = Account::connect(world, deployment, part).await?;
    let service = dashed(subject);
    let place = LogPlace {
        group: format!("/{}/{service}", account.place.name),
        streams: String::new(),
    };
    let lines = account
        .aws
        .log_lines(place, tail.lines, tail.follow, &account.cancel);
    let component = subject.to_owned();
    let named = lines.map(move |written| match written {
        Ok(written) => Ok(LogLine {
            component: component.clone(),
            pod: Some(written.task().to_owned()),
            line: written.line,
        }),
        Err(error) => Err(DriverError::from(AccountError::from(error))),
    });
    Ok(named.boxed())
}
