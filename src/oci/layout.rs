//! Finds images in an OCI image layout folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use oci_spec::image as spec;
use serde::de::DeserializeOwned;

use super::blobs::{Blob, Blobs};
use super::digest::Digest;
use super::error::OciError;
use super::image::{self, Image, Resolved};
use super::platform::Platform;

/// Holds the image's full name where BuildKit and containerd write only the tag as the reference name.
const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Reads an OCI image layout folder: image-spec 1.1, `image-layout.md`.
#[derive(Clone, Debug)]
pub struct Layout {
    blobs: Blobs,
    /// Shared, because a layout is copied into every task that reads it.
    index: Arc<spec::ImageIndex>,
}

/// Names one thing that `index.json` lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Holds the names it goes by; without any it is found only by digest.
    pub names: Vec<String>,
    /// Names the index or manifest.
    pub blob: Blob,
}

impl Layout {
    /// Opens a folder, and checks its version and index.
    ///
    /// # Errors
    ///
    /// When `oci-layout` or `index.json` is missing, unreadable, no JSON, or of another version.
    pub fn open(root: impl Into<Utf8PathBuf>) -> Result<Self, OciError> {
        let root = root.into();
        let header: spec::OciLayout = read_json(&root.join("oci-layout"))?;
        check_version(&root.join("oci-layout"), header.image_layout_version(), "1.0.0")?;
        let index: spec::ImageIndex = read_json(&root.join("index.json"))?;
        check_version(&root.join("index.json"), &index.schema_version().to_string(), "2")?;
        Ok(Self {
            blobs: Blobs::new(root),
            index: Arc::new(index),
        })
    }

    /// Returns the folder's blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Lists what `index.json` lists, in its order.
    ///
    /// # Errors
    ///
    /// When a digest is not SHA-256.
    pub fn entries(&self) -> Result<Vec<Entry>, OciError> {
        let read = |descriptor: &spec::Descriptor| {
            Ok(Entry {
                names: names(descriptor),
                blob: Blob::try_from(descriptor)?,
            })
        };
        self.index.manifests().iter().map(read).collect()
    }

    /// Finds the image with a name for a platform.
    ///
    /// A name is what `org.opencontainers.image.ref.name` says (or containerd's full name), the end of it after a
    /// slash (`api:1.2` for `registry.example/acme/api:1.2`), the same without its tag, or a digest, alone or after
    /// an `@`. The first of these ways that matches decides.
    ///
    /// # Errors
    ///
    /// When nothing or more than one thing matches, when it is for other platforms, or when a blob is damaged.
    pub fn find(&self, name: &str, platform: &Platform) -> Result<Image, OciError> {
        image::pick(&self.blobs, name, &self.lookup(name)?, platform)
    }

    /// Says what a name means, for every platform.
    ///
    /// # Errors
    ///
    /// As [`Layout::find`].
    pub fn resolve(&self, name: &str) -> Result<Resolved, OciError> {
        image::resolve(&self.blobs, name, &self.lookup(name)?)
    }

    /// Opens a blob; the reader checks its digest at the end.
    ///
    /// # Errors
    ///
    /// As [`Blobs::open`].
    pub fn blob(&self, blob: &Blob) -> Result<impl std::io::Read + use<>, OciError> {
        self.blobs.open(blob)
    }

    fn lookup(&self, name: &str) -> Result<Vec<spec::Descriptor>, OciError> {
        if let Some(digest) = digest_in(name) {
            return self.by_digest(name, &digest?).map(|descriptor| vec![descriptor]);
        }
        let ways: [fn(&str, &str) -> bool; 3] = [
            |found, asked| found == asked,
            |found, asked| found.strip_suffix(asked).is_some_and(|rest| rest.ends_with('/')),
            |found, asked| {
                let untagged = untagged(found);
                untagged == asked
                    || untagged
                        .strip_suffix(asked)
                        .is_some_and(|rest| rest.ends_with('/'))
            },
        ];
        for way in ways {
            let matches: Vec<_> = self
                .index
                .manifests()
                .iter()
                .filter_map(|d| {
                    names(d)
                        .into_iter()
                        .find(|found| way(found, name))
                        .map(|found| (found, d))
                })
                .collect();
            if !matches.is_empty() {
                return unambiguous(name, matches);
            }
        }
        Err(OciError::ImageMissing {
            name: name.to_owned(),
            available: self.names(),
        })
    }

