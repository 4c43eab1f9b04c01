//! Reads indexes, manifests and configurations out of a blob folder.

use std::collections::{BTreeMap, BTreeSet};

use oci_spec::image as spec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::blobs::{Blob, Blobs};
use super::digest::Digest;
use super::error::OciError;
use super::platform::Platform;

/// Bounds manifests and indexes: what the OCI distribution-spec 1.1 asks every registry to take ("Pushing Manifests").
pub(super) const MANIFEST_LIMIT: u64 = 4 << 20;
/// Bounds configurations, which have no bound in the spec.
pub(super) const CONFIG_LIMIT: u64 = 16 << 20;
/// Bounds indexes within indexes; honest ones are two deep.
pub(super) const DEPTH_LIMIT: usize = 4;

const INDEXES: [&str; 2] = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
];
const MANIFESTS: [&str; 2] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
];
const CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

/// Describes one image for one platform: its digests, and what its configuration says about running it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Holds the name it was found by.
    pub name: String,
    /// Holds the digest of what the name named: an index, or the manifest itself.
    pub digest: Digest,
    /// Names the manifest for the platform.
    pub manifest: Blob,
    /// Says what it runs on.
    pub platform: Platform,
    /// Names the configuration's blob.
    pub config_blob: Blob,
    /// Says how to run it.
    pub config: ImageConfig,
    /// Lists its layers, lowest first.
    pub layers: Vec<Layer>,
}

impl Image {
    /// Lists every blob that belongs to it: manifest, configuration, layers.
    pub fn blobs(&self) -> impl Iterator<Item = &Blob> {
        [&self.manifest, &self.config_blob]
            .into_iter()
            .chain(self.layers.iter().map(|l| &l.blob))
    }

    /// Returns the bytes of all its blobs, each counted once.
    pub fn size(&self) -> u64 {
        self.blobs()
            .map(|b| (b.digest, b.size))
            .collect::<BTreeMap<_, _>>()
            .values()
            .sum()
    }

    /// Reads an image whose manifest and configuration are in the folder.
    pub(super) fn read(blobs: &Blobs, name: &str, digest: Digest, manifest: &Blob) -> Result<Self, OciError> {
        let parsed = read_manifest(blobs, manifest)?;
        let config_blob = config_of(&parsed)?;
        let configuration: spec::ImageConfiguration = parse(
            "configuration",
            &config_blob,
            &blobs.read(&config_blob, CONFIG_LIMIT)?,
        )?;
        Ok(Self {
            name: name.to_owned(),
            digest,
            layers: layers(manifest, &parsed, &configuration)?,
            manifest: manifest.clone(),
            platform: Platform::from(&configuration),
            config: ImageConfig::from(&configuration),
            config_blob,
        })
    }
}

/// Names one layer and its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Names the blob, mostly compressed.
    pub blob: Blob,
    /// Holds the digest of the uncompressed tar.
    pub diff_id: Digest,
}

/// Says how an image wants to be run: the part of its configuration that a deployment needs.
///
/// The words are those of the OCI image-spec 1.1, `config.md`. Lists that the image leaves out are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// Holds the program and its fixed arguments.
    pub entrypoint: Vec<String>,
    /// Holds default arguments, or the program when there is no entry point.
    pub cmd: Vec<String>,
    /// Holds `NAME=value` pairs.
    pub env: Vec<String>,
    /// Holds the user it runs as, by name or number.
    pub user: Option<String>,
    /// Holds the folder it starts in.
    pub workdir: Option<String>,
    /// Lists its ports, as in `8080/tcp`, sorted.
    pub ports: Vec<String>,
    /// Holds its labels.
    pub labels: BTreeMap<String, String>,
}

