//! Builds small images and layouts for the tests of this folder.

use std::io::Write;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use serde_json::{Value, json};
use tar::EntryType;

use super::blobs::{Blob, Blobs};
use super::digest::Digest;
use super::image::Image;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// Holds one entry of a layer, also of kinds that honest tools do not write.
pub(super) struct TarItem {
    name: String,
    kind: EntryType,
    mode: u32,
    link: String,
    data: Vec<u8>,
}

impl TarItem {
    fn new(name: &str, kind: EntryType, mode: u32, link: &str, data: &[u8]) -> Self {
        Self {
            name: name.into(),
            kind,
            mode,
            link: link.into(),
            data: data.into(),
        }
    }

    pub(super) fn file(name: &str, mode: u32, data: &str) -> Self {
        Self::bytes(name, mode, data.as_bytes())
    }

    pub(super) fn bytes(name: &str, mode: u32, data: &[u8]) -> Self {
        Self::new(name, EntryType::Regular, mode, "", data)
    }

    pub(super) fn dir(name: &str, mode: u32) -> Self {
        Self::new(name, EntryType::Directory, mode, "", b"")
    }

    pub(super) fn symlink(name: &str, target: &str) -> Self {
        Self::new(name, EntryType::Symlink, 0o777, target, b"")
    }

    pub(super) fn hard(name: &str, target: &str) -> Self {
        Self::new(name, EntryType::Link, 0o644, target, b"")
    }

    pub(super) fn special(name: &str, kind: EntryType) -> Self {
        Self::new(name, kind, 0o666, "", b"")
    }
}

/// Writes a tar; names go into the header as they are, because the crate refuses the bad ones.
pub(super) fn tar(items: &[TarItem]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for item in items {
        let mut header = tar::Header::new_gnu();
        let old = header.as_old_mut();
        old.name[..item.name.len()].copy_from_slice(item.name.as_bytes());
        old.linkname[..item.link.len()].copy_from_slice(item.link.as_bytes());
        header.set_entry_type(item.kind);
        header.set_mode(item.mode);
        header.set_mtime(1);
        header.set_size(item.data.len() as u64);
        header.set_cksum();
        builder.append(&header, item.data.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}

#[derive(Clone, Copy)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

impl Compression {
    fn apply(self, bytes: &[u8]) -> (Vec<u8>, &'static str) {
        match self {
            Self::None => (bytes.to_vec(), "application/vnd.oci.image.layer.v1.tar"),
            Self::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(bytes).unwrap();
                (
                    encoder.finish().unwrap(),
                    "application/vnd.oci.image.layer.v1.tar+gzip",
                )
            }
            Self::Zstd => (
                zstd::encode_all(bytes, 1).unwrap(),
                "application/vnd.oci.image.layer.v1.tar+zstd",
            ),
        }
    }
}

/// Holds a folder with a layout that grows.
pub(super) struct Fixture {
    _dir: tempfile::TempDir,
    blobs: Blobs,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Utf8PathBuf::from_path_buf(dir.path().to_owned()).unwrap();
        fs::write(root.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
        Self {
            _dir: dir,
            blobs: Blobs::new(root),
        }
    }

    pub(super) fn root(&self) -> &Utf8Path {
        self.blobs.root()
    }

    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    pub(super) fn blob(&self, bytes: &[u8], media_type: &str) -> Blob {
        let digest = self.blobs.insert(bytes).unwrap();
        Blob {
            digest,
            size: bytes.len() as u64,
            media_type: media_type.into(),
        }
    }

    /// Adds an image for `linux/<architecture>`, and answers its manifest.
    pub(super) fn manifest(&self, architecture: &str, layers: &[Vec<u8>], compression: Compression) -> Blob {
        let blobs: Vec<_> = layers
            .iter()
            .map(|layer| compression.apply(layer))
            .map(|(bytes, media_type)| self.blob(&bytes, media_type))
            .collect();
        let config = json!({
            "os": "linux",
            "architecture": architecture,
            "config": {
                "User": "1000", "WorkingDir": "/srv", "Entrypoint": ["/usr/bin/app"], "Cmd": ["serve"],
                "Env": ["A=b"], "ExposedPorts": {"9090/tcp": {}, "8080/tcp": {}}, "Labels": {"x": "y"},
            },
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(Digest::of).collect::<Vec<_>>()},
        });
        let config = self.blob(config.to_string().as_bytes(), CONFIG);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(&config),
            "layers": blobs.iter().map(descriptor).collect::<Vec<_>>(),
        });
        self.blob(manifest.to_string().as_bytes(), MANIFEST)
    }

    pub(super) fn image(&self, layers: &[Vec<u8>], compression: Compression) -> Image {
        let manifest = self.manifest("amd64", layers, compression);
        Image::read(&self.blobs, "app", manifest.digest, &manifest).unwrap()
    }

    /// Adds an index of manifests, each with its architecture.
    pub(super) fn index(&self, manifests: &[(&str, &Blob)]) -> Blob {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests.iter()
            .map(|(architecture, blob)| for_platform(descriptor(blob), architecture)).collect::<Vec<_>>()});
        self.blob(index.to_string().as_bytes(), INDEX)
    }

    /// Writes `index.json`.
    pub(super) fn write_index(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        fs::write(self.root().join("index.json"), index.to_string()).unwrap();
    }
}

pub(super) fn descriptor(blob: &Blob) -> Value {
    json!({"mediaType": blob.media_type, "digest": blob.digest, "size": blob.size})
}

pub(super) fn named(blob: &Blob, name: &str) -> Value {
    let mut value = descriptor(blob);
    value["annotations"] = json!({"org.opencontainers.image.ref.name": name});
    value
}

pub(super) fn for_platform(mut descriptor: Value, architecture: &str) -> Value {
    let os = if architecture == "unknown" {
        "unknown"
    } else {
        "linux"
    };
    descriptor["platform"] = json!({"os": os, "architecture": architecture});
    descriptor
}
