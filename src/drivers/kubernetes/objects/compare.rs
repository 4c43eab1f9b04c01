//! What differs between an object as it should be and as it is. Pure.

use std::fmt;

use serde_json::{Map, Value};

/// A step on the way into an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) enum Piece {
    /// A field.
    Field(String),
    /// An item of a list: what it is called, and its place in the list that is there.
    Item(String, Option<usize>),
}

/// The way to a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) struct Path(pub(in crate::drivers::kubernetes) Vec<Piece>);

impl Path {
    pub(in crate::drivers::kubernetes) fn field(&self, name: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Piece::Field(name.to_owned()));
        path
    }

    pub(super) fn item(&self, label: &str, live: Option<usize>) -> Self {
        let mut path = self.clone();
        path.0.push(Piece::Item(label.to_owned(), live));
        path
    }

    /// Says whether it leads through fields of these names, one right after the other.
    pub(super) fn leads_through(&self, names: &[&str]) -> bool {
        let fields = self.names();
        fields.windows(names.len()).any(|window| window == names)
    }

    /// Lists the names of its fields, those of items left out.
    pub(in crate::drivers::kubernetes) fn names(&self) -> Vec<&str> {
        let pieces = self.0.iter().filter_map(|piece| match piece {
            Piece::Field(name) => Some(name.as_str()),
            Piece::Item(..) => None,
        });
        pieces.collect()
    }

    /// Names the item of a list that it leads through last, and the list.
    pub(super) fn last_item(&self) -> Option<(&str, &str)> {
        let at = self
            .0
            .iter()
            .rposition(|piece| matches!(piece, Piece::Item(..)))?;
        match (self.0.get(at.checked_sub(1)?)?, self.0.get(at)?) {
            (Piece::Field(list), Piece::Item(label, _)) => Some((list, label)),
            _ => None,
        }
    }

    /// Finds what it leads to in the object that is there, or in one with the same items.
    pub(in crate::drivers::kubernetes) fn find<'a>(&self, object: &'a Value) -> Option<&'a Value> {
        let mut value = object;
        let mut list = "";
        for piece in &self.0 {
            value = match piece {
                Piece::Field(name) => {
                    list = name;
                    value.get(name)?
                }
                Piece::Item(wanted, index) => {
                    let items = value.as_array()?;
                    match keys(list, items) {
                        Some(keys) => items.iter().find(|item| label_of(item, keys) == *wanted)?,
                        None => items.get((*index)?)?,
                    }
                }
            };
        }
        Some(value)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, piece) in self.0.iter().enumerate() {
            match piece {
                Piece::Field(name) if name.contains(['.', '/']) => write!(f, "[{name}]")?,
                Piece::Field(name) if index == 0 => f.write_str(name)?,
                Piece::Field(name) => write!(f, ".{name}")?,
                Piece::Item(label, _) => write!(f, "[{label}]")?,
            }
        }
        Ok(())
    }
}

/// A field that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) struct Change {
    /// The field.
    pub(in crate::drivers::kubernetes) path: Path,
    /// What should be there.
    pub(in crate::drivers::kubernetes) expected: Option<Value>,
    /// What is there.
    pub(in crate::drivers::kubernetes) live: Option<Value>,
}

/// How an object was made that another is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::drivers::kubernetes) enum Measure {
    /// The cluster said what it would make of the rendered one: everything in it counts.
    Exact,
    /// It is the rendered one itself: what it does not say does not count.
    Said,
}

/// What the cluster writes into every object by itself.
const OWN: [&str; 7] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "ownerReferences",
];