impl From<&spec::ImageConfiguration> for ImageConfig {
    fn from(configuration: &spec::ImageConfiguration) -> Self {
        let Some(config) = configuration.config() else {
            return Self::default();
        };
        let mut ports = config.exposed_ports().clone().unwrap_or_default();
        ports.sort();
        Self {
            entrypoint: config.entrypoint().clone().unwrap_or_default(),
            cmd: config.cmd().clone().unwrap_or_default(),
            env: config.env().clone().unwrap_or_default(),
            user: config.user().clone().filter(|u| !u.is_empty()),
            workdir: config.working_dir().clone().filter(|w| !w.is_empty()),
            ports,
            labels: config.labels().clone().unwrap_or_default().into_iter().collect(),
        }
    }
}

/// Says what a name means at the moment: one digest, and the image behind it for every platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    /// Holds the name.
    pub name: String,
    /// Names the index or manifest the name stands for.
    pub digest: Digest,
    /// Lists the platforms, sorted.
    pub platforms: Vec<PlatformImage>,
}

/// Names the image for one platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PlatformImage {
    /// Says what it runs on.
    pub platform: Platform,
    /// Names its manifest.
    pub manifest: Digest,
    /// Counts the bytes of all its blobs.
    pub size: u64,
}

/// Lists the image manifests behind a descriptor, with the platform where it is known without reading further.
///
/// With `wanted`, manifests known to be for something else are left out and their blobs are not touched.
pub(super) fn manifests(
    blobs: &Blobs,
    top: &spec::Descriptor,
    wanted: Option<&Platform>,
) -> Result<Vec<(Blob, Option<Platform>)>, OciError> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut queue = vec![(top.clone(), 0)];
    while let Some((descriptor, depth)) = queue.pop() {
        let blob = Blob::try_from(&descriptor)?;
        // Each once: indexes that list each other many times over would otherwise multiply.
        if skipped(&descriptor, wanted) || !seen.insert(blob.digest) {
            continue;
        }
        if !is_index(&blob)? {
            found.push((blob, descriptor.platform().as_ref().map(Platform::from)));
            continue;
        }
        if depth >= DEPTH_LIMIT {
            return Err(OciError::IndexDepth {
                digest: blob.digest,
                limit: DEPTH_LIMIT,
            });
        }
        let index = parse_index(&blob, &blobs.read(&blob, MANIFEST_LIMIT)?)?;
        // Reversed, because the queue is taken from its end and the first match of an index wins.
        queue.extend(index.manifests().iter().rev().map(|d| (d.clone(), depth + 1)));
    }
    Ok(found)
}

/// Tells whether a descriptor need not be read: an attestation, or for another platform.
pub(super) fn skipped(descriptor: &spec::Descriptor, wanted: Option<&Platform>) -> bool {
    descriptor
        .platform()
        .as_ref()
        .map(Platform::from)
        .is_some_and(|offered| offered.is_unknown() || wanted.is_some_and(|w| !w.accepts(&offered)))
}

/// Picks the image for a platform out of what a name stands for.
pub(super) fn pick(
    blobs: &Blobs,
    name: &str,
    tops: &[spec::Descriptor],
    wanted: &Platform,
) -> Result<Image, OciError> {
    for top in tops {
        for (manifest, _) in manifests(blobs, top, Some(wanted))? {
            let image = Image::read(blobs, name, Blob::try_from(top)?.digest, &manifest)?;
            // The configuration decides: a descriptor's platform is optional, and may be wrong.
            if wanted.accepts(&image.platform) {
                return Ok(image);
            }
        }
    }
    Err(OciError::PlatformMissing {
        name: name.to_owned(),
        wanted: wanted.to_string(),
        available: platforms(blobs, tops),
    })
}

/// Lists platforms for a message; what cannot be read is left out, since another error is on its way.
fn platforms(blobs: &Blobs, tops: &[spec::Descriptor]) -> Vec<String> {
    let mut found = Vec::new();
    for (manifest, platform) in tops
        .iter()
        .filter_map(|top| manifests(blobs, top, None).ok())
        .flatten()
    {
        let read = || {
            Image::read(blobs, "", manifest.digest, &manifest)
                .ok()
                .map(|i| i.platform)
        };
        found.extend(platform.or_else(read).map(|p| p.to_string()));
    }
    found.sort();
    found.dedup();
    found
}

