//! What takes minutes to make and is the same for every checkout: kept outside of them, by what it was made from.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::workspace::{files_below, shown};

/// Holds what was made, a folder for each thing and key.
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the cache of this user: `LANDFALL_GROUND`, or a folder below the user's own cache.
    pub fn open() -> anyhow::Result<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let folder = match (
            variable("LANDFALL_GROUND"),
            variable("XDG_CACHE_HOME"),
            variable("HOME"),
        ) {
            (Some(folder), ..) => PathBuf::from(folder),
            (_, Some(cache), _) => PathBuf::from(cache).join("landfall-ground"),
            (_, _, Some(home)) => PathBuf::from(home).join(".cache/landfall-ground"),
            _ => anyhow::bail!("cannot tell where to keep what is built: set LANDFALL_GROUND"),
        };
        let folder = std::path::absolute(folder)?;
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// Gives a path below the cache.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Waits until nobody else works on the same thing, in this process or another.
    pub fn lock(&self, name: &str) -> anyhow::Result<File> {
        let path = self.folder.join(format!("{name}.lock"));
        let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        file.lock()
            .with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(file)
    }

    /// Gives the folder of something made from what `key` stands for; makes it if it is not there whole.
    ///
    /// It is made where it stays, because some things do not run elsewhere; the mark that it is whole comes last.
    pub fn made(
        &self,
        name: &str,
        key: &str,
        make: impl FnOnce(&Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<PathBuf> {
        let folder = self.folder.join(format!("{name}-{key}"));
        let mark = folder.join(".whole");
        if mark.is_file() {
            return Ok(folder);
        }
        let _alone = self.lock(name)?;
        if mark.is_file() {
            return Ok(folder);
        }
        eprintln!("making {name} {key}");
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        make(&folder)?;
        fs::write(&mark, "").with_context(|| format!("cannot write {}", mark.display()))?;
        Ok(folder)
    }
}

/// Returns a key for the names and contents of files, and of all files below folders.
pub fn key(paths: &[PathBuf]) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for path in paths {
        let files = if path.is_dir() {
            files_below(path)
        } else {
            vec![path.clone()]
        };
        for file in files {
            let name = file.strip_prefix(path).unwrap_or(&file);
            let content = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            hash.update(format!("{} {}\n", name.display(), content.len()));
            hash.update(content);
        }
    }
    Ok(hex::encode(&hash.finalize()[..6]))
}

/// Returns a key for a text.
pub fn text_key(text: &str) -> String {
    hex::encode(&Sha256::digest(text)[..6])
}

/// Runs a program whose output is for people, while ours may be for a shell.
pub fn make(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .stdout(std::io::stderr())
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_made_once_and_half_of_it_anew() {
        let folder = std::env::temp_dir().join(format!("landfall-ground-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cache = Cache {
            folder: folder.clone(),
        };
        let broken = cache.made("thing", "1", |folder| {
            fs::write(folder.join("half"), "")?;
            anyhow::bail!("cut short")
        });
        assert!(broken.is_err());
        let whole = |folder: &Path| Ok(fs::write(folder.join("whole"), "")?);
        let made = cache.made("thing", "1", whole).unwrap();
        assert!(made.join("whole").is_file() && !made.join("half").exists());
        cache.made("thing", "1", |_| anyhow::bail!("made twice")).unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
