//! Images for grounds: the sample's, and those of services that are made of Debian's packages.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::cache::{Cache, key, make};
use super::sources;
use crate::workspace::{program, target_folder};

/// Finds the sample's releases: where `LANDFALL_SAMPLE` says, or packed now.
pub fn sample() -> anyhow::Result<Vec<PathBuf>> {
    let folder = match std::env::var_os("LANDFALL_SAMPLE") {
        Some(folder) => std::path::absolute(folder)?,
        None => {
            // As a process of its own: it prints paths, which are not for whoever reads ours.
            let packer = std::env::current_exe().context("cannot tell where this program lies")?;
            make(program(packer).arg("sample"))?;
            target_folder()?.join("sample")
        }
    };
    let mut layouts: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("cannot read {}", folder.display()))?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("index.json").is_file())
        .collect();
    layouts.sort();
    ensure!(
        !layouts.is_empty(),
        "there are no releases in {}",
        folder.display()
    );
    Ok(layouts)
}

/// Makes the image of a service, as an OCI layout.
pub fn debian(cache: &Cache, service: &str) -> anyhow::Result<PathBuf> {
    let sources = sources("images");
    let script = sources.join("debimage.sh");
    let entry = sources.join(format!("{service}.sh"));
    let key = key(&[script.clone(), entry, sources.join("img.py")])?;
    cache.made(&format!("image-{service}"), &key, |folder| {
        make(program("bash").arg(&script).arg(folder).arg(service))
    })
}

/// Prepares to push layouts below a prefix, which says what is there then, by digest.
pub fn pushing(prefix: &str, layouts: &[PathBuf]) -> Command {
    let mut command = program("python3");
    let script = sources("images").join("push.py");
    command.arg(script).arg(prefix).args(layouts);
    command
}
