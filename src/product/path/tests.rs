use proptest::prelude::*;

use super::*;
use crate::product::{MigrationPromise, Upgrades};

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// Makes a product with these required stops and this oldest version.
fn product(stops: &[&str], oldest: Option<&str>) -> Product {
    let mut product: Product = serde_yaml::from_str(
        "{ schema: landfall/product/v1, name: shop, title: Shop, vendor: { name: Acme }, modes: {} }",
    )
    .unwrap();
    product.upgrades = Upgrades {
        stops: stops.iter().map(|stop| version(stop)).collect(),
        oldest: oldest.map(version),
    };
    product
}

/// Makes releases of versions, each with the version from which on it may be reached, if it says so.
fn releases(all: &[(&str, Option<&str>)]) -> Releases {
    let release = |(text, reach): &(&str, Option<&str>)| {
        let release = Release {
            version: version(text),
            reachable_from: reach.map(version),
            ..Release::placeholder("shop")
        };
        (version(text), (release, Utf8PathBuf::new()))
    };
    all.iter().map(release).collect()
}

/// Makes releases that say what they do to the schema: `-` nothing, `+` a promised change, `!` an unpromised one.
fn promised(all: &[(&str, char)]) -> Releases {
    let mut releases = releases(&all.iter().map(|(text, _)| (*text, None)).collect::<Vec<_>>());
    for (text, kind) in all {
        let (release, _) = releases.get_mut(&version(text)).unwrap();
        release.migrations = MigrationPromise {
            changes_schema: *kind != '-',
            old_version_works: *kind != '!',
        };
    }
    releases
}

