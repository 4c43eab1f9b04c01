//! The name of a run.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};
use serde::{Deserialize, Deserializer, Serialize};

use super::JournalError;

const LENGTH: usize = "YYYYMMDD-HHMMSS-xxxx".len();
const TIME_LENGTH: usize = "YYYYMMDD-HHMMSS".len();

/// Names a run: `YYYYMMDD-HHMMSS-xxxx`, the time of its start in UTC and two random bytes.
///
/// Ids sort as the runs were started.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// Makes an id of a time and two random bytes.
    pub fn new(at: Timestamp, random: [u8; 2]) -> Self {
        Self(format!(
            "{}-{}",
            at.strftime("%Y%m%d-%H%M%S"),
            hex::encode(random)
        ))
    }

    /// Makes an id that sorts after `last`, whatever the clock says.
    ///
    /// Two runs in one second, or a machine whose clock is behind, must not change the order of history.
    pub fn after(last: Option<&Self>, at: Timestamp, random: [u8; 2]) -> Self {
        let id = Self::new(at, random);
        let Some(last) = last else { return id };
        if id > *last {
            return id;
        }
        let next = last
            .time()
            .and_then(|time| time.checked_add(SignedDuration::from_secs(1)).ok());
        next.map_or(id, |next| Self::new(next, random))
    }

    /// Returns the id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn time(&self) -> Option<Timestamp> {
        let time = civil::DateTime::strptime("%Y%m%d-%H%M%S", self.0.get(..TIME_LENGTH)?).ok()?;
        Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = JournalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let id = Self(text.to_owned());
        let tail = text.get(TIME_LENGTH..).and_then(|tail| tail.strip_prefix('-'));
        let hex = tail.is_some_and(|tail| tail.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
        if text.len() == LENGTH && hex && id.time().is_some() {
            Ok(id)
        } else {
            Err(JournalError::ParseRunId {
                text: text.to_owned(),
            })
        }
    }
}

impl<'de> Deserialize<'de> for RunId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_id_says_when_and_reads_back() {
        let id = RunId::new(at("2026-03-04T05:06:07.9Z"), [0xa1, 0x0f]);
        assert_eq!(id.as_str(), "20260304-050607-a10f");
        assert_eq!(id.as_str().parse::<RunId>().unwrap(), id);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "20260304-050607",
            "20260304-050607-A10F",
            "20261304-050607-a10f",
            "../../etc/passwd/xxxx",
        ] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_sort_as_runs_start_even_when_the_clock_stands_or_goes_back() {
        let first = RunId::new(at("2026-03-04T05:06:07Z"), [0xff, 0xff]);
        let second = RunId::after(Some(&first), at("2026-03-04T05:06:07Z"), [0, 0]);
        let third = RunId::after(Some(&second), at("2020-01-01T00:00:00Z"), [0, 0]);
        assert!(first < second && second < third);
        assert_eq!(third.as_str(), "20260304-050609-0000");
    }
}
