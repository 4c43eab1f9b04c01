//! Reads lengths of time as people write them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::LicenseError;

/// Lists units, largest first.
const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Holds a length of time, written `30d`, `12h`, `15m` or `20s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    seconds: u32,
}

impl Period {
    /// Makes a period of whole days; more than 49,710 of them are cut to that.
    pub const fn days(days: u32) -> Self {
        Self {
            seconds: days.saturating_mul(86_400),
        }
    }

    /// Returns it for calculating with times.
    pub fn duration(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.seconds))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |&&(_, length): &&(char, u32)| self.seconds.is_multiple_of(length);
        let (unit, length) = UNITS.iter().find(fits).unwrap_or(&('s', 1));
        write!(f, "{}{unit}", self.seconds / length)
    }
}

impl FromStr for Period {
    type Err = LicenseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let unit = text.chars().last()?;
            let (_, length) = UNITS.iter().find(|(known, _)| *known == unit)?;
            let digits = &text[..text.len() - 1];
            // `parse` alone would take a plus sign.
            let count: u32 = digits
                .bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| digits.parse().ok())??;
            count.checked_mul(*length).map(|seconds| Self { seconds })
        };
        parse().ok_or_else(|| LicenseError::ParsePeriod {
            text: text.to_owned(),
        })
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "Holds a length of time",
            "pattern": "^[0-9]+[dhms]$",
            "examples": ["30d", "12h"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_in_its_largest_unit() {
        for (text, shown) in [
            ("30d", "30d"),
            ("12h", "12h"),
            ("48h", "2d"),
            ("90m", "90m"),
            ("61s", "61s"),
            ("0d", "0d"),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().to_string(), shown);
        }
        for text in [
            "",
            "d",
            "30",
            "30 d",
            "+3d",
            "-3d",
            "3w",
            "99999999999d",
            "60000d",
            "3é",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
