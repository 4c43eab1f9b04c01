//! A release is kept: one file, the same for the same release, never silently another.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::{Entry, ProductError, Release, origin};
use super::bill;
use crate::oci::Bill;

/// The comment that opens every release file.
const HEAD: &str = "# A release, written by `landfall release add`. Digests are what a registry or layout said, never made by hand.\n\
                    # Schema: landfall/release/v1, docs/reference/release.schema.json.\n";

impl Entry {
    /// Writes a release and its SBOMs to where this product's releases are added, and says where that is.
    ///
    /// A release that is there already with the same images is written anew, for its notes may differ; one with other
    /// images only when `replace` says so.
    ///
    /// # Errors
    /// [`ProductError::ReleaseDiffers`]; [`ProductError::NoReleaseFolder`]; what is wrong with the releases that are
    /// there; [`ProductError::Write`].
    pub fn write_release(
        &self,
        release: &Release,
        bills: &BTreeMap<String, Bill>,
        replace: bool,
    ) -> Result<Utf8PathBuf, ProductError> {
        let Some(mut path) = self.release_path(&release.version) else {
            return Err(ProductError::NoReleaseFolder {
                product: self.product().name.clone(),
            });
        };
        if let Some((existing, place)) = self.releases()?.remove(&release.version) {
            if !replace {
                refuse_others(&existing, release, &place)?;
            }
            // The same version may be spelled otherwise (1.0 and 1.0.0): there is one file for both.
            if place.parent() == path.parent() {
                path = place;
            }
        }
        // The release last: what it names is there already.
        bill::write(&path, bills)
            .and_then(|()| write(release, &path))
            .map_err(|source| ProductError::Write {
                path: path.clone(),
                source,
            })?;
        Ok(path)
    }
}

fn refuse_others(existing: &Release, new: &Release, path: &Utf8Path) -> Result<(), ProductError> {
    let digest = |release: &Release, name: &String| release.images.get(name).map(|image| image.digest);
    let mut names: Vec<&String> = existing.images.keys().chain(new.images.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| digest(existing, name) != digest(new, name));
    if names.is_empty() {
        return Ok(());
    }
    Err(ProductError::ReleaseDiffers {
        version: new.version.clone(),
        components: names
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
        path: path.to_owned(),
    })
}

/// Writes the file as a whole or not at all.
fn write(release: &Release, path: &Utf8Path) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs_err::create_dir_all(folder)?;
    let mut release = release.clone();
    origin::make_relative(&mut release, folder);
    let text = serde_yaml::to_string(&release).map_err(std::io::Error::other)?;
    let text = format!("{HEAD}{text}");
    if fs_err::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    let part = path.with_extension("yaml.part");
    fs_err::write(&part, text)?;
    fs_err::rename(&part, path)
}
