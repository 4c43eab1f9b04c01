//! Keeps blobs in a folder, named by their digest.

use std::io::Read;
use std::os::unix::fs::MetadataExt;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::digest::{Digest, VerifyingReader};
use super::error::OciError;

/// Names a blob, its size and what it is: a descriptor of the OCI image-spec 1.1, `descriptor.md`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Names the content.
    pub digest: Digest,
    /// Counts its bytes.
    pub size: u64,
    /// Says what it is, as its producer wrote it.
    pub media_type: String,
}

impl TryFrom<&oci_spec::image::Descriptor> for Blob {
    type Error = OciError;

    fn try_from(descriptor: &oci_spec::image::Descriptor) -> Result<Self, Self::Error> {
        Ok(Self {
            digest: descriptor.digest().as_ref().parse()?,
            size: descriptor.size(),
            media_type: descriptor.media_type().to_string(),
        })
    }
}

/// Keeps blobs in `<root>/blobs/sha256/<hex>`, the shape of an OCI layout (image-spec 1.1, `image-layout.md`).
///
/// A blob is put under its name only after its digest was checked, so what has the right name and size is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blobs {
    root: Utf8PathBuf,
}

impl Blobs {
    /// Names the folder that holds, or will hold, `blobs/`; touches nothing.
    pub fn new(root: impl Into<Utf8PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Returns the folder that holds `blobs/`.
    pub fn root(&self) -> &Utf8Path {
        &self.root
    }

    /// Returns where a blob lies, or would lie.
    pub fn path(&self, digest: &Digest) -> Utf8PathBuf {
        self.root.join("blobs/sha256").join(digest.hex())
    }

    /// Tells whether a blob of this size is there; its content is not read.
    pub fn has(&self, digest: &Digest, size: u64) -> bool {
        fs::metadata(self.path(digest)).is_ok_and(|found| found.is_file() && found.len() == size)
    }

    /// Opens a blob; the reader checks its digest at the end.
    ///
    /// # Errors
    ///
    /// When the blob is missing, cannot be opened, or has another size.
    pub fn open(&self, blob: &Blob) -> Result<VerifyingReader<fs::File>, OciError> {
        let path = self.path(&blob.digest);
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => OciError::BlobMissing { path: path.clone() },
            _ => OciError::ReadBlob {
                digest: blob.digest,
                source,
            },
        };
        let file = fs::File::open(&path).map_err(failed)?;
        let found = file.metadata().map_err(failed)?.len();
        if found != blob.size {
            return Err(OciError::BlobSize {
                blob: path.into(),
                expected: blob.size,
                found,
            });
        }
        Ok(VerifyingReader::new(file, path, blob.digest, Some(blob.size)))
    }

    /// Reads a whole small blob, such as a manifest, and checks it.
    ///
    /// # Errors
    ///
    /// As [`Blobs::open`]; also when the blob is larger than `limit` or has another digest.
    pub fn read(&self, blob: &Blob, limit: u64) -> Result<Vec<u8>, OciError> {
        if blob.size > limit {
            return Err(OciError::BlobTooLarge {
                digest: blob.digest,
                size: blob.size,
                limit,
            });
        }
        let mut bytes = Vec::new();
        self.open(blob)?.read_to_end(&mut bytes).map_err(|e| {
            OciError::or_from(e, |source| OciError::ReadBlob {
                digest: blob.digest,
                source,
            })
        })?;
        Ok(bytes)
    }

    /// Reads a blob of any size to its end, only to check it.
    ///
    /// # Errors
    ///
    /// As [`Blobs::open`]; also when it has another digest.
    pub fn verify(&self, blob: &Blob) -> Result<(), OciError> {
        self.open(blob)?.drain().map_err(|e| {
            OciError::or_from(e, |source| OciError::ReadBlob {
                digest: blob.digest,
                source,
            })
        })
    }

    /// Stores bytes that are in memory, and returns their digest.
    ///
    /// # Errors
    ///
    /// When the folder cannot be written.
    pub fn insert(&self, bytes: &[u8]) -> Result<Digest, OciError> {
        let digest = Digest::of(bytes);
        let blob = Blob {
            digest,
            size: bytes.len() as u64,
            media_type: String::new(),
        };
        if !self.has(&digest, blob.size) {
            self.insert_from(&blob, &mut &*bytes)?;
        }
        Ok(digest)
    }

    /// Copies a blob out of another folder, unless it is there; tells whether it copied.
    ///
    /// # Errors
    ///
    /// As [`Blobs::verify`] for the other folder; when this one cannot be written.
    pub fn copy_from(&self, other: &Self, blob: &Blob) -> Result<bool, OciError> {
        if self.has(&blob.digest, blob.size) {
            return Ok(false);
        }
        let mut reader = other.open(blob)?;
        self.insert_from(blob, &mut reader)?;
        Ok(true)
    }