fn found(product: &Product, releases: &Releases, from: &str, to: &str) -> String {
    match path(product, releases, &version(from), &version(to)) {
        Ok(path) => path.iter().map(Version::as_str).collect::<Vec<_>>().join(" "),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn without_rules_one_hop_is_enough() {
    let releases = releases(&[("1.0", None), ("1.1", None), ("2.0", None)]);
    let product = product(&[], None);
    assert_eq!(found(&product, &releases, "1.0.0", "2.0"), "2.0");
    assert_eq!(found(&product, &releases, "0.1", "2.0"), "2.0");
    assert_eq!(found(&product, &releases, "2.0", "2.0.0"), "");
}

#[test]
fn a_required_stop_is_not_skipped() {
    let releases = releases(&[("1.0", None), ("2.0", None), ("2.1", None), ("3.0", None)]);
    let product = product(&["2.0"], None);
    assert_eq!(found(&product, &releases, "1.0", "3.0"), "2.0 3.0");
    assert_eq!(found(&product, &releases, "1.0", "2.1"), "2.0 2.1");
    assert_eq!(found(&product, &releases, "2.0", "3.0"), "3.0");
    assert_eq!(found(&product, &releases, "1.0", "2.0"), "2.0");
}

#[test]
fn the_shortest_way_over_the_newest_releases_is_taken() {
    let all = [
        ("1.0", None),
        ("1.1", None),
        ("1.2", None),
        ("1.3", Some("1.2")),
        ("2.0", Some("1.1")),
    ];
    assert_eq!(
        found(&product(&[], None), &releases(&all), "1.0", "2.0"),
        "1.2 2.0"
    );
}

#[test]
fn a_pre_release_is_gone_over_only_when_it_is_a_stop() {
    let all = [
        ("1.0", None),
        ("1.5", None),
        ("2.0-rc.1", None),
        ("2.0", Some("1.5")),
    ];
    let releases = releases(&all);
    assert_eq!(found(&product(&[], None), &releases, "1.0", "2.0"), "1.5 2.0");
    assert_eq!(
        found(&product(&["2.0-rc.1"], None), &releases, "1.0", "2.0"),
        "2.0-rc.1 2.0"
    );
    assert_eq!(
        found(&product(&[], None), &releases, "1.0", "2.0-rc.1"),
        "2.0-rc.1"
    );
}

#[test]
fn what_stands_in_the_way_upwards_is_said() {
    let all = [
        ("1.0", None),
        ("1.4", None),
        ("2.1", Some("2.0")),
        ("3.0", Some("2.5")),
    ];
    let releases = releases(&all);
    insta::assert_snapshot!(found(&product(&["2.0"], None), &releases, "1.0", "3.0"),
        @"error: an upgrade of shop from 1.0 to 3.0 may not skip 2.0, and no release 2.0 is known");
    insta::assert_snapshot!(found(&product(&[], None), &releases, "1.0", "3.0"),
        @"error: shop 3.0 is reachable from 2.5 on only, and the upgrade gets no further than 1.4");
    insta::assert_snapshot!(found(&product(&["2.1"], None), &releases, "1.0", "3.0"),
        @"error: shop 2.1 is reachable from 2.0 on only, and the upgrade gets no further than 1.4");
    insta::assert_snapshot!(found(&product(&[], Some("1.0")), &releases, "0.9", "1.4"),
        @"error: shop upgrades from 1.0 on, and 0.9 is older");
    insta::assert_snapshot!(found(&product(&[], None), &releases, "1.0", "1.5"),
        @"error: shop has no release 1.5: known are 1.0, 1.4, 2.1, 3.0");
}

#[test]
fn going_back_needs_the_promise() {
    let releases = promised(&[
        ("1.0", '!'),
        ("1.1", '+'),
        ("1.2", '-'),
        ("1.3", '+'),
        ("2.0", '!'),
    ]);
    let back = |from, to| found(&product(&["2.0"], None), &releases, from, to);
    assert_eq!(back("1.1", "1.0"), "1.0");
    assert_eq!(back("1.2", "1.1"), "1.1");
    assert_eq!(back("1.2", "1.0"), "1.0");
    insta::assert_snapshot!(back("1.3", "1.0"),
        @"error: going back from 1.3 to 1.0 would put data at risk: 1.3 and 1.1 both changed the schema, and what 1.3 promises holds only for the version before it");
    insta::assert_snapshot!(back("2.0", "1.3"),
        @"error: going back from 2.0 to 1.3 would put data at risk: 2.0 changed the schema and does not promise that the version before works on it");
    insta::assert_snapshot!(back("1.2.5", "1.2"),
        @"error: going back from 1.2.5 to 1.2 would put data at risk: the release 1.2.5 is not known, so nobody can tell what its migrations promise");
}

/// A world of versions 1 to 8, given by their numbers, in which an upgrade is asked for.
#[derive(Debug, Clone)]
struct World {
    product: Product,
    releases: Releases,
    from: Version,
    to: Version,
}

fn world() -> impl Strategy<Value = World> {
    let known = proptest::collection::btree_map(1u8..9, proptest::option::of(0u8..8), 1..8);
    let stops = proptest::collection::vec(1u8..9, 0..3);
    let oldest = proptest::option::of(0u8..4);
    let ends = (0u8..8).prop_flat_map(|from| (Just(from), from + 1..9));
    (known, stops, oldest, ends).prop_map(|(mut known, stops, oldest, (from, to))| {
        let name = |number: u8| version(&number.to_string());
        known.entry(to).or_default();
        let mut all = Releases::new();
        for (number, reach) in known {
            let release = Release {
                version: name(number),
                reachable_from: reach.filter(|reach| *reach < number).map(name),
                ..Release::placeholder("shop")
            };
            all.insert(name(number), (release, Utf8PathBuf::new()));
        }
        let mut product = product(&[], None);
        product.upgrades = Upgrades {
            stops: stops.into_iter().map(name).collect(),
            oldest: oldest.map(name),
        };
        World {
            product,
            releases: all,
            from: name(from),
            to: name(to),
        }
    })
}

impl World {
    /// Says whether a way keeps every rule, hop by hop.
    fn is_allowed(&self, way: &[Version]) -> bool {
        let upgrades = &self.product.upgrades;
        let mut before = &self.from;
        way.iter().all(|after| {
            let (release, _) = &self.releases[after];
            let reach = release.reachable_from.as_ref().or(upgrades.oldest.as_ref());
            let allowed = reach.is_none_or(|reach| reach <= before)
                && upgrades.stops.iter().all(|stop| stop <= before || stop >= after);
            before = after;
            allowed
        })
    }

    /// Tries every way there is: the shortest, and of those the one over the newest releases.
    fn by_trying(&self) -> Option<Vec<Version>> {
        let between: Vec<&Version> = self
            .releases
            .keys()
            .filter(|version| **version > self.from && **version < self.to)
            .collect();
        let ways = (0u32..1 << between.len()).map(|chosen| {
            let chosen = between
                .iter()
                .enumerate()
                .filter(|(index, _)| chosen >> index & 1 == 1);
            let way = chosen.map(|(_, version)| (*version).clone());
            way.chain([self.to.clone()]).collect::<Vec<_>>()
        });
        ways.filter(|way| self.is_allowed(way))
            .min_by(|a, b| a.len().cmp(&b.len()).then_with(|| b.cmp(a)))
    }
}

proptest! {
    #[test]
    fn no_way_is_shorter_and_none_that_there_is_goes_unseen(world in world()) {
        let found = path(&world.product, &world.releases, &world.from, &world.to);
        prop_assert_eq!(found.clone().ok(), world.by_trying(), "{:?}", found);
    }

    #[test]
    fn what_is_said_to_stand_in_the_way_does(world in world()) {
        match path(&world.product, &world.releases, &world.from, &world.to) {
            Ok(_) => {}
            Err(PathError::StopMissing { stop, .. }) => {
                prop_assert!(!world.releases.contains_key(&stop));
                prop_assert!(world.product.upgrades.stops.contains(&stop));
                prop_assert!(world.from < stop && stop < world.to);
            }
            Err(PathError::OutOfReach { release, reach, stuck, .. }) => {
                prop_assert!(stuck < reach && reach < release || world.product.upgrades.oldest == Some(reach));
                let reached = World { to: stuck.clone(), ..world.clone() };
                prop_assert!(stuck == world.from || reached.by_trying().is_some());
                let short = World { to: release, ..world };
                prop_assert!(short.by_trying().is_none());
            }
            Err(PathError::TooOld { oldest, .. }) => prop_assert!(world.from < oldest),
            Err(error) => prop_assert!(false, "{}", error),
        }
    }
}