/// Reads the image of every platform.
pub(super) fn resolve(blobs: &Blobs, name: &str, tops: &[spec::Descriptor]) -> Result<Resolved, OciError> {
    let mut found = Vec::new();
    let mut digest = None;
    for top in tops {
        let top_digest = Blob::try_from(top)?.digest;
        digest.get_or_insert(top_digest);
        for (manifest, _) in manifests(blobs, top, None)? {
            let image = Image::read(blobs, name, top_digest, &manifest)?;
            let size = image.size();
            found.push(PlatformImage {
                platform: image.platform,
                manifest: manifest.digest,
                size,
            });
        }
    }
    found.sort();
    found.dedup();
    let missing = || OciError::ImageMissing {
        name: name.to_owned(),
        available: Vec::new(),
    };
    Ok(Resolved {
        name: name.to_owned(),
        digest: digest.ok_or_else(missing)?,
        platforms: found,
    })
}

/// Tells an index from a manifest by its media type.
pub(super) fn is_index(blob: &Blob) -> Result<bool, OciError> {
    let known = |types: &[&str]| types.contains(&blob.media_type.as_str());
    match (known(&INDEXES), known(&MANIFESTS)) {
        (true, _) => Ok(true),
        (_, true) => Ok(false),
        _ => Err(media_type("manifest", blob)),
    }
}

/// Understands an index.
pub(super) fn parse_index(blob: &Blob, bytes: &[u8]) -> Result<spec::ImageIndex, OciError> {
    let index: spec::ImageIndex = parse("index", blob, bytes)?;
    check_schema(blob, index.schema_version())?;
    Ok(index)
}

/// Reads and understands a manifest.
pub(super) fn read_manifest(blobs: &Blobs, blob: &Blob) -> Result<spec::ImageManifest, OciError> {
    let manifest: spec::ImageManifest = parse("manifest", blob, &blobs.read(blob, MANIFEST_LIMIT)?)?;
    check_schema(blob, manifest.schema_version())?;
    Ok(manifest)
}

/// Names the configuration of a manifest, when it is that of a container image.
pub(super) fn config_of(manifest: &spec::ImageManifest) -> Result<Blob, OciError> {
    let blob = Blob::try_from(manifest.config())?;
    if CONFIGS.contains(&blob.media_type.as_str()) {
        Ok(blob)
    } else {
        Err(media_type("configuration", &blob))
    }
}

fn layers(
    blob: &Blob,
    manifest: &spec::ImageManifest,
    configuration: &spec::ImageConfiguration,
) -> Result<Vec<Layer>, OciError> {
    let diff_ids = configuration.rootfs().diff_ids();
    let layers = manifest.layers();
    if layers.len() != diff_ids.len() {
        return Err(OciError::LayerCount {
            digest: blob.digest,
            layers: layers.len(),
            diff_ids: diff_ids.len(),
        });
    }
    let read = |(layer, diff_id): (&spec::Descriptor, &String)| {
        Ok(Layer {
            blob: Blob::try_from(layer)?,
            diff_id: diff_id.parse()?,
        })
    };
    layers.iter().zip(diff_ids).map(read).collect()
}

fn check_schema(blob: &Blob, found: u32) -> Result<(), OciError> {
    if found == spec::SCHEMA_VERSION {
        return Ok(());
    }
    Err(OciError::LayoutVersion {
        path: blob.digest.to_string(),
        found: found.to_string(),
        known: "2",
    })
}

fn parse<T: DeserializeOwned>(what: &'static str, blob: &Blob, bytes: &[u8]) -> Result<T, OciError> {
    serde_json::from_slice(bytes).map_err(|source| OciError::ParseBlob {
        what,
        digest: blob.digest,
        source,
    })
}

fn media_type(what: &'static str, blob: &Blob) -> OciError {
    OciError::MediaType {
        what,
        digest: blob.digest,
        media_type: blob.media_type.clone(),
    }
}
