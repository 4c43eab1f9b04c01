//! Releases as helm keeps them in the cluster.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

use super::ClusterApi;
use crate::tools::cancel::CancelToken;
use crate::tools::error::ToolError;

/// How gzip begins; helm reads records without it too.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// A revision of a release as helm recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelmRelease {
    /// The revision's number.
    pub revision: u32,
    /// `deployed`, `failed`, `pending-upgrade` and so on.
    pub status: String,
    /// What was said when it was made.
    pub description: String,
    /// The objects that it is made of, as YAML documents; hooks are not among them.
    pub manifest: String,
}

impl HelmRelease {
    /// Says whether an operation was cut short, or is still at work.
    pub fn is_pending(&self) -> bool {
        self.status.starts_with("pending-") || self.status == "uninstalling"
    }
}

#[derive(Deserialize)]
struct Record {
    version: u32,
    info: Info,
    #[serde(default)]
    manifest: String,
}

#[derive(Deserialize)]
struct Info {
    status: String,
    #[serde(default)]
    description: String,
}

impl ClusterApi {
    /// Lists the revisions of a release, oldest first; none when there is no such release.
    ///
    /// They are in Secrets, where helm keeps them unless it is told otherwise by its environment, which it is not given.
    ///
    /// # Errors
    /// [`ToolError`] when the cluster cannot be asked, or a record is not understood.
    pub async fn releases(&self, name: &str, cancel: &CancelToken) -> Result<Vec<HelmRelease>, ToolError> {
        let secrets = self
            .list("secrets", &format!("owner=helm,name={name}"), cancel)
            .await?;
        let mut releases = Vec::new();
        for secret in &secrets {
            releases.push(read(secret).ok_or_else(|| ToolError::Record {
                release: name.to_owned(),
                secret: super::name_of(secret).to_owned(),
            })?);
        }
        releases.sort_by_key(|release| release.revision);
        Ok(releases)
    }
}

/// Reads a record: JSON, made small by gzip, as base64, in a Secret, which is base64 again.
///
/// See <https://github.com/helm/helm/blob/main/pkg/storage/driver/util.go>.
fn read(secret: &Value) -> Option<HelmRelease> {
    let text = secret.pointer("/data/release")?.as_str()?;
    let bytes = STANDARD.decode(STANDARD.decode(text).ok()?).ok()?;
    let record: Record = match bytes.starts_with(&GZIP) {
        true => {
            let mut json = Vec::new();
            GzDecoder::new(bytes.as_slice()).read_to_end(&mut json).ok()?;
            serde_json::from_slice(&json).ok()?
        }
        false => serde_json::from_slice(&bytes).ok()?,
    };
    Some(HelmRelease {
        revision: record.version,
        status: record.info.status,
        description: record.info.description,
        manifest: record.manifest,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use serde_json::json;

    use super::*;

    fn kept(bytes: &[u8]) -> Value {
        json!({ "data": { "release": STANDARD.encode(STANDARD.encode(bytes)) } })
    }

    #[test]
    fn a_record_is_read_with_and_without_its_wrapping() {
        let record = json!({ "name": "notes", "version": 3, "manifest": "kind: Service\n", "chart": {},
            "info": { "status": "pending-upgrade", "description": "ours", "first_deployed": "2026-01-02" } });
        let plain = record.to_string().into_bytes();
        let mut small = GzEncoder::new(Vec::new(), Compression::fast());
        small.write_all(&plain).unwrap();
        for bytes in [small.finish().unwrap(), plain] {
            let release = read(&kept(&bytes)).unwrap();
            assert_eq!((release.revision, release.description.as_str()), (3, "ours"));
            assert_eq!(release.manifest, "kind: Service\n");
            assert!(release.is_pending());
        }
    }

    #[test]
    fn what_is_no_record_is_none() {
        assert_eq!(read(&json!({ "data": {} })), None);
        assert_eq!(read(&kept(b"{}")), None);
        assert_eq!(read(&kept(&GZIP)), None);
    }
}
