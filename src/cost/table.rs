//! The price table: dated data that is kept beside a target's templates.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::amount::{Amount, Band, Money};
use super::error::CostError;

/// Prices of one day, and what is charged with them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The day on which they were known.
    pub date: Date,
    /// Where they come from, in words.
    pub source: String,
    /// The currency of all prices.
    pub currency: String,
    /// How many percent a price may be off where it was written down.
    pub error: u64,
    /// How many hours a month has.
    pub hours: Amount,
    /// The region whose prices are taken where a region has none.
    pub base: String,
    /// How many percent prices may be off in a region that the table does not know.
    pub elsewhere: u64,
    /// Regions whose prices follow from those of another.
    pub regions: BTreeMap<String, Region>,
    /// What is assumed of the use that is made, by key.
    pub assumptions: BTreeMap<String, Assumption>,
    /// Prices by key.
    pub prices: BTreeMap<String, Price>,
    /// What things are charged with, by their kind.
    pub kinds: BTreeMap<String, Kind>,
    /// What is counted nowhere.
    pub uncounted: Vec<String>,
}

/// A region whose prices follow from those of another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// The other.
    pub like: String,
    /// Prices in hundredths of the other's.
    pub percent: u64,
    /// How many percent they may be off.
    pub error: u64,
}

/// Something that nobody knows before the product is used.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// What it is.
    pub title: String,
    /// What it is counted in.
    pub unit: String,
    /// The least.
    pub low: Amount,
    /// The most.
    pub high: Amount,
}

/// A price for one of something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// What it is for.
    pub title: String,
    /// What one is: `hour` counts all hours of a month.
    pub per: String,
    /// The price in every region.
    #[serde(default)]
    pub everywhere: Option<Money>,
    /// Prices by region.
    #[serde(default)]
    pub regions: BTreeMap<String, Money>,
}

/// What things of a kind cost.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// All this.
    Charges(Vec<Charge>),
    /// Nothing, because.
    Free(String),
    /// Something that is not counted, because.
    Uncounted(String),
}

/// One thing that is charged.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    /// The price, by its key.
    pub price: String,
    /// The measure of the thing that the price is multiplied by.
    #[serde(default)]
    pub by: Option<String>,
    /// What is assumed of its use.
    #[serde(default)]
    pub assume: Option<String>,
    /// A number that nothing changes.
    #[serde(default)]
    pub times: Option<Amount>,
    /// Whether it is charged once, however many of the kind there are, and wherever.
    #[serde(default)]
    pub once: bool,
}

/// Where prices were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Priced<'a> {
    /// The region whose prices they are.
    pub(super) region: &'a str,
    /// In hundredths of that region's.
    percent: u64,
    /// How many percent they may be off.
    pub(super) error: u64,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// [`CostError::Table`].
    pub fn parse(text: &str) -> Result<Self, CostError> {
        // Kinds are written as maps with one key, `charges: []`, and not as YAML's tags.
        let read = |text| -> Result<Self, serde_yaml::Error> {
            let value: serde_json::Value = serde_yaml::from_str(text)?;
            serde_json::from_value(value).map_err(serde::de::Error::custom)
        };
        read(text).map_err(|source| CostError::Table { source })
    }

    /// Finds out which prices hold in a region.
    pub(super) fn priced<'a>(&'a self, region: &'a str) -> Priced<'a> {
        let written = |region: &str| {
            self.prices
                .values()
                .any(|price| price.regions.contains_key(region))
        };
        let (region, percent, error) = match self.regions.get(region) {
            _ if written(region) => (region, 100, self.error),
            Some(it) => (it.like.as_str(), it.percent, it.error),
            None => (self.base.as_str(), 100, self.elsewhere),
        };
        Priced {
            region,
            percent,
            error,
        }
    }

    /// Gives the price of one of something.
    pub(super) fn price(&self, key: &str, priced: &Priced<'_>) -> Result<(&Price, Money), CostError> {
        let price = self.prices.get(key).ok_or_else(|| self.unknown(key))?;
        let here = |money: &Money| money.percent(priced.percent);
        let money = price
            .everywhere
            .or_else(|| price.regions.get(priced.region).map(here));
        Ok((price, money.ok_or_else(|| self.unknown(key))?))
    }

    pub(super) fn unknown(&self, name: &str) -> CostError {
        CostError::Unknown {
            date: self.date,
            name: name.to_owned(),
        }
    }

    /// Says whether the table is older than a year.
    pub fn is_old(&self, today: Date) -> bool {
        (today - self.date).get_days() > 365
    }

    /// Says instead how much of something there is.
    ///
    /// # Errors
    /// [`CostError::Assumption`] for what the table does not ask.
    pub fn assume(&mut self, key: &str, band: Band<Amount>) -> Result<(), CostError> {
        let known = || self.assumptions.keys().cloned().collect();
        if !self.assumptions.contains_key(key) {
            return Err(CostError::Assumption {
                key: key.to_owned(),
                known: known(),
            });
        }
        if let Some(assumption) = self.assumptions.get_mut(key) {
            (assumption.low, assumption.high) = (band.low, band.high);
        }
        Ok(())
    }
}