/// Lists the fields of an object that are not as they should be.
pub(in crate::drivers::kubernetes) fn compare(
    expected: &Value,
    live: &Value,
    measure: Measure,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let (Some(expected), Some(live)) = (expected.as_object(), live.as_object()) else {
        return changes;
    };
    let mut walk = Walk {
        measure,
        changes: &mut changes,
    };
    let root = Path::default();
    for (name, wanted) in expected.iter().filter(|(name, _)| *name != "status") {
        let path = root.field(name);
        match live.get(name) {
            Some(Value::Object(found)) if name == "metadata" => {
                let without = |map: &Map<String, Value>| {
                    let mut map = map.clone();
                    map.retain(|name, _| !OWN.contains(&name.as_str()));
                    map
                };
                let wanted = wanted.as_object().map(without).unwrap_or_default();
                walk.maps(&path, &wanted, &without(found));
            }
            found => walk.values(&path, Some(wanted), found),
        }
    }
    changes
}

struct Walk<'a> {
    measure: Measure,
    changes: &'a mut Vec<Change>,
}

impl Walk<'_> {
    fn values(&mut self, path: &Path, expected: Option<&Value>, live: Option<&Value>) {
        match (expected, live) {
            (Some(Value::Object(expected)), Some(Value::Object(live))) => self.maps(path, expected, live),
            (Some(Value::Array(expected)), Some(Value::Array(live))) => self.lists(path, expected, live),
            (Some(expected), Some(live)) if self.same(expected, live) => {}
            // An empty value is as good as none: charts write `labels: {}`.
            (Some(nothing), None) if is_empty(nothing) => {}
            (None, Some(nothing)) if is_empty(nothing) => {}
            (None, None) => {}
            (expected, live) => self.changes.push(Change {
                path: path.clone(),
                expected: expected.cloned(),
                live: live.cloned(),
            }),
        }
    }

    fn maps(&mut self, path: &Path, expected: &Map<String, Value>, live: &Map<String, Value>) {
        for (name, wanted) in expected {
            self.values(&path.field(name), Some(wanted), live.get(name));
        }
        if self.measure == Measure::Exact {
            for (name, found) in live.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                self.values(&path.field(name), None, Some(found));
            }
        }
    }

    fn lists(&mut self, path: &Path, expected: &[Value], live: &[Value]) {
        let name = match path.0.last() {
            Some(Piece::Field(name)) => name.clone(),
            _ => String::new(),
        };
        let keyed = keys(&name, expected).filter(|_| keys(&name, live).is_some());
        let Some(keys) = keyed else {
            self.plain_lists(path, expected, live);
            return;
        };
        for wanted in expected {
            let label = label_of(wanted, keys);
            let at = live.iter().position(|found| label_of(found, keys) == label);
            let found = at.and_then(|at| live.get(at));
            self.values(&path.item(&label, at), Some(wanted), found);
        }
        if self.measure == Measure::Exact {
            for (at, found) in live.iter().enumerate() {
                let label = label_of(found, keys);
                if expected.iter().all(|wanted| label_of(wanted, keys) != label) {
                    self.values(&path.item(&label, Some(at)), None, Some(found));
                }
            }
        }
    }

    fn plain_lists(&mut self, path: &Path, expected: &[Value], live: &[Value]) {
        if expected.len() != live.len() {
            self.changes.push(Change {
                path: path.clone(),
                expected: Some(expected.into()),
                live: Some(live.into()),
            });
            return;
        }
        for (at, (wanted, found)) in expected.iter().zip(live).enumerate() {
            self.values(&path.item(&at.to_string(), Some(at)), Some(wanted), Some(found));
        }
    }

    fn same(&self, expected: &Value, live: &Value) -> bool {
        expected == live
            || self.measure == Measure::Said
                && match (amount(expected), amount(live)) {
                    (Some(expected), Some(live)) => (expected - live).abs() <= f64::EPSILON * expected.abs(),
                    _ => false,
                }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    }
}

/// Says by which fields the cluster tells the items of a list apart; none where it takes a list as a whole.
fn keys(list: &str, items: &[Value]) -> Option<&'static [&'static str]> {
    let keys: &[&str] = match list {
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => {
            &["name"]
        }
        "volumeMounts" => &["mountPath"],
        "volumeDevices" => &["devicePath"],
        "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
        "ports" if items.iter().any(|item| item.get("containerPort").is_some()) => {
            &["containerPort", "protocol"]
        }
        "ports" if items.iter().any(|item| item.get("targetPort").is_some()) => &["port", "protocol"],
        _ => return None,
    };
    let has = |item: &Value| keys.first().is_some_and(|key| item.get(key).is_some());
    items.iter().all(has).then_some(keys)
}

