//! A world that is as a test says.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use camino::Utf8Path;
use jiff::Timestamp;

use super::super::{CacheAt, DatabaseAt, FileSeen, ProbeError, Response, World};
use crate::secret::Secret;

/// All is well but for what is said.
pub(super) struct Fake {
    pub now: Timestamp,
    pub environment: BTreeMap<String, String>,
    pub files: BTreeMap<String, (u32, String)>,
    pub taken: BTreeSet<u16>,
    pub space: u64,
    pub pages: BTreeMap<String, Response>,
    pub database: Option<String>,
    pub cache: Option<String>,
    pub silent: bool,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            now: "2026-06-01T12:00:00Z".parse().unwrap(),
            environment: BTreeMap::new(),
            files: BTreeMap::from([("license.jwt".to_owned(), (0o600, "no license".to_owned()))]),
            taken: BTreeSet::new(),
            space: 1 << 40,
            pages: BTreeMap::new(),
            database: Some("16.3".to_owned()),
            cache: Some("7.2.4".to_owned()),
            silent: false,
        }
    }
}

fn nobody(address: String) -> ProbeError {
    ProbeError::Connect {
        address,
        source: std::io::ErrorKind::ConnectionRefused.into(),
    }
}

#[async_trait]
impl World for Fake {
    fn now(&self) -> Timestamp {
        self.now
    }

    fn environment(&self, name: &str) -> Option<Secret> {
        self.environment.get(name).map(Secret::new)
    }

    async fn bind(&self, address: &str, port: u16) -> Result<(), ProbeError> {
        match self.taken.contains(&port) {
            true => Err(nobody(format!("{address}:{port}"))),
            false => Ok(()),
        }
    }

    async fn free_space(&self, _: &Utf8Path) -> Result<u64, ProbeError> {
        Ok(self.space)
    }

    async fn file(&self, path: &Utf8Path) -> Result<FileSeen, ProbeError> {
        let (mode, text) = self.files.get(path.as_str()).ok_or_else(|| ProbeError::Path {
            doing: "read",
            path: path.to_string(),
            source: std::io::ErrorKind::NotFound.into(),
        })?;
        Ok(FileSeen {
            mode: *mode,
            text: Secret::new(text),
        })
    }

    async fn writable(&self, _: &Utf8Path) -> Result<(), ProbeError> {
        Ok(())
    }

    async fn get(&self, url: &str) -> Result<Response, ProbeError> {
        self.pages.get(url).cloned().ok_or_else(|| nobody(url.to_owned()))
    }

    async fn connect(&self, host: &str, port: u16) -> Result<(), ProbeError> {
        if self.silent {
            std::future::pending::<()>().await;
        }
        Err(nobody(format!("{host}:{port}")))
    }

    async fn database(&self, at: &DatabaseAt) -> Result<String, ProbeError> {
        if self.silent {
            std::future::pending::<()>().await;
        }
        self.database.clone().ok_or_else(|| nobody(at.host.clone()))
    }

    async fn cache(&self, at: &CacheAt) -> Result<Option<String>, ProbeError> {
        self.cache
            .clone()
            .map(Some)
            .ok_or_else(|| nobody(at.host.clone()))
    }
}
