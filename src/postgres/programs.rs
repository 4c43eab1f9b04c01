//! Finding PostgreSQL's programs.

use camino::{Utf8Path, Utf8PathBuf};
use semver::Version;

use super::error::PostgresError;
use crate::tools::{CancelToken, Invocation, version_of};

/// Names one version of PostgreSQL's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The version; `15.18` is written as `15.18.0`.
    pub version: Version,
    /// The folder with `postgres`, `initdb` and the others.
    pub bin: Utf8PathBuf,
}

impl Programs {
    /// Asks the programs in a folder for their version; none if the folder has no server.
    pub async fn at(bin: &Utf8Path, cancel: &CancelToken) -> Result<Option<Self>, PostgresError> {
        if !bin.join("postgres").is_file() || !bin.join("initdb").is_file() {
            return Ok(None);
        }
        let call = Invocation::new(bin.join("postgres"), "asking PostgreSQL its version").arg("--version");
        let version = version_of(&call, cancel)
            .await
            .map_err(|source| PostgresError::Program {
                action: "ask PostgreSQL its version",
                source: Box::new(source),
            })?;
        Ok(Some(Self {
            version,
            bin: bin.to_owned(),
        }))
    }

    pub(super) fn program(&self, name: &str) -> Utf8PathBuf {
        self.bin.join(name)
    }
}

/// Finds every PostgreSQL of this machine: in the given folders, in Debian's and Red Hat's places under `root` newest
/// first, and in the folders of `path`.
///
/// `root` is `/` but in tests. The caller takes the first that suits; programs that cannot tell their version are
/// passed over.
pub async fn find(
    directories: &[Utf8PathBuf],
    root: &Utf8Path,
    path: &[Utf8PathBuf],
    cancel: &CancelToken,
) -> Vec<Programs> {
    let mut found: Vec<Programs> = Vec::new();
    let candidates = directories
        .iter()
        .cloned()
        .chain(system_places(root))
        .chain(path.iter().cloned());
    for bin in candidates {
        if found.iter().all(|programs| programs.bin != bin)
            && let Ok(Some(programs)) = Programs::at(&bin, cancel).await
        {
            found.push(programs);
        }
    }
    found
}

pub(super) fn system_places(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut places: Vec<(u32, Utf8PathBuf)> = Vec::new();
    if let Ok(entries) = root.join("usr/lib/postgresql").read_dir_utf8() {
        places.extend(
            entries
                .flatten()
                .filter_map(|entry| Some((entry.file_name().parse().ok()?, entry.path().join("bin")))),
        );
    }
    if let Ok(entries) = root.join("usr").read_dir_utf8() {
        places.extend(entries.flatten().filter_map(|entry| {
            Some((
                entry.file_name().strip_prefix("pgsql-")?.parse().ok()?,
                entry.path().join("bin"),
            ))
        }));
    }
    places.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    places.into_iter().map(|(_, bin)| bin).collect()
}
