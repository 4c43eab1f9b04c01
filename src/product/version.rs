//! A product's version.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

/// A dotted version such as `1.0`, `1.4.2` or `2.0.0-rc.1`, ordered as Semantic Versioning 2.0.0 orders it.
///
/// Missing numbers count as zero for ordering, so `1.0` and `1.0.0` are the same version; it is shown as written.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// Returns the version as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether it comes before the release of its number, as `2.0.0-rc.1` does.
    pub fn is_prerelease(&self) -> bool {
        self.parts().1.is_some()
    }

    fn parts(&self) -> ([u64; 3], Option<&str>) {
        let text = self.0.split('+').next().unwrap_or_default();
        let (numbers, pre) = match text.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (text, None),
        };
        let mut all = [0; 3];
        for (slot, number) in all.iter_mut().zip(numbers.split('.')) {
            *slot = number.parse().unwrap_or(0);
        }
        (all, pre)
    }
}

/// Says why a text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no version: expected numbers with dots, such as 1.4.2 or 2.0.0-rc.1")]
pub struct BadVersion(String);

impl FromStr for Version {
    type Err = BadVersion;

    fn from_str(text: &str) -> Result<Self, BadVersion> {
        let bad = || BadVersion(text.to_owned());
        let core = text.split(['-', '+']).next().unwrap_or_default();
        let numbers: Vec<&str> = core.split('.').collect();
        let numeric =
            |part: &&str| part.parse::<u64>().is_ok() && part.bytes().all(|byte| byte.is_ascii_digit());
        let rest = text[core.len()..].bytes();
        let tail = rest
            .clone()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte));
        if numbers.len() > 3 || !numbers.iter().all(numeric) || !tail || text.len() > 64 {
            return Err(bad());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((mine, my_pre), (theirs, their_pre)) = (self.parts(), other.parts());
        mine.cmp(&theirs).then_with(|| match (my_pre, their_pre) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(mine), Some(theirs)) => compare_pre(mine, theirs),
        })
    }
}

fn compare_pre(mine: &str, theirs: &str) -> Ordering {
    let (mut mine, mut theirs) = (mine.split('.'), theirs.split('.'));
    loop {
        let order = match (mine.next(), theirs.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => a.cmp(b),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through `Cow`, not a number: YAML reads an unquoted 1.10 as 1.1, which would be another version.
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Version {
    fn schema_name() -> Cow<'static, str> {
        "Version".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A version such as \"1.4.2\"; keep the quotes." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn versions_are_ordered_as_semver_orders_them() {
        let ordered = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0",
            "1.2",
            "1.10.0",
        ];
        for pair in ordered.windows(2) {
            assert!(version(pair[0]) < version(pair[1]), "{pair:?}");
        }
        assert_eq!(version("1.0"), version("1.0.0"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "a", "1..2", "1.2.3.4", "latest", "1.0/..", "-1"] {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }
}
