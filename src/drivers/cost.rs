//! What a deployment costs, part by part: a target lists what it makes, its price table knows the rest.

use jiff::civil::Date;
use serde::Serialize;

use super::{DriverError, aws};
use crate::cost::{Amount, Band, Estimate, Question, Table, estimate};
use crate::deployment::{Deployment, Part};
use crate::product::Target;

/// What a part costs.
#[derive(Debug, Serialize)]
pub struct PartCost {
    /// The part.
    pub part: String,
    /// Where it lies; none where the vendor runs it.
    pub target: Option<Target>,
    /// The estimate; none where there is nothing to estimate.
    pub estimate: Option<Estimate>,
}

/// Estimates what a month of every part costs. Pure.
///
/// # Errors
/// [`DriverError::Render`] for what cannot be rendered, [`DriverError::Cost`] when something is assumed that no table asks.
pub fn cost(
    deployment: &Deployment,
    assumed: &[(String, Band<Amount>)],
    today: Date,
) -> Result<Vec<PartCost>, DriverError> {
    let of_part = |part: &Part| {
        let estimate = match part.target {
            Some(Target::Aws) => Some(of_aws(deployment, part, assumed, today)?),
            _ => None,
        };
        Ok(PartCost {
            part: part.name.clone(),
            target: part.target,
            estimate,
        })
    };
    deployment.parts.values().map(of_part).collect()
}

fn of_aws(
    deployment: &Deployment,
    part: &Part,
    assumed: &[(String, Band<Amount>)],
    today: Date,
) -> Result<Estimate, DriverError> {
    let mut table = Table::parse(aws::PRICES)?;
    for (key, band) in assumed {
        table.assume(key, *band)?;
    }
    let place = aws::Place::of(deployment, part)?;
    let made = aws::made(deployment, part)?.layers.into_values().flatten();
    let question = Question {
        region: &place.options.region,
        things: &aws::things(deployment, part)?,
        made: &made.filter(|kind| !kind.starts_with("data.")).collect(),
        today,
    };
    Ok(estimate(&table, question)?)
}
