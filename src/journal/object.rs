//! State in an object store: S3 or Azure Blob.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore as Bucket, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion};
use url::Url;

use super::store::{Log, Store, check_key};
use super::{Acquired, Clock, Holder, JournalError, LockTerms, lease};

/// How much of a step's log is kept in memory until it ends; of a longer one the end is kept.
const LOG_BYTES: usize = 8 << 20;

/// Keeps state in an object store that can write on condition.
#[derive(Debug, Clone)]
pub struct ObjectStore {
    bucket: Arc<dyn Bucket>,
    base: String,
    location: String,
}

/// An object as it was read: its bytes, and what to say to write over exactly it.
pub(super) struct Found {
    pub(super) bytes: Bytes,
    pub(super) version: UpdateVersion,
    pub(super) modified_ms: i64,
}

impl ObjectStore {
    /// Opens `s3://bucket/path` or `az://container/path`. See [`super::open_store`] for `environment`.
    ///
    /// # Errors
    /// [`JournalError::OpenStore`] when the location or its options make no sense.
    pub fn open(location: &str, environment: &BTreeMap<String, String>) -> Result<Self, JournalError> {
        let refused = |source| JournalError::OpenStore {
            location: location.to_owned(),
            source,
        };
        let url = Url::parse(location).map_err(|error| refused(error.into()))?;
        let known = |name: &str| name.starts_with("AWS_") || name.starts_with("AZURE_");
        let mut options: BTreeMap<&str, &str> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, value)| known(name) && !value.is_empty())
            .collect();
        let is_given = |what: &str| options.keys().any(|name| name.contains(what));
        // The library would ask another region than the bucket's, whose answer says nothing of regions.
        if url.scheme() == "s3" && !is_given("REGION") && !is_given("ENDPOINT") {
            return Err(refused("set AWS_REGION to the region of the bucket".into()));
        }
        // An endpoint given as http is meant as http; the library would refuse it without being told twice.
        if options
            .iter()
            .any(|(name, value)| name.contains("ENDPOINT") && value.starts_with("http://"))
        {
            options.entry("AWS_ALLOW_HTTP").or_insert("true");
            options.entry("AZURE_ALLOW_HTTP").or_insert("true");
        }
        let (bucket, path) =
            object_store::parse_url_opts(&url, options).map_err(|error| refused(error.into()))?;
        Ok(Self {
            bucket: Arc::from(bucket),
            base: path.to_string(),
            location: location.to_owned(),
        })
    }

    /// Keeps state in a bucket that is open already, under a path.
    pub fn over(bucket: Arc<dyn Bucket>, base: &str) -> Self {
        Self {
            bucket,
            base: base.to_owned(),
            location: base.to_owned(),
        }
    }

    fn path(&self, key: &str) -> Result<Path, JournalError> {
        check_key(key)?;
        // `Path::from` spells what stores do not take with per cents; `key` turns that back.
        Ok(Path::from_iter(
            self.base
                .split('/')
                .filter(|part| !part.is_empty())
                .chain(key.split('/')),
        ))
    }

    fn key(&self, path: &Path) -> String {
        let inner = path
            .as_ref()
            .strip_prefix(self.base.as_str())
            .unwrap_or(path.as_ref());
        plain(inner.trim_start_matches('/'))
    }

    fn unreadable(&self, key: &str, source: object_store::Error) -> JournalError {
        JournalError::Read {
            place: self.place(key),
            source: source.into(),
        }
    }

    fn unwritable(&self, key: &str, source: object_store::Error) -> JournalError {
        let place = self.place(key);
        match source {
            object_store::Error::AlreadyExists { .. } => JournalError::AlreadyThere { place },
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                JournalError::ReadOnly {
                    place,
                    source: source.into(),
                }
            }
            _ => JournalError::Write {
                place,
                source: source.into(),
            },
        }
    }

    pub(super) async fn find(&self, key: &str) -> Result<Option<Found>, JournalError> {
        let found = match self.bucket.get(&self.path(key)?).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.unreadable(key, error)),
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        let modified_ms = found.meta.last_modified.timestamp_millis();
        let bytes = found.bytes().await.map_err(|error| self.unreadable(key, error))?;
        Ok(Some(Found {
            bytes,
            version,
            modified_ms,
        }))
    }

    /// Writes on a condition. Gives nothing when the condition did not hold.
    pub(super) async fn put_if(
        &self,
        key: &str,
        bytes: Bytes,
        mode: PutMode,
    ) -> Result<Option<UpdateVersion>, JournalError> {
        let options = PutOptions {
            mode,
            ..PutOptions::default()
        };
        match self
            .bucket
            .put_opts(&self.path(key)?, bytes.into(), options)
            .await
        {
            Ok(put) => Ok(Some(UpdateVersion {
                e_tag: put.e_tag,
                version: put.version,
            })),
            Err(
                object_store::Error::AlreadyExists { .. }
                | object_store::Error::Precondition { .. }
                | object_store::Error::NotFound { .. },
            ) => Ok(None),
            Err(error) => Err(self.unwritable(key, error)),
        }
    }
}

