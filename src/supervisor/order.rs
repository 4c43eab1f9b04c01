//! In which order units start.

use std::collections::{BTreeMap, BTreeSet};

use super::error::SupervisorError;

/// Sorts names into generations: each comes after those it waits for, and those of one generation go together.
///
/// Names that do not exist are not waited for, as with systemd's `After=`.
pub(super) fn generations(
    after: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<Vec<String>>, SupervisorError> {
    let mut generations = Vec::new();
    let mut placed = BTreeSet::new();
    while placed.len() < after.len() {
        let ready = |name: &&String| {
            !placed.contains(*name)
                && after[*name]
                    .iter()
                    .all(|first| placed.contains(first) || !after.contains_key(first))
        };
        let next: Vec<String> = after.keys().filter(ready).cloned().collect();
        if next.is_empty() {
            let stuck = after
                .keys()
                .filter(|name| !placed.contains(*name))
                .cloned()
                .collect();
            return Err(SupervisorError::Circle(stuck));
        }
        placed.extend(next.iter().cloned());
        generations.push(next);
    }
    Ok(generations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(units: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |(name, after): &(&str, &[&str])| {
            (
                (*name).to_owned(),
                after.iter().map(|name| (*name).to_owned()).collect(),
            )
        };
        units.iter().map(owned).collect()
    }

    #[test]
    fn what_is_waited_for_comes_first() {
        let order = generations(&units(&[
            ("api", &["database", "gone"]),
            ("database", &[]),
            ("proxy", &["api"]),
        ]));
        assert_eq!(order.unwrap(), [["database"], ["api"], ["proxy"]]);
    }

    #[test]
    fn a_circle_is_told() {
        let error = generations(&units(&[("a", &["b"]), ("b", &["a"]), ("c", &[])])).unwrap_err();
        assert_eq!(error.to_string(), "units wait for each other in a circle: a, b");
    }
}
