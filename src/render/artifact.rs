//! Rendered files in memory, and on disk.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::RenderError;
use crate::oci::Digest;

/// One rendered file. Secrets in it are references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its text.
    pub text: String,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
}

/// All rendered files by their path below the output folder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Artifacts(BTreeMap<Utf8PathBuf, Artifact>);

/// How a rendered file differs from the one on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It is not there yet.
    New,
    /// It is there with another content.
    Changed,
}

impl Artifacts {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<Utf8PathBuf>, text: String) {
        self.0.insert(
            path.into(),
            Artifact {
                text,
                executable: false,
            },
        );
    }

    /// Adds a program.
    pub fn add_program(&mut self, path: impl Into<Utf8PathBuf>, text: String) {
        self.0.insert(
            path.into(),
            Artifact {
                text,
                executable: true,
            },
        );
    }

    /// Finds a file.
    pub fn get(&self, path: &Utf8Path) -> Option<&Artifact> {
        self.0.get(path)
    }

    /// Lists all files in the order of their paths.
    pub fn iter(&self) -> impl Iterator<Item = (&Utf8PathBuf, &Artifact)> {
        self.0.iter()
    }

    /// Takes in the files of another set.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Moves every file below a folder.
    #[must_use]
    pub fn under(self, folder: &str) -> Self {
        Self(
            self.0
                .into_iter()
                .map(|(path, artifact)| (Utf8Path::new(folder).join(path), artifact))
                .collect(),
        )
    }

    /// Returns the files below a folder, by their paths from there.
    #[must_use]
    pub fn below(&self, folder: &str) -> Self {
        let below = |(path, artifact): (&Utf8PathBuf, &Artifact)| {
            Some((path.strip_prefix(folder).ok()?.to_owned(), artifact.clone()))
        };
        Self(self.0.iter().filter_map(below).collect())
    }

    /// Leaves out the files that a test names.
    #[must_use]
    pub fn without(&self, left_out: impl Fn(&Utf8Path) -> bool) -> Self {
        let kept = self.0.iter().filter(|(path, _)| !left_out(path));
        Self(
            kept.map(|(path, artifact)| (path.clone(), artifact.clone()))
                .collect(),
        )
    }

    /// Computes the digest over all paths and contents.
    pub fn digest(&self) -> Digest {
        Digest::of(serde_json::to_vec(self).expect("artifacts are a map with text keys"))
    }

    /// Compares with a folder: what would be new or changed there.
    ///
    /// # Errors
    /// [`RenderError::Read`] when a file is there and cannot be read.
    pub fn compare(&self, folder: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Change>, RenderError> {
        let mut changes = BTreeMap::new();
        for (path, artifact) in &self.0 {
            let full = folder.join(path);
            match fs_err::read(&full) {
                Ok(bytes) if bytes == artifact.text.as_bytes() => {}
                Ok(_) => _ = changes.insert(path.clone(), Change::Changed),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    changes.insert(path.clone(), Change::New);
                }
                Err(source) => return Err(RenderError::Read { path: full, source }),
            }
        }
        Ok(changes)
    }

    /// Writes all files below a folder; files with the same content are left alone.
    ///
    /// # Errors
    /// [`RenderError::Write`] with the file that could not be written.
    pub fn write(&self, folder: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Change>, RenderError> {
        use std::os::unix::fs::PermissionsExt as _;
        let changes = self.compare(folder)?;
        for path in changes.keys() {
            let artifact = &self.0[path];
            let full = folder.join(path);
            let write = || -> std::io::Result<()> {
                fs_err::create_dir_all(full.parent().unwrap_or(folder))?;
                fs_err::write(&full, &artifact.text)?;
                let mode = if artifact.executable { 0o755 } else { 0o644 };
                fs_err::set_permissions(&full, std::fs::Permissions::from_mode(mode))
            };
            write().map_err(|source| RenderError::Write {
                path: full.clone(),
                source,
            })?;
        }
        Ok(changes)
    }
}
