//! What other people's modules commonly miss, looked for in what Terraform makes of the golden layers: `terraform/scan.yaml`.

mod condition;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::Value;

use self::condition::{Condition, Conditions};
use self::written::Written;
use super::exceptions::is_like;
use super::states::State;
use super::text;
use crate::workspace::root;

/// Where the points are listed.
const FILE: &str = "terraform/scan.yaml";
/// How many reasons are said of a point that is gone.
const SAID: usize = 3;

/// The states of each golden folder.
pub type Folders = BTreeMap<String, Vec<State>>;

/// Something that is commonly missed, and what shows that it is here, or why it is not.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Point {
    point: String,
    #[expect(dead_code, reason = "people read it, and it must be there")]
    missed_by: String,
    #[serde(default)]
    made: Vec<Made>,
    #[serde(default)]
    lacks: Vec<Lacks>,
    /// Texts that no state holds.
    #[serde(default)]
    nowhere: Vec<String>,
    #[serde(default)]
    written: Vec<Written>,
    #[serde(default)]
    left_out: Vec<LeftOut>,
}

/// Resources that are made, and what all of them have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Made {
    #[serde(rename = "type")]
    kind: String,
    layer: Option<String>,
    /// The golden folders that must have one; in every other, those that there are must be as it says.
    #[serde(default = "everywhere")]
    folders: Vec<String>,
    /// Which of the type are meant.
    #[serde(default, rename = "where")]
    chosen: Conditions,
    /// At the path, one with each of these.
    #[serde(default)]
    each: BTreeMap<String, Vec<Value>>,
    has: Conditions,
}

/// Types of which a layer makes nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lacks {
    layer: String,
    types: Vec<String>,
}

/// A part of the point that we do not do, said in a README under `Left out`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    what: String,
    #[expect(dead_code, reason = "people read it, and it must be there")]
    reason: String,
    readme: String,
    /// Words of the line.
    says: String,
}

fn everywhere() -> Vec<String> {
    vec!["*".to_owned()]
}

/// Says of every point whether it is there; returns those that are gone.
pub fn check(folders: &Folders) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for point in &points()? {
        let gone = point.gone(folders)?;
        if gone.is_empty() {
            println!("{}", point.verdict());
        } else {
            wrong.push(format!("{FILE}: `{}` is gone: {}", point.point, shortened(&gone)));
        }
    }
    Ok(wrong)
}

fn points() -> anyhow::Result<Vec<Point>> {
    let file = root().join(FILE);
    let points = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_yaml::from_str(&points).context(FILE)
}

/// Says the first few of what may be said of everything that is made.
fn shortened(gone: &BTreeSet<String>) -> String {
    let said: Vec<&str> = gone.iter().take(SAID).map(String::as_str).collect();
    let more = match gone.len().saturating_sub(SAID) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    format!("{}{more}", said.join("; "))
}

impl Point {
    fn verdict(&self) -> String {
        let left: Vec<&str> = self.left_out.iter().map(|it| it.what.as_str()).collect();
        let left = match left.as_slice() {
            [] => String::new(),
            left => format!(" (left out: {})", left.join("; ")),
        };
        let verdict = if self.is_shown() { "there" } else { "not there" };
        format!("{verdict}: {}{left}", self.point)
    }

    fn is_shown(&self) -> bool {
        self.made.len() + self.lacks.len() + self.nowhere.len() + self.written.len() > 0
    }

    /// Says what of it is gone.
    fn gone(&self, folders: &Folders) -> anyhow::Result<BTreeSet<String>> {
        ensure!(
            self.is_shown() || !self.left_out.is_empty(),
            "{FILE}: nothing shows `{}`",
            self.point
        );
        let mut gone = BTreeSet::new();
        for made in &self.made {
            gone.extend(made.gone(folders));
        }
        gone.extend(self.lacks.iter().flat_map(|lacks| lacks.gone(folders)));
        gone.extend(self.nowhere.iter().flat_map(|text| held(text, folders)));
        for written in &self.written {
            gone.extend(written.gone()?);
        }
        for left in &self.left_out {
            gone.extend(left.gone()?);
        }
        Ok(gone)
    }
}

impl Made {
    fn gone(&self, folders: &Folders) -> Vec<String> {
        let mut gone: Vec<String> = self
            .folders
            .iter()
            .filter(|pattern| !folders.keys().any(|name| is_like(name, pattern)))
            .map(|pattern| format!("no golden folder is called {pattern}"))
            .collect();
        for (name, states) in folders {
            let is_asked = self.folders.iter().any(|pattern| is_like(name, pattern));
            let found = self.chosen(states);
            gone.extend(found.iter().filter_map(|resource| {
                let path = self.has.unmet(&resource["values"])?;
                Some(format!("{} of {name}, at {path}", text(&resource["address"])))
            }));
            if is_asked && found.is_empty() {
                gone.push(format!("{name} makes no such {}", self.kind));
            }
            if is_asked {
                gone.extend(
                    self.missing(&found)
                        .map(|value| format!("{name} makes no {} of {value}", self.kind)),
                );
            }
        }
        gone
    }

