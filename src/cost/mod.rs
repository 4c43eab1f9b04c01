//! What something costs in a month: things with their measures, times a dated table of prices.
//!
//! A driver lists the [`Thing`]s that a deployment makes; a [`Table`] says what things of each kind are charged with, and
//! what is only assumed of their use. Nothing here knows a cloud, asks anybody or reads the clock. Numbers are whole:
//! thousandths of a measure, millionths of a price.

mod amount;
mod error;
mod estimate;
mod table;
mod thing;

pub use amount::{Amount, Band, Money};
pub use error::CostError;
pub use estimate::{Assumed, Estimate, Line, Question, estimate};
pub use table::{Assumption, Charge, Kind, Price, Region, Table};
pub use thing::Thing;
