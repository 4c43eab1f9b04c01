//! Bills of materials (SBOMs): one that is attached to an image is found, or one is made of what its layers say.
//!
//! What is made is CycloneDX 1.6 in JSON. It tells what can be read exactly: packages of the system, and what programs
//! and libraries say about themselves. Nothing is guessed, and what was seen but not understood is said. The same image
//! gives the same bytes.

mod attached;
mod document;
mod libraries;
mod programs;
mod system;
#[cfg(test)]
mod tests;
mod walk;

use camino::Utf8Path;

use super::blobs::Blobs;
use super::digest::Digest;
use super::error::OciError;
use super::image::Image;
use super::unpack::spread;
use walk::Contents;

/// An SBOM that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Holds the document, CycloneDX 1.6 in JSON.
    pub document: Vec<u8>,
    /// Counts the packages and programs it lists.
    pub parts: usize,
    /// Says what was seen in the image and could not be read, sorted.
    pub unread: Vec<String>,
}

impl Bill {
    /// Computes the digest of the document.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.document)
    }

    /// Makes the SBOM of an image, for all the platforms it is given for. Blocks while it works.
    ///
    /// The layers are unpacked into a folder below `scratch` that is removed at the end, one platform after the other.
    ///
    /// # Errors
    ///
    /// As [`super::unpack`]; when a file cannot be read.
    pub fn make(
        reference: &str,
        digest: Digest,
        images: &[(Image, Blobs)],
        scratch: &Utf8Path,
    ) -> Result<Self, OciError> {
        let mut looked = Vec::new();
        for (image, blobs) in images {
            looked.push((image, look(image, blobs, scratch)?, created(image, blobs)?));
        }
        let unread = looked.iter().flat_map(|(_, contents, _)| contents.unread());
        let mut unread: Vec<String> = unread.collect();
        unread.sort();
        unread.dedup();
        let (document, parts) = document::write(reference, digest, &looked);
        Ok(Self {
            document,
            parts,
            unread,
        })
    }
}

fn look(image: &Image, blobs: &Blobs, scratch: &Utf8Path) -> Result<Contents, OciError> {
    let failed = |action: &'static str| {
        let path = scratch.to_owned();
        move |source| OciError::WriteTree { action, path, source }
    };
    fs_err::create_dir_all(scratch).map_err(failed("create"))?;
    let folder = tempfile::Builder::new()
        .prefix("sbom-")
        .tempdir_in(scratch)
        .map_err(failed("write into"))?;
    spread(image, blobs, folder.path())?;
    walk::walk(folder.path()).map_err(failed("look through what was unpacked below"))
}

/// Reads when an image was made, as its configuration says.
fn created(image: &Image, blobs: &Blobs) -> Result<Option<jiff::Timestamp>, OciError> {
    let bytes = blobs.read(&image.config_blob, super::image::CONFIG_LIMIT)?;
    let config: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    Ok(config["created"].as_str().and_then(|text| text.parse().ok()))
}

/// Something that an image is made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    kind: Kind,
    name: String,
    version: Option<String>,
    license: Option<String>,
    /// The file in the image that tells of it.
    place: String,
}

/// What a part is, by which it is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A package, by its package URL.
    Package {
        purl: String,
        /// Whether it helped to build and is not in the image itself.
        excluded: bool,
    },
    /// A program that says nothing about itself, by its digest.
    Program(Digest),
}

/// Writes a package URL; see the package-url specification.
fn purl(
    kind: &str,
    namespace: &str,
    name: &str,
    version: Option<&str>,
    qualifiers: &[(&str, &str)],
) -> String {
    let mut purl = format!("pkg:{kind}/");
    for part in namespace.split('/').filter(|part| !part.is_empty()) {
        purl += &encoded(part);
        purl.push('/');
    }
    purl += &encoded(name);
    if let Some(version) = version {
        purl.push('@');
        purl += &encoded(version);
    }
    let given = qualifiers.iter().filter(|(_, value)| !value.is_empty());
    for (index, (key, value)) in given.enumerate() {
        purl.push(if index == 0 { '?' } else { '&' });
        purl += &format!("{key}={}", encoded(value));
    }
    purl
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}
