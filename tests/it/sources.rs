//! The source files of the repository, as tests read them.

use camino::Utf8PathBuf;

use crate::fixtures::{files_below, root};

/// A source file.
pub struct Source {
    /// Its path in the repository.
    pub path: Utf8PathBuf,
    /// Its text.
    pub text: String,
}

/// Reads every Rust file below a folder of the repository.
pub fn sources(folder: &str) -> Vec<Source> {
    files_below(&root().join(folder))
        .into_iter()
        .filter(|path| path.extension() == Some("rs"))
        .map(|path| {
            let path = Utf8PathBuf::from(folder).join(path);
            Source {
                text: fs_err::read_to_string(root().join(&path)).unwrap(),
                path,
            }
        })
        .collect()
}

impl Source {
    /// Says whether the whole file is there for tests only.
    pub fn is_test(&self) -> bool {
        let is_test = |name: &str| {
            matches!(name, "tests" | "testing") || name.ends_with("_tests") || name.starts_with("test_")
        };
        let path = self.path.with_extension("");
        path.components().any(|piece| is_test(piece.as_str()))
    }

    /// Returns the first folder, or the file, below `src/`.
    pub fn folder(&self) -> Option<&str> {
        let piece = self.path.components().nth(1)?.as_str();
        Some(piece.strip_suffix(".rs").unwrap_or(piece))
    }

    /// Lists the lines of code before the tests, without comments.
    pub fn shipped_code(&self) -> impl Iterator<Item = &str> {
        // Tests come last in a file, in a module of their own.
        let tests = self.text.match_indices("#[cfg(test)]\n").find(|(at, marker)| {
            let next = self.text[at + marker.len()..].lines().next().unwrap_or_default();
            next.starts_with("mod ") && next.ends_with('{')
        });
        let end = tests.map_or(self.text.len(), |(at, _)| at);
        self.text[..end]
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
    }
}
