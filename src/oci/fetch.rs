//! Fetches one blob into a folder, and goes on where an earlier try stopped.

use std::io::{Seek, SeekFrom, Write};
use std::time::Duration;

use futures_util::StreamExt;
use oci_client::client::{BlobResponse, SizedStream};
use oci_client::errors::OciDistributionError;
use oci_client::{Client, Reference};

use super::blobs::{Blob, Blobs, Partial};
use super::digest::{Digest, Hasher};
use super::error::OciError;

/// Bounds the tries for one blob; each goes on where the one before stopped.
const TRIES: u32 = 5;
/// Holds the pause after the first failed try; it doubles with each.
const PAUSE: Duration = Duration::from_millis(200);

/// Fetches a blob unless it is there; tells whether it fetched.
pub(super) async fn blob(
    client: &Client,
    reference: &Reference,
    blob: &Blob,
    into: &Blobs,
) -> Result<bool, OciError> {
    if into.has(&blob.digest, blob.size) {
        return Ok(false);
    }
    let (folder, wanted) = (into.clone(), blob.clone());
    // Waits for a lock when somebody else fetches the same blob, and hashes what is left of an earlier try.
    let opened = tokio::task::spawn_blocking(move || Gathering::open(&folder, wanted)).await;
    let opened = opened.map_err(|source| OciError::Background {
        name: blob.digest.to_string(),
        source,
    })??;
    let Some(mut gathering) = opened else {
        return Ok(false);
    };
    let mut tries = 1;
    while let Err(failure) = gathering.fetch(client, reference).await {
        match failure {
            Failure::Transient(_) if tries < TRIES => {
                tokio::time::sleep(PAUSE * 2_u32.pow(tries - 1)).await;
                tries += 1;
            }
            Failure::Transient(source) | Failure::Refused(source) => {
                let reference = reference.whole();
                return Err(OciError::FetchBlob {
                    reference,
                    digest: blob.digest,
                    source: Box::new(source),
                });
            }
            Failure::Final(error) => return Err(error),
        }
    }
    gathering.finish(reference)?;
    Ok(true)
}

/// Tells failures that may pass from those that stay.
enum Failure {
    Transient(OciDistributionError),
    Refused(OciDistributionError),
    Final(OciError),
}

impl From<OciDistributionError> for Failure {
    fn from(error: OciDistributionError) -> Self {
        match &error {
            OciDistributionError::RequestError(_) | OciDistributionError::IoError(_) => {
                Self::Transient(error)
            }
            OciDistributionError::ServerError { code, .. } if *code >= 500 || *code == 429 => {
                Self::Transient(error)
            }
            _ => Self::Refused(error),
        }
    }
}

/// Holds a blob that is not yet whole.
struct Gathering {
    blob: Blob,
    partial: Partial,
    hasher: Hasher,
}

impl Gathering {
    fn open(into: &Blobs, blob: Blob) -> Result<Option<Self>, OciError> {
        let Some(mut partial) = into.gather(&blob)? else {
            return Ok(None);
        };
        let mut hasher = Hasher::new();
        let failed = |source| OciError::WriteBlob {
            digest: blob.digest,
            source,
        };
        let length = partial.file.metadata().map_err(failed)?.len();
        if length > blob.size {
            partial.file.set_len(0).map_err(failed)?;
        }
        std::io::copy(&mut partial.file, &mut hasher).map_err(failed)?;
        Ok(Some(Self {
            blob,
            partial,
            hasher,
        }))
    }

    async fn fetch(&mut self, client: &Client, reference: &Reference) -> Result<(), Failure> {
        let offset = self.hasher.length();
        if offset == self.blob.size && offset > 0 {
            return Ok(());
        }
        let digest = self.blob.digest.to_string();
        let mut body = if offset == 0 {
            client.pull_blob_stream(reference, digest.as_str()).await?
        } else {
            self.resumed(
                client
                    .pull_blob_stream_partial(reference, digest.as_str(), offset, None)
                    .await?,
            )?
        };
        while let Some(piece) = body.stream.next().await {
            // At its end the client's stream compares the digest on its own; that failure is told below, as ours.
            match piece {
                Ok(bytes) => self.add(&bytes).map_err(Failure::Final)?,
                Err(_) if self.hasher.length() == self.blob.size => break,
                Err(source) => return Err(Failure::Transient(source.into())),
            }
        }
        if self.hasher.length() < self.blob.size {
            let cut = std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "answer ended early");
            return Err(Failure::Transient(cut.into()));
        }
        Ok(())
    }

    /// Starts again when the registry sends the whole blob instead of the rest.
    fn resumed(&mut self, response: BlobResponse) -> Result<SizedStream, Failure> {
        match response {
            BlobResponse::Partial(body) => Ok(body),
            BlobResponse::Full(body) => self.empty().map(|()| body).map_err(Failure::Final),
        }
    }

    fn add(&mut self, bytes: &[u8]) -> Result<(), OciError> {
        let length = self.hasher.length() + bytes.len() as u64;
        if length > self.blob.size {
            self.empty()?;
            let (blob, expected) = (self.blob.digest.to_string(), self.blob.size);
            return Err(OciError::BlobSize {
                blob,
                expected,
                found: length,
            });
        }
        self.hasher.update(bytes);
        let digest = self.blob.digest;
        self.partial
            .file
            .write_all(bytes)
            .map_err(|source| OciError::WriteBlob { digest, source })
    }

    fn empty(&mut self) -> Result<(), OciError> {
        self.hasher = Hasher::new();
        let file = &mut self.partial.file;
        file.set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)))
            .map(drop)
            .map_err(|source| OciError::WriteBlob {
                digest: self.blob.digest,
                source,
            })
    }

    fn finish(mut self, reference: &Reference) -> Result<(), OciError> {
        let found: Digest = std::mem::take(&mut self.hasher).finish();
        if found == self.blob.digest {
            return self.partial.finish();
        }
        self.empty()?;
        Err(OciError::BlobDigest {
            blob: reference.whole(),
            expected: self.blob.digest,
            found,
        })
    }
}
