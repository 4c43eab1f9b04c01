//! Things times prices.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Serialize;

use super::amount::{Amount, Band, Money};
use super::error::CostError;
use super::table::{Charge, Kind, Priced, Table};
use super::thing::Thing;

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Where things are.
    pub region: &'a str,
    /// What is there that has a price.
    pub things: &'a [Thing],
    /// Every kind of thing that is made, in the target's words.
    pub made: &'a BTreeSet<String>,
    /// The day on which it is asked.
    pub today: Date,
}

/// What a month costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The region.
    pub region: String,
    /// The region whose prices were taken instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prices_of: Option<String>,
    /// The day of the prices.
    pub date: Date,
    /// Where they come from.
    pub source: String,
    /// Whether they are older than a year.
    pub old: bool,
    /// The currency.
    pub currency: String,
    /// What is charged.
    pub lines: Vec<Line>,
    /// What all of it comes to.
    pub total: Band<Money>,
    /// How many percent prices may be off.
    pub error_percent: u64,
    /// The same when prices are off as far as they may be.
    pub within: Band<Money>,
    /// What was assumed.
    pub assumptions: Vec<Assumed>,
    /// What is not counted.
    pub uncounted: Vec<String>,
}

/// Something that is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Where it belongs.
    pub layer: String,
    /// What it is charged for, in the target's own word.
    pub kind: String,
    /// Which one; empty where there is one alone.
    pub subject: String,
    /// What is charged.
    pub title: String,
    /// How much of it there is in a month.
    pub quantity: Band<Amount>,
    /// What one is.
    pub per: String,
    /// The price of one, with all its digits.
    #[serde(serialize_with = "exactly")]
    pub price: Money,
    /// What it comes to.
    pub cost: Band<Money>,
}

/// Something that was assumed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assumed {
    /// Its key.
    pub key: String,
    /// What it is.
    pub title: String,
    /// How much.
    pub amount: Band<Amount>,
    /// Of what.
    pub unit: String,
}

fn exactly<S: serde::Serializer>(money: &Money, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&money.exact())
}

/// Estimates what a month costs.
///
/// # Errors
/// [`CostError::Unknown`] for a kind of thing, a price, a measure or an assumption that the table does not know.
pub fn estimate(table: &Table, question: Question<'_>) -> Result<Estimate, CostError> {
    let priced = table.priced(question.region);
    let mut lines = Vec::new();
    let (mut assumed, mut charged) = (BTreeSet::new(), BTreeSet::new());
    for thing in question.things {
        let kind = table.kinds.get(&thing.kind);
        let Some(Kind::Charges(charges)) = kind else {
            return Err(table.unknown(&thing.kind));
        };
        for charge in charges {
            if charge.once && !charged.insert((&thing.kind, &charge.price)) {
                continue;
            }
            let line = line(table, &priced, thing, charge)?;
            if line.quantity.high > Amount::default() {
                assumed.extend(charge.assume.clone());
                lines.push(line);
            }
        }
    }
    let sum = |of: fn(&Line) -> Money| lines.iter().map(of).fold(Money::default(), Money::plus);
    let total = Band::new(sum(|line| line.cost.low), sum(|line| line.cost.high));
    let error = priced.error.min(100);
    Ok(Estimate {
        region: question.region.to_owned(),
        prices_of: (priced.region != question.region).then(|| priced.region.to_owned()),
        date: table.date,
        source: table.source.clone(),
        old: table.is_old(question.today),
        currency: table.currency.clone(),
        total,
        error_percent: error,
        within: Band::new(total.low.percent(100 - error), total.high.percent(100 + error)),
        assumptions: assumptions(table, &assumed),
        uncounted: uncounted(table, question.made)?,
        lines,
    })
}

fn line(table: &Table, priced: &Priced<'_>, thing: &Thing, charge: &Charge) -> Result<Line, CostError> {
    let (price, money) = table.price(&charge.price, priced)?;
    let count = if charge.once { 1 } else { thing.count };
    let mut quantity = Band::just(Amount::of(count));
    if let Some(measure) = &charge.by {
        let band = thing.measures.get(measure.as_str());
        quantity = quantity.with(*band.ok_or_else(|| table.unknown(measure))?, Amount::times);
    }
    if let Some(key) = &charge.assume {
        let it = table.assumptions.get(key).ok_or_else(|| table.unknown(key))?;
        quantity = quantity.with(Band::new(it.low, it.high), Amount::times);
    }
    if let Some(times) = charge.times {
        quantity = quantity.map(|amount| amount.times(times));
    }
    if price.per == "hour" {
        quantity = quantity.map(|amount| amount.times(table.hours));
    }
    Ok(Line {
        layer: thing.layer.clone(),
        kind: thing.word().to_owned(),
        subject: thing.subject.clone(),
        title: price.title.clone(),
        quantity,
        per: price.per.clone(),
        price: money,
        cost: quantity.map(|amount| money.times(amount)),
    })
}

