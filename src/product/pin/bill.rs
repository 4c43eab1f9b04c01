//! A release tells what it is made of: an SBOM for every image that has none attached, kept beside the release.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::super::{Entry, ProductError, Release, ReleaseImage, Version};
use crate::oci::{Bill, Digest, ImageSource, OciError};

/// Makes the SBOM of every image of a release that has none attached, and records its digest in the release.
///
/// Components that share an image share the document. The images' blobs are fetched when they come from a registry.
///
/// # Errors
/// [`ProductError::MakeSbom`] for an image whose layers cannot be had or read.
pub async fn bills(
    release: &mut Release,
    source: &ImageSource,
    scratch: &Utf8Path,
) -> Result<BTreeMap<String, Bill>, ProductError> {
    let mut made: BTreeMap<Digest, Bill> = BTreeMap::new();
    let mut bills = BTreeMap::new();
    for (component, image) in &mut release.images {
        if image.sbom.is_some() {
            continue;
        }
        let bill = match made.get(&image.digest) {
            Some(bill) => bill.clone(),
            None => bill(source, image, scratch)
                .await
                .map_err(|source| ProductError::MakeSbom {
                    component: component.clone(),
                    reference: image.reference.clone(),
                    source: Box::new(source),
                })?,
        };
        image.sbom = Some(bill.digest());
        made.insert(image.digest, bill.clone());
        bills.insert(component.clone(), bill);
    }
    Ok(bills)
}

async fn bill(source: &ImageSource, image: &ReleaseImage, scratch: &Utf8Path) -> Result<Bill, OciError> {
    let mut images = Vec::new();
    for (platform, manifest) in &image.platforms {
        let exact = ReleaseImage {
            digest: *manifest,
            ..image.clone()
        };
        let found = source.find(&exact.pinned(), &platform.parse()?).await?;
        let blobs = source.local(&found).await?;
        images.push((found, blobs));
    }
    let (reference, digest, scratch) = (image.reference.clone(), image.digest, scratch.to_owned());
    tokio::task::spawn_blocking(move || Bill::make(&reference, digest, &images, &scratch))
        .await
        .map_err(|source| OciError::Background {
            name: image.reference.clone(),
            source,
        })?
}

impl Entry {
    /// Reads the SBOM that was made of a component's image when the release was added; none when it is kept with the
    /// image, or was left out.
    ///
    /// # Errors
    /// [`ProductError::SbomDiffers`] when it is not the one that the release names; [`ProductError::Read`].
    pub fn sbom(&self, version: &Version, component: &str) -> Result<Option<Vec<u8>>, ProductError> {
        let (release, file) = self.release(Some(version))?;
        let Some(digest) = release.images.get(component).and_then(|image| image.sbom) else {
            return Ok(None);
        };
        let path = place(&file, component);
        match fs_err::read(&path) {
            Ok(bytes) if Digest::of(&bytes) == digest => Ok(Some(bytes)),
            Ok(_) => Err(ProductError::SbomDiffers { path, digest }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(ProductError::Read { path, source }),
        }
    }
}

/// Says where a component's SBOM lies: in a folder beside the release's file, named after it.
fn place(release: &Utf8Path, component: &str) -> Utf8PathBuf {
    folder(release).join(format!("{component}.cdx.json"))
}

fn folder(release: &Utf8Path) -> Utf8PathBuf {
    release.with_extension("").join("sbom")
}

/// Writes the SBOMs of a release beside its file; those of an earlier try that are no more are removed.
pub(super) fn write(release: &Utf8Path, bills: &BTreeMap<String, Bill>) -> std::io::Result<()> {
    let folder = folder(release);
    for old in folder.read_dir_utf8().into_iter().flatten().flatten() {
        let name = old.file_name().strip_suffix(".cdx.json");
        if name.is_some_and(|name| !bills.contains_key(name)) {
            fs_err::remove_file(old.path())?;
        }
    }
    for (component, bill) in bills {
        let path = place(release, component);
        if fs_err::read(&path).is_ok_and(|there| there == bill.document) {
            continue;
        }
        fs_err::create_dir_all(&folder)?;
        let part = path.with_extension("part");
        fs_err::write(&part, &bill.document)?;
        fs_err::rename(&part, &path)?;
    }
    Ok(())
}
