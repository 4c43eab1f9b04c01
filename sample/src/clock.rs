//! The wall clock, and the two ways this product writes it down.

use std::time::{SystemTime, UNIX_EPOCH};

/// Gives the time since 1970.
pub fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Gives the seconds since 1970.
pub fn now() -> u64 {
    since_epoch().as_secs()
}

/// A moment, split into calendar fields in UTC.
pub struct Calendar {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

impl Calendar {
    /// Splits seconds since 1970.
    pub fn of(seconds: u64) -> Self {
        // Howard Hinnant's `civil_from_days`, for days that are never negative here.
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        Self {
            year: year_of_era + era * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
            second_of_day: seconds % 86_400,
        }
    }

    /// Writes RFC 3339, for logs.
    pub fn rfc3339(&self) -> String {
        let (hour, minute, second) = self.time();
        let Self { year, month, day, .. } = self;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Writes the compact form that request signatures want.
    pub fn compact(&self) -> String {
        let (hour, minute, second) = self.time();
        let Self { year, month, day, .. } = self;
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
    }

    fn time(&self) -> (u64, u64, u64) {
        (
            self.second_of_day / 3_600,
            self.second_of_day / 60 % 60,
            self.second_of_day % 60,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_known_moments() {
        assert_eq!(Calendar::of(0).rfc3339(), "1970-01-01T00:00:00Z");
        assert_eq!(Calendar::of(951_782_400).rfc3339(), "2000-02-29T00:00:00Z");
        assert_eq!(Calendar::of(1_369_353_600).compact(), "20130524T000000Z");
        assert_eq!(Calendar::of(4_102_444_799).rfc3339(), "2099-12-31T23:59:59Z");
    }
}