/// Writes what an item of a list is called.
fn label_of(item: &Value, keys: &[&str]) -> String {
    let pieces = keys.iter().filter_map(|key| match item.get(*key) {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
        // The one field of these that may be left out.
        None if *key == "protocol" => Some("TCP".to_owned()),
        None => None,
    });
    pieces.collect::<Vec<_>>().join("/")
}

/// Reads an amount such as `500m` or `1Gi`, of which there are several ways to write the same.
fn amount(value: &Value) -> Option<f64> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Number(number) => return number.as_f64(),
        _ => return None,
    };
    let at = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let factor = match unit {
        "" => 1.0,
        "m" => 0.001,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, live: &Value, measure: Measure) -> Vec<String> {
        compare(expected, live, measure)
            .iter()
            .map(|change| change.path.to_string())
            .collect()
    }

    #[test]
    fn fields_that_the_cluster_filled_in_do_not_count() {
        let rendered = json!({ "spec": { "template": { "spec": { "containers": [
            { "name": "api", "ports": [{ "containerPort": 80 }],
              "resources": { "requests": { "cpu": "1000m", "memory": "1024Mi" } } },
        ] } } } });
        let live = json!({
            "metadata": { "uid": "1", "generation": 4 },
            "spec": { "replicas": 1, "template": { "spec": { "dnsPolicy": "ClusterFirst", "containers": [
                { "name": "api", "terminationMessagePath": "/x", "ports": [{ "containerPort": 80, "protocol": "TCP" }],
                  "resources": { "requests": { "cpu": "1", "memory": "1Gi" } } },
            ] } } },
            "status": { "replicas": 1 },
        });
        assert_eq!(told(&rendered, &live, Measure::Said), Vec::<String>::new());
    }

    #[test]
    fn items_are_told_apart_by_name_whatever_their_order() {
        let env = |pairs: &[(&str, &str)]| {
            let env: Vec<Value> = pairs
                .iter()
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect();
            json!({ "spec": { "env": env } })
        };
        let expected = env(&[("A", "1"), ("B", "2")]);
        let live = env(&[("B", "3"), ("A", "1")]);
        assert_eq!(told(&expected, &live, Measure::Exact), ["spec.env[B].value"]);
        let more = env(&[("B", "2"), ("A", "1"), ("C", "4")]);
        assert_eq!(told(&expected, &more, Measure::Exact), ["spec.env[C]"]);
        assert_eq!(told(&expected, &more, Measure::Said), Vec::<String>::new());
        let less = env(&[("B", "2")]);
        assert_eq!(told(&expected, &less, Measure::Said), ["spec.env[A]"]);
    }

    #[test]
    fn a_list_that_is_taken_as_a_whole_counts_as_a_whole() {
        let expected = json!({ "spec": { "args": ["serve"] } });
        let live = json!({ "spec": { "args": ["serve", "--debug"] } });
        assert_eq!(told(&expected, &live, Measure::Said), ["spec.args"]);
        let other = json!({ "spec": { "args": ["sleep"] } });
        assert_eq!(told(&expected, &other, Measure::Said), ["spec.args[0]"]);
    }

    #[test]
    fn a_path_finds_the_same_item_in_another_object() {
        let expected =
            json!({ "spec": { "containers": [{ "name": "a" }, { "name": "b", "image": "x:1" }] } });
        let live = json!({ "spec": { "containers": [{ "name": "b", "image": "x:2" }, { "name": "a" }] } });
        let changes = compare(&expected, &live, Measure::Exact);
        let path = &changes[0].path;
        assert_eq!(path.find(&expected), Some(&json!("x:1")));
        assert_eq!(path.find(&live), Some(&json!("x:2")));
    }
}