#[async_trait]
impl Store for ObjectStore {
    fn place(&self, key: &str) -> String {
        format!("{}/{key}", self.location.trim_end_matches('/'))
    }

    async fn get(&self, key: &str) -> Result<Option<Bytes>, JournalError> {
        Ok(self.find(key).await?.map(|found| found.bytes))
    }

    async fn list(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        let objects = self
            .bucket
            .list(Some(&self.path(folder)?))
            .try_collect::<Vec<_>>()
            .await;
        let objects = objects.map_err(|error| self.unreadable(folder, error))?;
        let mut keys: Vec<_> = objects.iter().map(|object| self.key(&object.location)).collect();
        keys.sort();
        Ok(keys)
    }

    async fn folders(&self, folder: &str) -> Result<Vec<String>, JournalError> {
        let found = self.bucket.list_with_delimiter(Some(&self.path(folder)?)).await;
        let found = found.map_err(|error| self.unreadable(folder, error))?;
        let mut names: Vec<_> = found
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename().map(plain))
            .collect();
        names.sort();
        Ok(names)
    }

    async fn create(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        match self.put_if(key, bytes, PutMode::Create).await? {
            Some(_) => Ok(()),
            None => Err(JournalError::AlreadyThere {
                place: self.place(key),
            }),
        }
    }

    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), JournalError> {
        let put = self.bucket.put(&self.path(key)?, bytes.into()).await;
        put.map(|_| ()).map_err(|error| self.unwritable(key, error))
    }

    async fn delete(&self, key: &str) -> Result<(), JournalError> {
        match self.bucket.delete(&self.path(key)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.unwritable(key, error)),
        }
    }

    async fn open_log(&self, key: &str) -> Result<Box<dyn Log>, JournalError> {
        let log = ObjectLog {
            store: self.clone(),
            key: key.to_owned(),
            lines: VecDeque::new(),
            bytes: 0,
        };
        Ok(Box::new(log))
    }

    async fn try_lock(
        &self,
        key: &str,
        holder: Holder,
        terms: &LockTerms,
        clock: Arc<dyn Clock>,
    ) -> Result<Acquired, JournalError> {
        lease::try_lock(self, key, holder, terms, clock).await
    }

    async fn lock_holder(&self, key: &str, terms: &LockTerms) -> Result<Option<Holder>, JournalError> {
        lease::holder(self, key, terms).await
    }
}

/// Turns the spelling of [`Path`] back into the name that was given.
fn plain(spelled: &str) -> String {
    let mut bytes = Vec::with_capacity(spelled.len());
    let mut rest = spelled;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Keeps lines in memory and writes them when the step ends: objects cannot be added to.
struct ObjectLog {
    store: ObjectStore,
    key: String,
    lines: VecDeque<String>,
    bytes: usize,
}

#[async_trait]
impl Log for ObjectLog {
    fn line(&mut self, line: &str) -> Result<(), JournalError> {
        self.bytes += line.len() + 1;
        self.lines.push_back(line.to_owned());
        while self.bytes > LOG_BYTES
            && let Some(dropped) = self.lines.pop_front()
        {
            self.bytes -= dropped.len() + 1;
        }
        Ok(())
    }

    async fn close(&mut self) -> Result<(), JournalError> {
        if self.lines.is_empty() {
            return Ok(());
        }
        let mut text = self.store.get(&self.key).await?.unwrap_or_default().to_vec();
        for line in self.lines.drain(..) {
            text.extend_from_slice(line.as_bytes());
            text.push(b'\n');
        }
        self.bytes = 0;
        self.store.replace(&self.key, text.into()).await
    }
}
