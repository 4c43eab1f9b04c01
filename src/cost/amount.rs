//! Whole numbers for measures and money, and the band between the least and the most.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many of the smallest pieces a measure's one is.
const THOUSAND: u64 = 1_000;
/// How many of the smallest pieces money's one is.
const MILLION: u64 = 1_000_000;

/// How much there is of something, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Amount(u64);

/// Money, in millionths of the table's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(u64);

/// The least and the most of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Band<T> {
    /// The least.
    pub low: T,
    /// The most.
    pub high: T,
}

impl Amount {
    /// One of something.
    pub const ONE: Self = Self(THOUSAND);

    /// Returns the next whole number.
    pub fn whole(self) -> u64 {
        self.0.div_ceil(THOUSAND)
    }

    /// Makes so many.
    pub fn of(count: u64) -> Self {
        Self(count.saturating_mul(THOUSAND))
    }

    /// Makes so many thousandths.
    pub fn thousandths(thousandths: u64) -> Self {
        Self(thousandths)
    }

    /// Multiplies, and rounds what is below a thousandth.
    #[must_use]
    pub fn times(self, other: Self) -> Self {
        Self(scaled(self.0, other.0, THOUSAND))
    }
}

impl Money {
    /// Multiplies a price by how much there is, and rounds what is below a millionth.
    #[must_use]
    pub fn times(self, amount: Amount) -> Self {
        Self(scaled(self.0, amount.0, THOUSAND))
    }

    /// Gives so many hundredths of it.
    #[must_use]
    pub fn percent(self, percent: u64) -> Self {
        Self(scaled(self.0, percent, 100))
    }

    /// Adds.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Writes all its digits, as a price for one of something has them.
    pub fn exact(self) -> String {
        let whole = decimal(self.0, 6);
        let trimmed = whole.trim_end_matches('0');
        // A price of 5 dollars is 5.00.
        let digits = trimmed.split('.').nth(1).map_or(0, str::len);
        format!("{trimmed}{}", "0".repeat(2_usize.saturating_sub(digits)))
    }
}

impl<T> Band<T> {
    /// Makes a band.
    pub fn new(low: T, high: T) -> Self {
        Self { low, high }
    }

    /// Makes another of both ends.
    pub fn map<U>(self, of: impl Fn(T) -> U) -> Band<U> {
        Band::new(of(self.low), of(self.high))
    }

    /// Takes both ends together with those of another.
    pub fn with<U, V>(self, other: Band<U>, of: impl Fn(T, U) -> V) -> Band<V> {
        Band::new(of(self.low, other.low), of(self.high, other.high))
    }
}

impl<T: Copy> Band<T> {
    /// Makes a band without width.
    pub fn just(value: T) -> Self {
        Self::new(value, value)
    }
}

/// Multiplies and divides, rounding to the nearest; what no price of this world reaches stays at the most there is.
fn scaled(value: u64, by: u64, of: u64) -> u64 {
    let product = u128::from(value) * u128::from(by) + u128::from(of / 2);
    u64::try_from(product / u128::from(of)).unwrap_or(u64::MAX)
}

/// Writes a number of pieces, of which one has so many digits behind the point.
fn decimal(pieces: u64, digits: usize) -> String {
    let text = format!("{pieces:0>width$}", width = digits + 1);
    let (whole, rest) = text.split_at(text.len() - digits);
    format!("{whole}.{rest}")
}

/// Reads a decimal number into pieces, of which one has so many digits behind the point.
fn pieces(text: &str, digits: usize) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !whole.is_empty() && rest.len() <= digits && is_number(whole) && is_number(rest);
    if !fits || text.ends_with('.') {
        return None;
    }
    format!("{whole}{rest:0<digits$}").parse().ok()
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a number with three digits behind its point at most, not `{text}`");
        pieces(text, 3).map(Self).ok_or_else(wrong)
    }
}

impl FromStr for Money {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a price with six digits behind its point at most, not `{text}`");
        pieces(text, 6).map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = decimal(self.0, 3);
        f.pad(text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// To the cent.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&decimal(scaled(self.0, 100, MILLION), 2))
    }
}

impl fmt::Display for Band<Amount> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.low == self.high {
            self.low.fmt(f)
        } else {
            write!(f, "{} to {}", self.low, self.high)
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_written_digit_by_digit() {
        for (text, wanted) in [
            ("0.5", "0.5"),
            ("730", "730"),
            ("0.001", "0.001"),
            ("12.340", "12.34"),
        ] {
            assert_eq!(text.parse::<Amount>().unwrap().to_string(), wanted);
        }
        for wrong in ["", ".5", "5.", "-1", "1e3", "0.0001", "1.2.3", "1,5"] {
            assert!(wrong.parse::<Amount>().is_err(), "{wrong}");
        }
        let price: Money = "0.004445".parse().unwrap();
        assert_eq!(
            (price.to_string().as_str(), price.exact().as_str()),
            ("0.00", "0.004445")
        );
        assert_eq!("5".parse::<Money>().unwrap().exact(), "5.00");
    }

    #[test]
    fn what_is_multiplied_is_rounded_once() {
        let price: Money = "0.04048".parse().unwrap();
        let hours = Amount::of(730).times(Amount::thousandths(250));
        assert_eq!(hours.to_string(), "182.5");
        // 182.5 hours are 7.3876 dollars.
        assert_eq!(price.times(hours).to_string(), "7.39");
        assert_eq!(price.times(hours).exact(), "7.3876");
        assert_eq!(price.percent(110).exact(), "0.044528");
        assert_eq!(Money(u64::MAX).times(Amount::of(9)), Money(u64::MAX));
    }
}
