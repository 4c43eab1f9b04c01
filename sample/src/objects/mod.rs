//! The object store for attachments: a folder, or a bucket that speaks S3.

mod s3;

use std::io::ErrorKind;
use std::path::PathBuf;

use bytes::Bytes;

use self::s3::Bucket;
use crate::error::{Explain as _, Failure};
use crate::http::Client;
use crate::settings::Environment;

/// Where attachments are kept.
pub enum Objects {
    /// Nowhere: `NOTES_OBJECTS` is not set.
    Nowhere,
    /// In a folder.
    Folder(PathBuf),
    /// In a bucket.
    Bucket(Bucket),
}

impl Objects {
    /// Reads where attachments are kept.
    pub fn new(environment: &Environment, client: Client) -> Result<Self, Failure> {
        let Some(url) = environment.optional("NOTES_OBJECTS") else {
            return Ok(Self::Nowhere);
        };
        if let Some(path) = url.strip_prefix("file://").filter(|path| path.starts_with('/')) {
            return Ok(Self::Folder(PathBuf::from(path)));
        }
        if let Some(place) = url.strip_prefix("s3://") {
            let access_key = environment.required_secret("NOTES_OBJECTS_ACCESS_KEY")?;
            let secret_key = environment.required_secret("NOTES_OBJECTS_SECRET_KEY")?;
            return Ok(Self::Bucket(Bucket::new(place, access_key, secret_key, client)?));
        }
        Err(Failure::new(format!(
            "`NOTES_OBJECTS` must be file:///folder or s3://bucket?endpoint=..&region=..: {url}"
        )))
    }

    /// Stores an object.
    pub async fn put(&self, key: &str, body: Bytes) -> Result<(), Failure> {
        match self {
            Self::Nowhere => Err(Failure::new("there is no object store, set `NOTES_OBJECTS`")),
            Self::Folder(folder) => write_file(folder.join(key), body).await,
            Self::Bucket(bucket) => bucket.put(key, body).await,
        }
    }

    /// Gives an object, if there is one.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, Failure> {
        match self {
            Self::Nowhere => Ok(None),
            Self::Folder(folder) => match tokio::fs::read(folder.join(key)).await {
                Ok(body) => Ok(Some(body.into())),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error).explain(format_args!("cannot read object {key}")),
            },
            Self::Bucket(bucket) => bucket.get(key).await,
        }
    }

    /// Deletes an object; one that is not there counts as deleted.
    pub async fn delete(&self, key: &str) -> Result<(), Failure> {
        match self {
            Self::Nowhere => Ok(()),
            Self::Folder(folder) => match tokio::fs::remove_file(folder.join(key)).await {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(error).explain(format_args!("cannot delete object {key}"))
                }
                _ => Ok(()),
            },
            Self::Bucket(bucket) => bucket.delete(key).await,
        }
    }
}

async fn write_file(path: PathBuf, body: Bytes) -> Result<(), Failure> {
    let what = format!("cannot write {}, check `NOTES_OBJECTS`", path.display());
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await.explain(&what)?;
    }
    // Renamed into place, so that a reader never sees half of it.
    let unfinished = path.with_extension(crate::crypto::hex(&crate::crypto::random::<4>()));
    tokio::fs::write(&unfinished, body).await.explain(&what)?;
    tokio::fs::rename(&unfinished, &path).await.explain(&what)
}
