//! Text documents that people write: strict YAML with a place for every complaint.
//!
//! A [`Document`] is parsed twice over: once into its type, once into an index from key path to line and column. So
//! an error of ours (a dangling reference, say) points at the same kind of place as an error of the parser's.
//! Must not know what any document means.

mod position;
mod problem;

pub use position::Positions;
pub use problem::{Problem, Problems, nearest};

use serde::de::DeserializeOwned;

/// A parsed document together with the place of every key in it.
#[derive(Debug, Clone)]
pub struct Document<T> {
    /// The parsed content.
    pub content: T,
    /// The file's name as shown in errors.
    pub file: String,
    /// Where each key path stands.
    pub positions: Positions,
}

impl<T: DeserializeOwned> Document<T> {
    /// Parses the bytes of a file that carries a schema line.
    ///
    /// # Errors
    /// As [`Document::parse_as`], and when the bytes are no UTF-8.
    pub fn read(file: &str, bytes: &[u8], schema: &str) -> Result<Self, Problems> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse_as(file, text, schema),
            Err(error) => Err(Problems::one(no_text(file, bytes, error.valid_up_to()))),
        }
    }

    /// Parses YAML text strictly, its schema line first: a document of another kind or version is called that, instead
    /// of being picked on for its keys.
    ///
    /// # Errors
    /// As [`Document::parse`], and when the schema line is another.
    pub fn parse_as(file: &str, text: &str, schema: &str) -> Result<Self, Problems> {
        let positions = Self::index(file, text)?;
        match positions.top("schema") {
            Some(found) if found == schema => Self::deserialize(file, text, positions),
            Some(_) => {
                let (line, column) = positions.find("schema");
                let message = format!("expected `{schema}`");
                Err(Problems::one(Problem::at(file, line, column, "schema", message)))
            }
            // What else is wrong at the top, such as a list, says more than a missing line.
            None => match Self::deserialize(file, text, positions) {
                Err(problems) => Err(problems),
                Ok(document) => Err(Problems::one(
                    document.problem("schema", format!("expected a line `schema: {schema}`")),
                )),
            },
        }
    }

    /// Parses YAML text strictly.
    ///
    /// # Errors
    /// [`Problems`] with file, line, column, key path and, for an unknown key, the nearest right name.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        let positions = Self::index(file, text)?;
        Self::deserialize(file, text, positions)
    }

    fn index(file: &str, text: &str) -> Result<Positions, Problems> {
        let positions = Positions::index(text).map_err(|problem| Problems::one(problem.in_file(file)))?;
        if positions.is_empty() {
            return Err(Problems::one(Problem::at(
                file,
                1,
                1,
                "",
                "there is nothing in this file",
            )));
        }
        let mut twice: Vec<Problem> = Vec::new();
        for (path, line, column) in positions.duplicates() {
            // What lies below a key that is given twice says nothing new.
            let below = |known: &Problem| {
                path.strip_prefix(&known.path)
                    .is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            if !twice.iter().any(below) {
                let problem = Problem::at(file, *line, *column, path, "the key is given twice");
                twice.push(problem.hint("keep one of them: the last would silently win"));
            }
        }
        Problems::check(twice)?;
        Ok(positions)
    }

    fn deserialize(file: &str, text: &str, positions: Positions) -> Result<Self, Problems> {
        match serde_path_to_error::deserialize(serde_yaml::Deserializer::from_str(text)) {
            Ok(content) => Ok(Self {
                content,
                file: file.to_owned(),
                positions,
            }),
            Err(error) => Err(Problems::one(Problem::from_yaml(file, &positions, &error))),
        }
    }
}

/// Places the first byte that is no UTF-8.
fn no_text(file: &str, bytes: &[u8], valid: usize) -> Problem {
    let before = String::from_utf8_lossy(&bytes[..valid]);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Problem::at(file, line, column, "", "this is no UTF-8 text").hint("save the file as UTF-8")
}

impl<T> Document<T> {
    /// Makes a problem at the place of a key path, or at its nearest ancestor that is written in the file.
    pub fn problem(&self, path: &str, message: impl Into<String>) -> Problem {
        let (line, column) = self.positions.find(path);
        Problem::at(&self.file, line, column, path, message)
    }
}
