//! Which releases an upgrade goes over: a pure function of what the releases and the definition say.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::{Product, Release, Version};
use crate::document::nearest;

/// The known releases by version, each with its file, as [`super::Entry::releases`] gives them.
pub type Releases = BTreeMap<Version, (Release, Utf8PathBuf)>;

/// Says why one version cannot become another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No release of that version is known.
    #[error("{product} has no release {version}: known are {}", all(known))]
    Unknown {
        /// The product's name.
        product: String,
        /// What was asked for.
        version: Version,
        /// The versions there are.
        known: Vec<Version>,
        /// The one that was probably meant.
        nearest: Option<Version>,
    },
    /// A release that may not be skipped is not known.
    #[error(
        "an upgrade of {product} from {from} to {to} may not skip {stop}, and no release {stop} is known"
    )]
    StopMissing {
        /// The product's name.
        product: String,
        /// Where the upgrade begins.
        from: Version,
        /// Where it should end.
        to: Version,
        /// The required stop.
        stop: Version,
    },
    /// A release on the way is not reachable from anything the upgrade can get to.
    #[error(
        "{product} {release} is reachable from {reach} on only, and the upgrade gets no further than {stuck}"
    )]
    OutOfReach {
        /// The product's name.
        product: String,
        /// The release that cannot be reached: the one asked for, or a stop on the way.
        release: Version,
        /// From which version on it may be reached.
        reach: Version,
        /// The newest version before it that the upgrade gets to.
        stuck: Version,
    },
    /// What runs is older than anything the product still upgrades.
    #[error("{product} upgrades from {oldest} on, and {from} is older")]
    TooOld {
        /// The product's name.
        product: String,
        /// Where the upgrade begins.
        from: Version,
        /// The oldest version from which an upgrade is supported.
        oldest: Version,
    },
    /// Going back would put data at risk.
    #[error("going back from {from} to {to} would put data at risk: {risk}")]
    Downgrade {
        /// The version that runs.
        from: Version,
        /// The older version that was asked for.
        to: Version,
        /// Which promise is missing.
        risk: Risk,
    },
}

/// Says which promise a downgrade lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Risk {
    /// The release changes the schema, and promises nothing for the version before.
    #[error("{0} changed the schema and does not promise that the version before works on it")]
    NoPromise(Version),
    /// Two schema changes lie between; each promise reaches one back.
    #[error(
        "{newer} and {older} both changed the schema, and what {newer} promises holds only for the version before it"
    )]
    TwoChanges {
        /// The newer of them.
        newer: Version,
        /// The older of them.
        older: Version,
    },
    /// The release that runs is not known, and so is what it promises.
    #[error("the release {0} is not known, so nobody can tell what its migrations promise")]
    UnknownRelease(Version),
}

/// Finds the releases to go over from one version to another, the last being `to`; none when both are the same.
///
/// Upwards it is the shortest way on which every release may be reached from the one before and no required stop is
/// skipped; of several, the one over the newest releases. A pre-release is gone over only when it is asked for or a stop.
/// Downwards it is one hop, and only when the version asked for works on the schema that is there.
///
/// # Errors
/// [`PathError`], with what stands in the way.
pub fn path(
    product: &Product,
    releases: &Releases,
    from: &Version,
    to: &Version,
) -> Result<Vec<Version>, PathError> {
    if from == to {
        return Ok(Vec::new());
    }
    if !releases.contains_key(to) {
        return Err(unknown(product, releases, to));
    }
    if to < from {
        return down(releases, from, to).map(|()| vec![to.clone()]);
    }
    let ground = Ground::new(product, releases, from, to);
    ground.shortest().ok_or_else(|| ground.why_not())
}

/// Everything an upgrade may stand on, oldest first: where it begins, releases between, where it ends.
struct Ground<'a> {
    product: &'a Product,
    /// Each version with the one from which on it may be reached.
    places: Vec<(&'a Version, Option<&'a Version>)>,
}

impl<'a> Ground<'a> {
    fn new(product: &'a Product, releases: &'a Releases, from: &'a Version, to: &'a Version) -> Self {
        let oldest = product.upgrades.oldest.as_ref();
        let between = releases.iter().filter(|(version, _)| {
            let usable = !version.is_prerelease() || product.upgrades.stops.contains(version);
            *version == to || (*version > from && *version < to && usable)
        });
        let reach = |release: &'a Release| release.reachable_from.as_ref().or(oldest);
        let places = std::iter::once((from, None))
            .chain(between.map(|(version, (release, _))| (version, reach(release))))
            .collect();
        Self { product, places }
    }

