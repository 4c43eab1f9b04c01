//! One version of a product, every image pinned by digest.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Version;
use crate::oci::Digest;

/// The schema line that every release carries.
pub const RELEASE_SCHEMA: &str = "landfall/release/v1";

/// One version of a product; written by `landfall release add`, never by hand-made digests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// `landfall/release/v1`.
    pub schema: String,
    /// The product's name.
    pub product: String,
    /// The version.
    pub version: Version,
    /// Each image by the component that runs it, or the service that is run with it.
    pub images: BTreeMap<String, ReleaseImage>,
    /// From which versions it may be reached in one step; none means the product's oldest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable_from: Option<Version>,
    /// What its migrations promise.
    #[serde(default)]
    pub migrations: MigrationPromise,
    /// What people should know, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Release {
    /// Makes a release without images, to check answers against when there is no real one.
    pub fn placeholder(product: &str) -> Self {
        Self {
            schema: RELEASE_SCHEMA.to_owned(),
            product: product.to_owned(),
            version: "0".parse().expect("a number is a version"),
            images: BTreeMap::new(),
            reachable_from: None,
            migrations: MigrationPromise::default(),
            notes: Vec::new(),
        }
    }
}

/// An image pinned by digest, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseImage {
    /// The reference it was found under.
    pub reference: String,
    /// The digest of the manifest, or of the index when it is for several platforms.
    pub digest: Digest,
    /// The manifest's digest for each platform, such as `linux/amd64`.
    pub platforms: BTreeMap<String, Digest>,
    /// The sum of its blobs over all platforms in bytes, what platforms share counted once.
    pub size: u64,
    /// Where it was found.
    // As a map: by itself the YAML library writes a variant with content as a tag.
    #[serde(with = "serde_yaml::with::singleton_map")]
    #[schemars(with = "ImageOrigin")]
    pub source: ImageOrigin,
    /// The digest of its SBOM document, when one is attached or was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Digest>,
}

impl ReleaseImage {
    /// Returns the reference that means exactly this content: the digest in place of a tag.
    ///
    /// In a layout the digest alone is the reference; in a registry the repository goes before it.
    pub fn pinned(&self) -> String {
        match &self.source {
            ImageOrigin::Layout(_) => self.digest.to_string(),
            ImageOrigin::Registry => {
                let name = self.reference.split('@').next().unwrap_or_default();
                let tag = name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
                format!("{}@{}", &name[..tag.unwrap_or(name.len())], self.digest)
            }
        }
    }
}

/// Where an image was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ImageOrigin {
    /// In a registry, under its reference.
    Registry,
    /// In an OCI image layout. In a release file, a relative folder is relative to that file; once read it is absolute.
    Layout(String),
}

/// What the migrations of a release promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct MigrationPromise {
    /// Whether the release changes the schema.
    pub changes_schema: bool,
    /// Whether the version before still works on the new schema.
    pub old_version_works: bool,
}

impl Default for MigrationPromise {
    fn default() -> Self {
        // The careful reading: a release that says nothing may change the schema in a way the old version can't bear.
        Self {
            changes_schema: true,
            old_version_works: false,
        }
    }
}
