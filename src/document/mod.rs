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
    /// Parses YAML text strictly.
    ///
    /// # Errors
    /// [`Problems`] with file, line, column, key path and, for an unknown key, the nearest right name.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problems> {
        let positions = Positions::index(text).map_err(|problem| Problems::one(problem.in_file(file)))?;
        if let Some((path, line, column)) = positions.duplicates().first() {
            let problem = Problem::at(file, *line, *column, path, "the key is given twice")
                .hint("keep one of them: the last would silently win");
            return Err(Problems::one(problem));
        }
        match serde_yaml::from_str(text) {
            Ok(content) => Ok(Self {
                content,
                file: file.to_owned(),
                positions,
            }),
            Err(error) => Err(Problems::one(Problem::from_yaml(file, &positions, &error))),
        }
    }
}

impl<T> Document<T> {
    /// Makes a problem at the place of a key path, or at its nearest ancestor that is written in the file.
    pub fn problem(&self, path: &str, message: impl Into<String>) -> Problem {
        let (line, column) = self.positions.find(path);
        Problem::at(&self.file, line, column, path, message)
    }
}