    /// Says whether one place may follow another directly.
    fn may_hop(&self, before: usize, after: usize) -> bool {
        let (from, (to, reach)) = (self.places[before].0, self.places[after]);
        let in_reach = reach.is_none_or(|reach| reach <= from);
        in_reach && !self.stops().any(|stop| from < stop && stop < to)
    }

    fn stops(&self) -> impl Iterator<Item = &'a Version> {
        self.product.upgrades.stops.iter()
    }

    fn shortest(&self) -> Option<Vec<Version>> {
        let last = self.places.len() - 1;
        // From the end: how many hops are left, and which place is the best next one.
        let mut left: Vec<Option<(usize, usize)>> = vec![None; self.places.len()];
        for place in (0..last).rev() {
            let next = (place + 1..=last).filter(|next| self.may_hop(place, *next));
            let hops = |next: usize| {
                let hops = if next == last { 0 } else { left[next]?.0 };
                Some((hops + 1, next))
            };
            left[place] = next
                .filter_map(hops)
                .min_by_key(|(hops, next)| (*hops, last - next));
        }
        let mut path = Vec::new();
        let mut place = 0;
        while place != last {
            place = left[place]?.1;
            path.push(self.places[place].0.clone());
        }
        Some(path)
    }

    /// Finds what an upgrade runs into that cannot reach its end.
    fn why_not(&self) -> PathError {
        let last = self.places.len() - 1;
        let (from, to) = (self.places[0].0, self.places[last].0);
        let mut reached = vec![0];
        for place in 1..last {
            if reached.iter().any(|before| self.may_hop(*before, place)) {
                reached.push(place);
            }
        }
        let stuck = self.places[reached[reached.len() - 1]].0;
        let product = self.product.name.clone();
        // The next thing that may not be skipped is the next stop, or the end; nothing lies between but its reach.
        let stop = self.stops().filter(|stop| *stop > stuck && *stop < to).min();
        let release = stop.unwrap_or(to);
        let Some((_, reach)) = self.places.iter().find(|(version, _)| *version == release) else {
            return PathError::StopMissing {
                product,
                from: from.clone(),
                to: to.clone(),
                stop: release.clone(),
            };
        };
        let oldest = self.product.upgrades.oldest.as_ref();
        match oldest.filter(|oldest| from < *oldest && stuck == from && *reach == Some(*oldest)) {
            Some(oldest) => PathError::TooOld {
                product,
                from: from.clone(),
                oldest: oldest.clone(),
            },
            None => PathError::OutOfReach {
                product,
                release: release.clone(),
                reach: reach.unwrap_or(release).clone(),
                stuck: stuck.clone(),
            },
        }
    }
}

/// Checks that the older version works on the schema that the newer one left.
fn down(releases: &Releases, from: &Version, to: &Version) -> Result<(), PathError> {
    let refuse = |risk| {
        Err(PathError::Downgrade {
            from: from.clone(),
            to: to.clone(),
            risk,
        })
    };
    if !releases.contains_key(from) {
        return refuse(Risk::UnknownRelease(from.clone()));
    }
    let undone = releases
        .iter()
        .rev()
        .map(|(version, (release, _))| (version, release));
    let mut changes = undone
        .filter(|(version, release)| *version > to && *version <= from && release.migrations.changes_schema);
    let Some((newer, release)) = changes.next() else {
        return Ok(());
    };
    if !release.migrations.old_version_works {
        return refuse(Risk::NoPromise(newer.clone()));
    }
    match changes.next() {
        None => Ok(()),
        Some((older, release)) if !release.migrations.old_version_works => {
            refuse(Risk::NoPromise(older.clone()))
        }
        Some((older, _)) => refuse(Risk::TwoChanges {
            newer: newer.clone(),
            older: older.clone(),
        }),
    }
}

fn unknown(product: &Product, releases: &Releases, version: &Version) -> PathError {
    let near = nearest(version.as_str(), releases.keys().map(Version::as_str));
    PathError::Unknown {
        product: product.name.clone(),
        version: version.clone(),
        known: releases.keys().cloned().collect(),
        nearest: near.and_then(|near| releases.keys().find(|known| known.as_str() == near).cloned()),
    }
}

fn all(versions: &[Version]) -> String {
    match versions {
        [] => "none".to_owned(),
        _ => versions
            .iter()
            .map(Version::as_str)
            .collect::<Vec<_>>()
            .join(", "),
    }
}