fn assumptions(table: &Table, used: &BTreeSet<String>) -> Vec<Assumed> {
    let all: &BTreeMap<_, _> = &table.assumptions;
    let used = all.iter().filter(|(key, _)| used.contains(*key));
    used.map(|(key, it)| Assumed {
        key: key.clone(),
        title: it.title.clone(),
        amount: Band::new(it.low, it.high),
        unit: it.unit.clone(),
    })
    .collect()
}

/// Says of everything that is made, and has a price that is not counted, why.
fn uncounted(table: &Table, made: &BTreeSet<String>) -> Result<Vec<String>, CostError> {
    let mut said: Vec<String> = Vec::new();
    for kind in made {
        // What is charged by its variant stands in the table with it.
        let variant = format!("{kind}/");
        let known = table
            .kinds
            .keys()
            .any(|key| key == kind || key.starts_with(&variant));
        if !known {
            return Err(table.unknown(kind));
        }
        if let Some(Kind::Uncounted(because)) = table.kinds.get(kind) {
            said.push(because.clone());
        }
    }
    said.extend(table.uncounted.iter().cloned());
    said.dedup();
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
date: 2025-06-01
source: a list
currency: USD
error: 10
hours: "730"
base: north
elsewhere: 30
regions:
  south: { like: north, percent: 120, error: 15 }
assumptions:
  data: { title: data out, unit: GiB a month, low: "10", high: "100" }
prices:
  machine: { title: machines, per: hour, regions: { north: "0.10", west: "0.20" } }
  data: { title: data out, per: GiB, everywhere: "0.05" }
kinds:
  box/large:
    charges:
      - { price: machine, by: instances }
      - { price: data, assume: data, once: true }
  lid: { free: nothing is charged }
  tape: { uncounted: "tape: nobody knows how much" }
uncounted: [support]
"#;

    fn ask(region: &str, today: &str, made: &[&str]) -> Result<Estimate, CostError> {
        let box_ = Thing::new("ground", "box/large")
            .times(2)
            .measuring("instances", Band::new(Amount::of(1), Amount::of(3)));
        let things = [box_];
        let question = Question {
            region,
            things: &things,
            made: &made.iter().map(|it| (*it).to_owned()).collect(),
            today: today.parse().unwrap(),
        };
        estimate(&Table::parse(TABLE).unwrap(), question)
    }

    fn total(estimate: &Estimate) -> String {
        let Band { low, high } = estimate.total;
        format!("{low} to {high}")
    }

    #[test]
    fn quantities_times_prices_are_summed_up() {
        let told = ask("north", "2025-07-01", &["box", "lid", "tape"]).unwrap();
        // Two boxes of one to three machines, 730 hours at 0.10; and 10 to 100 GiB at 0.05, however many boxes there are.
        assert_eq!(total(&told), "146.50 to 443.00");
        assert_eq!(told.within.low.to_string(), "131.85");
        assert_eq!(told.within.high.to_string(), "487.30");
        assert_eq!(told.uncounted, ["tape: nobody knows how much", "support"]);
        assert_eq!((told.prices_of, told.old), (None, false));
        assert_eq!(told.assumptions[0].key, "data");
    }

    #[test]
    fn a_region_without_prices_takes_those_of_another_and_is_less_sure() {
        let own = ask("west", "2025-07-01", &[]).unwrap();
        assert_eq!(
            (total(&own).as_str(), own.error_percent),
            ("292.50 to 881.00", 10)
        );
        let like = ask("south", "2025-07-01", &[]).unwrap();
        // What costs the same everywhere is not scaled.
        assert_eq!(
            (total(&like).as_str(), like.error_percent),
            ("175.70 to 530.60", 15)
        );
        assert_eq!(like.prices_of.as_deref(), Some("north"));
        let strange = ask("moon", "2025-07-01", &[]).unwrap();
        assert_eq!(
            (total(&strange).as_str(), strange.error_percent),
            ("146.50 to 443.00", 30)
        );
        assert_eq!(strange.prices_of.as_deref(), Some("north"));
    }

    #[test]
    fn a_table_is_old_after_a_year() {
        assert!(!ask("north", "2026-06-01", &[]).unwrap().old);
        assert!(ask("north", "2026-06-02", &[]).unwrap().old);
    }

    #[test]
    fn what_the_table_does_not_know_is_no_estimate() {
        let error = ask("north", "2025-07-01", &["cable"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the price table of 2025-06-01 does not know `cable`"
        );
    }

    #[test]
    fn what_is_known_better_is_said_instead() {
        let mut table = Table::parse(TABLE).unwrap();
        table.assume("data", Band::just(Amount::of(50))).unwrap();
        assert_eq!(table.assumptions["data"].high, Amount::of(50));
        let error = table.assume("date", Band::just(Amount::ONE)).unwrap_err();
        assert_eq!(error.to_string(), "`date` is nothing that the estimate assumes");
    }
}