    /// Lists those that are meant.
    fn chosen<'a>(&self, states: &'a [State]) -> Vec<&'a Value> {
        let layers = states
            .iter()
            .filter(|state| self.layer.as_ref().is_none_or(|layer| *layer == state.run));
        layers
            .flat_map(|state| state.of_type(&self.kind))
            .filter(|resource| self.chosen.hold(&resource["values"]))
            .collect()
    }

    /// Gives values of `each` that none has.
    fn missing<'a>(&'a self, found: &'a [&Value]) -> impl Iterator<Item = &'a Value> {
        let all = self
            .each
            .iter()
            .flat_map(|(path, values)| values.iter().map(move |value| (path, value)));
        all.filter(|(path, value)| {
            let wanted = Condition::Is((*value).clone());
            !found
                .iter()
                .any(|resource| wanted.holds(&condition::reached(&resource["values"], path)))
        })
        .map(|(_, value)| value)
    }
}

impl Lacks {
    fn gone(&self, folders: &Folders) -> Vec<String> {
        let mut gone = Vec::new();
        for (name, states) in folders {
            let layer = states.iter().find(|state| state.run == self.layer);
            let Some(layer) = layer else {
                gone.push(format!("{name} has no {}", self.layer));
                continue;
            };
            let types = self
                .types
                .iter()
                .filter(|kind| !layer.of_type(kind.as_str()).is_empty());
            gone.extend(types.map(|kind| format!("{} of {name} makes {kind}", self.layer)));
        }
        gone
    }
}

/// Says which states hold a text.
fn held(wanted: &str, folders: &Folders) -> Vec<String> {
    let all = folders
        .iter()
        .flat_map(|(name, states)| states.iter().map(move |state| (name, state)));
    let resources = all.flat_map(|(name, state)| {
        let holds = |resource: &&Value| resource.to_string().contains(wanted);
        let found = state.resources().into_iter().filter(holds);
        found.map(move |resource| format!("{} of {name} holds {wanted}", text(&resource["address"])))
    });
    resources.collect()
}

impl LeftOut {
    fn gone(&self) -> anyhow::Result<Option<String>> {
        let path = root().join(&self.readme);
        let readme = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let below = readme
            .split_once("\n## Left out\n")
            .map_or("", |(_, below)| below);
        let section = below.split("\n## ").next().unwrap_or_default();
        Ok((!section.contains(&self.says))
            .then(|| format!("{} no longer says under `Left out`: {}", self.readme, self.says)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::states;

    fn gone(point: &str) -> Vec<String> {
        let said = r#"{"@testrun":"data","test_state":{"root_module":{"resources":[{"address":"a.x","mode":"managed","type":"a","values":{"on":true,"kind":"m"}},{"address":"a.y","mode":"managed","type":"a","values":{"on":false,"kind":"n"}}]}}}"#;
        let folders = Folders::from([("sample".to_owned(), states::read(said).unwrap())]);
        let point: Point = serde_yaml::from_str(&format!("{{point: p, missed_by: many, {point}}}")).unwrap();
        point.gone(&folders).unwrap().into_iter().collect()
    }

    #[test]
    fn everything_that_is_meant_has_it() {
        assert!(gone("made: [{type: a, where: {kind: m}, has: {on: true}}]").is_empty());
        assert_eq!(
            gone("made: [{type: a, has: {on: true}}]"),
            ["a.y of sample, at on"]
        );
    }

    #[test]
    fn what_is_nowhere_is_gone_where_it_is_asked_for() {
        assert_eq!(gone("made: [{type: b, has: {}}]"), ["sample makes no such b"]);
        assert!(gone("made: [{type: b, folders: [], has: {}}]").is_empty());
        assert_eq!(
            gone("made: [{type: a, folders: [other], has: {}}]"),
            ["no golden folder is called other"]
        );
        assert_eq!(
            gone("made: [{type: a, each: {kind: [m, o]}, has: {}}]"),
            ["sample makes no a of \"o\""]
        );
    }

    #[test]
    fn what_is_written_and_what_is_left_out_are_as_the_points_say() {
        for point in points().unwrap() {
            // What is made only Terraform can say.
            let written = point.written.iter().flat_map(|written| written.gone().unwrap());
            let left_out = point.left_out.iter().filter_map(|left| left.gone().unwrap());
            let gone: Vec<String> = written.chain(left_out).collect();
            assert!(gone.is_empty(), "{}: {gone:?}", point.point);
        }
    }

    #[test]
    fn of_many_reasons_a_few_are_said() {
        let all = |count: usize| (0..count).map(|at| at.to_string()).collect();
        assert_eq!(shortened(&all(2)), "0; 1");
        assert_eq!(shortened(&all(5)), "0; 1; 2; and 2 more");
    }

    #[test]
    fn what_must_not_be_there_is_named() {
        assert_eq!(
            gone("lacks: [{layer: data, types: [a, b]}]"),
            ["data of sample makes a"]
        );
        assert_eq!(gone("nowhere: ['\"n\"']"), ["a.y of sample holds \"n\""]);
    }
}