    /// Opens and locks the file in which a blob is gathered until it is whole, with what an earlier try left in it.
    ///
    /// Waits while somebody else gathers the same blob, and answers `None` when it is there afterwards.
    pub(super) fn gather(&self, blob: &Blob) -> Result<Option<Partial>, OciError> {
        let failed = |source| OciError::WriteBlob {
            digest: blob.digest,
            source,
        };
        let path = self.path(&blob.digest);
        let partial = path.with_extension("partial");
        fs::create_dir_all(self.root.join("blobs/sha256")).map_err(failed)?;
        loop {
            let file = fs::OpenOptions::new()
                .read(true)
                .create(true)
                .truncate(false)
                .write(true)
                .open(&partial)
                .map_err(failed)?;
            file.lock().map_err(failed)?;
            if self.has(&blob.digest, blob.size) {
                return Ok(None);
            }
            // Whoever held the lock has renamed the file under our hands: what we hold is no longer the partial one.
            let ours = file.metadata().map_err(failed)?.ino();
            if fs::metadata(&partial).is_ok_and(|there| there.ino() == ours) {
                return Ok(Some(Partial {
                    digest: blob.digest,
                    file,
                    partial,
                    path,
                }));
            }
        }
    }

    /// Stores what a reader gives; the reader must have checked it when it ends.
    fn insert_from(&self, blob: &Blob, reader: &mut dyn Read) -> Result<(), OciError> {
        let Some(mut partial) = self.gather(blob)? else {
            return Ok(());
        };
        let failed = |e| {
            OciError::or_from(e, |source| OciError::WriteBlob {
                digest: blob.digest,
                source,
            })
        };
        partial.file.set_len(0).map_err(failed)?;
        std::io::copy(reader, &mut partial.file).map_err(failed)?;
        partial.finish()
    }
}

/// Holds the locked file of a blob that is not yet whole.
pub(super) struct Partial {
    digest: Digest,
    /// Holds what came so far; never removed, only emptied, so that a waiting process keeps the same file.
    pub(super) file: fs::File,
    partial: Utf8PathBuf,
    path: Utf8PathBuf,
}

impl Partial {
    /// Puts the blob under its name, durably; its content must have been checked.
    pub(super) fn finish(self) -> Result<(), OciError> {
        let failed = |source| OciError::WriteBlob {
            digest: self.digest,
            source,
        };
        self.file.sync_all().map_err(failed)?;
        fs::rename(&self.partial, &self.path).map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(Utf8Path::from_path(dir.path()).unwrap());
        (dir, blobs)
    }

    fn blob(bytes: &[u8]) -> Blob {
        Blob {
            digest: Digest::of(bytes),
            size: bytes.len() as u64,
            media_type: "text/plain".into(),
        }
    }

    #[test]
    fn what_was_stored_is_read_back_and_nothing_else_lies_around() {
        let (_dir, blobs) = blobs();
        blobs.insert(b"hello").unwrap();
        assert_eq!(blobs.read(&blob(b"hello"), 100).unwrap(), b"hello");
        assert_eq!(
            fs::read_dir(blobs.root().join("blobs/sha256")).unwrap().count(),
            1
        );
    }

    #[test]
    fn damage_is_named() {
        let (_dir, blobs) = blobs();
        let hello = blob(b"hello");
        assert!(matches!(blobs.verify(&hello), Err(OciError::BlobMissing { .. })));
        blobs.insert(b"hello").unwrap();
        fs::write(blobs.path(&hello.digest), "jello").unwrap();
        assert!(matches!(blobs.verify(&hello), Err(OciError::BlobDigest { .. })));
        fs::write(blobs.path(&hello.digest), "hell").unwrap();
        assert!(matches!(
            blobs.verify(&hello),
            Err(OciError::BlobSize { found: 4, .. })
        ));
        assert!(matches!(
            blobs.read(&hello, 4),
            Err(OciError::BlobTooLarge { .. })
        ));
    }

    #[test]
    fn a_damaged_blob_is_not_copied() {
        let (_from, from) = blobs();
        let (_to, to) = blobs();
        let hello = blob(b"hello");
        from.insert(b"hello").unwrap();
        fs::write(from.path(&hello.digest), "jello").unwrap();
        assert!(matches!(
            to.copy_from(&from, &hello),
            Err(OciError::BlobDigest { .. })
        ));
        assert!(!to.has(&hello.digest, 5));
        from.insert(b"hello").ok();
        fs::write(from.path(&hello.digest), "hello").unwrap();
        assert!(to.copy_from(&from, &hello).unwrap());
        assert!(!to.copy_from(&from, &hello).unwrap());
    }
}
