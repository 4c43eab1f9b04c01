//! The index from key path to line and column.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use saphyr_parser::{Event, Parser, Span};

use super::Problem;

/// Deeper nesting than this is refused: no document of ours comes near it, and parsers recurse.
const DEEPEST: usize = 64;

/// Where each key path of a YAML document stands, as one-based line and column.
#[derive(Debug, Clone, Default)]
pub struct Positions {
    places: BTreeMap<String, (usize, usize)>,
    duplicates: Vec<(String, usize, usize)>,
    top: BTreeMap<String, String>,
}

/// One open collection while walking the events.
enum Open {
    Mapping { path: String, key: Option<String> },
    Sequence { path: String, next: usize },
}

impl Positions {
    /// Indexes the first document of a YAML text.
    ///
    /// # Errors
    /// The syntax error, placed, when the text is no YAML; also for aliases, several documents and absurd nesting.
    pub fn index(text: &str) -> Result<Self, Problem> {
        let mut positions = Self::default();
        let mut open: Vec<Open> = Vec::new();
        let mut documents = 0;
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| {
                let marker = error.marker();
                Problem::at("", marker.line(), marker.col() + 1, "", error.info())
            })?;
            match event {
                Event::DocumentStart(_) => {
                    documents += 1;
                    if documents > 1 {
                        return Err(placed(
                            &span,
                            "one YAML document is expected, this starts another",
                        ));
                    }
                }
                Event::Alias(_) => {
                    return Err(placed(&span, "YAML aliases are not taken here").hint("write the value out"));
                }
                Event::Scalar(value, ..) => positions.scalar(&mut open, &value, &span),
                Event::MappingStart(..) => {
                    let path = positions.enter(&mut open, &span)?;
                    open.push(Open::Mapping { path, key: None });
                }
                Event::SequenceStart(..) => {
                    let path = positions.enter(&mut open, &span)?;
                    open.push(Open::Sequence { path, next: 0 });
                }
                Event::MappingEnd | Event::SequenceEnd => {
                    open.pop();
                    close_value(&mut open);
                }
                _ => {}
            }
        }
        Ok(positions)
    }

    /// Finds a key path, or its nearest ancestor that is written; line 1, column 1 when there is none.
    pub fn find(&self, path: &str) -> (usize, usize) {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.places.get("").copied().unwrap_or((1, 1)),
            }
        }
    }

    /// Says whether a key path is written in the document.
    pub fn contains(&self, path: &str) -> bool {
        self.places.contains_key(path)
    }

    /// Lists the keys that stand twice in one mapping, with their second place.
    pub fn duplicates(&self) -> &[(String, usize, usize)] {
        &self.duplicates
    }

    /// Says whether nothing at all is written.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Returns the text of a key at the top whose value is a scalar.
    pub fn top(&self, key: &str) -> Option<&str> {
        self.top.get(key).map(String::as_str)
    }

    fn scalar(&mut self, open: &mut [Open], value: &str, span: &Span) {
        if let Some(Open::Mapping {
            path,
            key: key @ None,
        }) = open.last_mut()
        {
            let full = join(path, value);
            self.record(full, span);
            *key = Some(value.to_owned());
            return;
        }
        if let [Open::Mapping { key: Some(key), .. }] = open {
            self.top.entry(key.clone()).or_insert_with(|| value.to_owned());
        }
        // A document may be a lone scalar; an empty one is none.
        match value_path(open) {
            None if value.is_empty() => {}
            path => {
                let path = path.unwrap_or_default();
                self.places.entry(path).or_insert_with(|| place(span));
            }
        }
        close_value(open);
    }

    fn enter(&mut self, open: &mut [Open], span: &Span) -> Result<String, Problem> {
        if open.len() >= DEEPEST {
            return Err(placed(span, "nested too deeply"));
        }
        if matches!(open.last(), Some(Open::Mapping { key: None, .. })) {
            return Err(placed(span, "a key must be plain text"));
        }
        let path = value_path(open).unwrap_or_default();
        self.places.entry(path.clone()).or_insert_with(|| place(span));
        Ok(path)
    }

    fn record(&mut self, path: String, span: &Span) {
        let (line, column) = place(span);
        match self.places.entry(path) {
            Entry::Vacant(place) => _ = place.insert((line, column)),
            Entry::Occupied(place) => self.duplicates.push((place.key().clone(), line, column)),
        }
    }
}

fn placed(span: &Span, message: &str) -> Problem {
    let (line, column) = place(span);
    Problem::at("", line, column, "", message)
}

fn place(span: &Span) -> (usize, usize) {
    (span.start.line(), span.start.col() + 1)
}

/// The path of the value that is about to be read; `None` at the top.
fn value_path(open: &[Open]) -> Option<String> {
    match open.last()? {
        Open::Mapping { path, key } => Some(join(path, key.as_deref().unwrap_or_default())),
        Open::Sequence { path, next } => Some(format!("{path}[{next}]")),
    }
}

/// Notes that the value of the innermost open collection has been read.
fn close_value(open: &mut [Open]) {
    match open.last_mut() {
        Some(Open::Mapping { key, .. }) => *key = None,
        Some(Open::Sequence { next, .. }) => *next += 1,
        None => {}
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_and_item_has_its_place() {
        let positions = Positions::index("a: 1\nb:\n  c:\n    - x\n    - d: 2\n").unwrap();
        assert_eq!(positions.find("a"), (1, 1));
        assert_eq!(positions.find("b.c"), (3, 3));
        assert_eq!(positions.find("b.c[1].d"), (5, 7));
    }

    #[test]
    fn a_missing_path_falls_back_to_its_nearest_ancestor() {
        let positions = Positions::index("a:\n  b: 1\n").unwrap();
        assert_eq!(positions.find("a.z.y"), (1, 1));
        assert_eq!(positions.find("a.b.c"), (2, 3));
    }

    #[test]
    fn a_key_given_twice_is_noticed() {
        let positions = Positions::index("a: 1\nb: 2\na: 3\n").unwrap();
        assert_eq!(positions.duplicates(), &[("a".to_owned(), 3, 1)]);
    }

    #[test]
    fn broken_text_is_placed() {
        let problem = Positions::index("a: [1, 2\nb: 3\n").unwrap_err();
        assert!(problem.line >= 1, "{problem}");
    }
}
