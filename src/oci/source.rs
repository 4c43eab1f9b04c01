//! Puts a layout folder and a registry behind one face.

use camino::Utf8PathBuf;

use super::blobs::Blobs;
use super::error::OciError;
use super::image::{Image, Resolved};
use super::layout::Layout;
use super::platform::Platform;
use super::registry::Registry;

/// Says where images come from.
#[derive(Clone, Debug)]
pub enum ImageSource {
    /// Reads an OCI image layout folder.
    Layout(Layout),
    /// Asks registries, and keeps what they sent.
    Registry {
        /// Reaches the registries.
        registry: Registry,
        /// Keeps their blobs.
        cache: Blobs,
    },
}

/// Counts what was put into a blob folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Materialised {
    /// Counts blobs that were brought.
    pub brought: usize,
    /// Counts blobs that were there.
    pub kept: usize,
    /// Counts the bytes of the blobs that were brought.
    pub bytes: u64,
}

impl Materialised {
    pub(super) fn add(mut self, size: u64, brought: bool) -> Self {
        if brought {
            self.brought += 1;
            self.bytes += size;
        } else {
            self.kept += 1;
        }
        self
    }
}

impl ImageSource {
    /// Opens a layout folder as a source.
    ///
    /// # Errors
    ///
    /// As [`Layout::open`].
    pub fn layout(root: impl Into<Utf8PathBuf>) -> Result<Self, OciError> {
        Layout::open(root).map(Self::Layout)
    }

    /// Says what a name means, for every platform.
    ///
    /// # Errors
    ///
    /// As [`Layout::resolve`] and [`Registry::resolve`].
    pub async fn resolve(&self, name: &str) -> Result<Resolved, OciError> {
        match self {
            Self::Layout(layout) => layout.resolve(name),
            Self::Registry { registry, cache } => registry.resolve(name, cache).await,
        }
    }

    /// Finds the image with a name for a platform.
    ///
    /// # Errors
    ///
    /// As [`Layout::find`] and [`Registry::find`].
    pub async fn find(&self, name: &str, platform: &Platform) -> Result<Image, OciError> {
        match self {
            Self::Layout(layout) => layout.find(name, platform),
            Self::Registry { registry, cache } => registry.find(name, platform, cache).await,
        }
    }

    /// Makes an image's blobs available on this machine, and says in which folder.
    ///
    /// A layout's blobs stay where they are, and are checked when they are read.
    ///
    /// # Errors
    ///
    /// As [`Registry::fetch`].
    pub async fn local(&self, image: &Image) -> Result<Blobs, OciError> {
        match self {
            Self::Layout(layout) => Ok(layout.blobs().clone()),
            Self::Registry { registry, cache } => {
                registry.fetch(image, cache).await?;
                Ok(cache.clone())
            }
        }
    }

    /// Puts an image's blobs into a folder; those that are there stay.
    ///
    /// # Errors
    ///
    /// When a blob is missing or damaged; when the folder cannot be written; as [`Registry::fetch`].
    pub async fn materialise(&self, image: &Image, into: &Blobs) -> Result<Materialised, OciError> {
        match self {
            Self::Layout(layout) => {
                let (from, into, image) = (layout.blobs().clone(), into.clone(), image.clone());
                let name = image.name.clone();
                tokio::task::spawn_blocking(move || copy(&from, &into, &image))
                    .await
                    .map_err(|source| OciError::Background { name, source })?
            }
            Self::Registry { registry, .. } => registry.fetch(image, into).await,
        }
    }
}

fn copy(from: &Blobs, into: &Blobs, image: &Image) -> Result<Materialised, OciError> {
    let mut sum = Materialised::default();
    for blob in image.blobs() {
        sum = sum.add(blob.size, into.copy_from(from, blob)?);
    }
    Ok(sum)
}