    /// Finds a manifest or index by digest, also inside indexes.
    fn by_digest(&self, name: &str, wanted: &Digest) -> Result<spec::Descriptor, OciError> {
        let mut seen = BTreeSet::new();
        let mut queue: Vec<_> = self.index.manifests().iter().map(|d| (d.clone(), 0)).collect();
        while let Some((descriptor, depth)) = queue.pop() {
            // What is not ours to understand (another algorithm, an artifact) cannot be what is asked for.
            let Ok(blob) = Blob::try_from(&descriptor) else {
                continue;
            };
            if blob.digest == *wanted {
                return Ok(descriptor);
            }
            if seen.insert(blob.digest)
                && depth < image::DEPTH_LIMIT
                && matches!(image::is_index(&blob), Ok(true))
            {
                let bytes = self.blobs.read(&blob, image::MANIFEST_LIMIT)?;
                let index = image::parse_index(&blob, &bytes)?;
                queue.extend(index.manifests().iter().map(|d| (d.clone(), depth + 1)));
            }
        }
        Err(OciError::ImageMissing {
            name: name.to_owned(),
            available: self.names(),
        })
    }

    fn names(&self) -> Vec<String> {
        let mut all: Vec<_> = self.index.manifests().iter().flat_map(names).collect();
        all.sort();
        all.dedup();
        all
    }
}

/// Lists the names of a descriptor, the full one first.
fn names(descriptor: &spec::Descriptor) -> Vec<String> {
    let annotations = descriptor.annotations().as_ref();
    [CONTAINERD_NAME, spec::ANNOTATION_REF_NAME]
        .into_iter()
        .filter_map(|key| annotations?.get(key).cloned())
        .collect()
}

/// Accepts several descriptors only as one image for several platforms, or as the same thing twice.
fn unambiguous(
    asked: &str,
    matches: Vec<(String, &spec::Descriptor)>,
) -> Result<Vec<spec::Descriptor>, OciError> {
    let mut candidates: Vec<_> = matches.iter().map(|(found, _)| found.clone()).collect();
    candidates.sort();
    candidates.dedup();
    let mut descriptors: Vec<spec::Descriptor> = Vec::new();
    for (_, descriptor) in matches {
        if descriptors
            .iter()
            .all(|known| known.digest() != descriptor.digest())
        {
            descriptors.push(descriptor.clone());
        }
    }
    let per_platform = descriptors.iter().all(|d| d.platform().is_some());
    if descriptors.len() == 1 || (candidates.len() == 1 && per_platform) {
        return Ok(descriptors);
    }
    if candidates.len() == 1 {
        // One name for different things: only the digests tell them apart.
        candidates = descriptors.iter().map(|d| d.digest().to_string()).collect();
    }
    Err(OciError::AmbiguousName {
        name: asked.to_owned(),
        candidates,
    })
}

/// Finds a digest that is the name, or that follows an `@` in it.
fn digest_in(name: &str) -> Option<Result<Digest, OciError>> {
    let text = name.rsplit_once('@').map_or(name, |(_, digest)| digest);
    (text.starts_with("sha256:") || name.contains('@')).then(|| text.parse())
}

/// Cuts the tag off; a colon before a slash belongs to a port.
fn untagged(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((rest, tag)) if !tag.contains('/') => rest,
        _ => name,
    }
}

fn read_json<T: DeserializeOwned>(path: &Utf8Path) -> Result<T, OciError> {
    let bytes = fs::read(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => OciError::LayoutMissing {
            path: path.to_owned(),
        },
        _ => OciError::ReadLayout {
            path: path.to_owned(),
            source,
        },
    })?;
    serde_json::from_slice(&bytes).map_err(|source| OciError::ParseLayout {
        path: path.to_owned(),
        source,
    })
}

fn check_version(path: &Utf8Path, found: &str, known: &'static str) -> Result<(), OciError> {
    if found == known {
        return Ok(());
    }
    Err(OciError::LayoutVersion {
        path: path.to_string(),
        found: found.to_owned(),
        known,
    })
}

#[cfg(test)]
mod tests;
