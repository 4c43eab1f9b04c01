//! Turns an image into a file tree.

use std::io::{self, Read};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::read::MultiGzDecoder;
use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::blobs::Blobs;
use super::digest::{Digest, VerifyingReader};
use super::error::OciError;
use super::image::{Image, Layer};
use super::layer::{Applier, Failure};
use super::tree;

/// Names the file that says which image a tree is made of.
pub const MARKER: &str = ".landfall-image.json";

/// Says how a tree is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnpackOptions {
    /// Gives everything to a user and group (numbers); `None` leaves it to whoever unpacks.
    pub owner: Option<(u32, u32)>,
}

/// Says what unpacking did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// Tells that the tree was there, so nothing was written.
    pub kept: bool,
    /// Counts files that were written.
    pub files: u64,
    /// Counts their bytes.
    pub bytes: u64,
}

/// Says which image a tree is made of.
#[derive(Serialize, Deserialize)]
struct Marker {
    /// Holds the digest of what the image's name named.
    digest: Digest,
    /// Holds the digest of the manifest, which decides the content.
    manifest: Digest,
}

/// Unpacks an image's layers into a folder that does not exist yet.
///
/// Everything is written beside the folder and renamed at the end, so the folder is whole or not there. Nothing is
/// written outside, whatever the layers say. Set-user-id bits, devices, pipes and extended attributes are left out.
/// A folder that holds the same image is left alone. Blocks while it works. Two must not unpack into one folder at
/// the same time.
///
/// # Errors
///
/// When a blob is missing or damaged, a layer is of an unknown kind or names a file outside, the folder belongs to
/// something else, or cannot be written. What was written until then is removed.
pub fn unpack(
    image: &Image,
    blobs: &Blobs,
    destination: &Utf8Path,
    options: UnpackOptions,
) -> Result<Unpacked, OciError> {
    if is_done(image, destination)? {
        return Ok(Unpacked {
            kept: true,
            files: 0,
            bytes: 0,
        });
    }
    let parent = destination
        .parent()
        .filter(|p| !p.as_str().is_empty())
        .unwrap_or(Utf8Path::new("."));
    let temporary = parent.join(format!(
        ".{}.unpacking",
        destination.file_name().unwrap_or_default()
    ));
    prepare(&temporary)?;
    let result = fill(image, blobs, &temporary, options).and_then(|done| {
        durable(&temporary)?;
        rename(&temporary, destination, parent)?;
        Ok(done)
    });
    if result.is_err() {
        // The first error is the one that helps; leftovers are removed by the next try.
        remove_tree(&temporary).ok();
    }
    result
}

/// Tells whether the folder holds the image; that it holds something else is an error.
fn is_done(image: &Image, destination: &Utf8Path) -> Result<bool, OciError> {
    let taken = |found: String| OciError::DestinationTaken {
        path: destination.to_owned(),
        found,
    };
    match fs::read(destination.join(MARKER)) {
        Ok(bytes) => match serde_json::from_slice::<Marker>(&bytes) {
            Ok(marker) if marker.manifest == image.manifest.digest => Ok(true),
            Ok(marker) => Err(taken(format!("image {}", marker.manifest))),
            Err(_) => Err(taken(format!("something with a damaged `{MARKER}`"))),
        },
        Err(_) => match fs::symlink_metadata(destination) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(write_tree("look at", destination)(source)),
            Ok(found) if found.is_dir() && is_empty(destination) => Ok(false),
            Ok(_) => Err(taken(format!("something without `{MARKER}`"))),
        },
    }
}

fn is_empty(folder: &Utf8Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut children| children.next().is_none())
}

fn prepare(temporary: &Utf8Path) -> Result<(), OciError> {
    remove_tree(temporary).map_err(write_tree("remove", temporary))?;
    fs::create_dir_all(temporary).map_err(write_tree("create", temporary))
}

fn fill(
    image: &Image,
    blobs: &Blobs,
    temporary: &Utf8Path,
    options: UnpackOptions,
) -> Result<Unpacked, OciError> {
    let mut applier = Applier::new(temporary.as_std_path(), options.owner);
    apply_all(&mut applier, image, blobs)?;
    let marker = temporary.join(MARKER);
    let content = Marker {
        digest: image.digest,
        manifest: image.manifest.digest,
    };
    let content = serde_json::to_vec(&content).map_err(io::Error::from);
    // Removed first: a layer may have put a link there.
    tree::remove(marker.as_std_path())
        .and_then(|()| fs::write(&marker, content?))
        .map_err(write_tree("write", &marker))?;
    super::inventory::take(temporary).map_err(write_tree("list", temporary))?;
    let (files, bytes) = applier.finish().map_err(write_tree("finish", temporary))?;
    Ok(Unpacked {
        kept: false,
        files,
        bytes,
    })
}

/// Spreads an image's layers out in an empty folder, only to look at them: it is not durable, and its folders keep
/// modes of our own, so that whoever unpacks may enter them.
pub(super) fn spread(image: &Image, blobs: &Blobs, folder: &std::path::Path) -> Result<(), OciError> {
    apply_all(&mut Applier::new(folder, None), image, blobs)
}

fn apply_all(applier: &mut Applier, image: &Image, blobs: &Blobs) -> Result<(), OciError> {
    for layer in &image.layers {
        apply(applier, layer, blobs).or_else(|error| {
            // A damaged blob often looks like a damaged archive first; the digest tells which it is.
            blobs.verify(&layer.blob).and(Err(error))
        })?;
    }
    Ok(())
}

fn apply(applier: &mut Applier, layer: &Layer, blobs: &Blobs) -> Result<(), OciError> {
    let digest = layer.blob.digest;
    let mut blob = blobs.open(&layer.blob)?;
    let read = |source| OciError::or_from(source, |source| OciError::ReadLayer { digest, source });
    let mut content = VerifyingReader::new(
        decoder(layer, &mut blob)?,
        format!("content of {digest}"),
        layer.diff_id,
        None,
    );
    applier.apply(&mut content).map_err(|failure| match failure {
        Failure::Read(source) => read(source),
        Failure::Escape(path) => OciError::PathEscape { digest, path },
        Failure::Write(path, source) => {
            OciError::or_from(source, |source| OciError::WriteEntry { digest, path, source })
        }
    })?;
    // An archive ends before its file does; the digests are over the whole.
    content.drain().map_err(read)?;
    drop(content);
    blob.drain().map_err(read)
}

/// Finds how a layer is compressed: OCI image-spec 1.1, `layer.md`, and what Docker writes.
fn decoder<'a>(layer: &Layer, blob: &'a mut impl Read) -> Result<Box<dyn Read + 'a>, OciError> {
    let digest = layer.blob.digest;
    let media_type = layer.blob.media_type.as_str();
    let kind = media_type
        .strip_prefix("application/vnd.oci.image.layer.v1.")
        .or_else(|| media_type.strip_prefix("application/vnd.oci.image.layer.nondistributable.v1."))
        .or_else(|| media_type.strip_prefix("application/vnd.docker.image.rootfs.diff."))
        .or_else(|| media_type.strip_prefix("application/vnd.docker.image.rootfs.foreign.diff."));
    match kind {
        Some("tar") => Ok(Box::new(blob)),
        Some("tar+gzip" | "tar.gzip") => Ok(Box::new(MultiGzDecoder::new(blob))),
        Some("tar+zstd" | "tar.zstd") => match zstd::Decoder::new(blob) {
            Ok(decoder) => Ok(Box::new(decoder)),
            Err(source) => Err(OciError::ReadLayer { digest, source }),
        },
        _ => Err(OciError::MediaType {
            what: "layer",
            digest,
            media_type: media_type.to_owned(),
        }),
    }
}

/// Waits until the tree is on the disk: renamed before, it could be empty files after a power cut.
///
/// One call for the whole file system, because one per file takes minutes for a large tree.
#[cfg(target_os = "linux")]
fn durable(tree: &Utf8Path) -> Result<(), OciError> {
    let folder = fs::File::open(tree).map_err(write_tree("open", tree))?;
    rustix::fs::syncfs(&folder).map_err(|e| write_tree("sync", tree)(e.into()))
}

/// Asks for the tree to be put on the disk, where the system cannot be asked about one file system.
#[cfg(not(target_os = "linux"))]
fn durable(_tree: &Utf8Path) -> Result<(), OciError> {
    rustix::fs::sync();
    Ok(())
}

fn rename(temporary: &Utf8Path, destination: &Utf8Path, parent: &Utf8Path) -> Result<(), OciError> {
    fs::rename(temporary, destination).map_err(write_tree("rename into", destination))?;
    fs::File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(write_tree("sync", parent))
}

/// Removes a tree, also one with folders that its owner may not write.
fn remove_tree(path: &Utf8Path) -> io::Result<()> {
    match tree::remove(path.as_std_path()) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            unlock(path.as_std_path())?;
            tree::remove(path.as_std_path())
        }
        done => done,
    }
}

fn unlock(folder: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    for child in fs::read_dir(folder)? {
        let child = child?;
        if child.file_type()?.is_dir() {
            unlock(&child.path())?;
        }
    }
    Ok(())
}

fn write_tree(action: &'static str, path: &Utf8Path) -> impl FnOnce(io::Error) -> OciError + use<> {
    let path: Utf8PathBuf = path.to_owned();
    move |source| OciError::WriteTree { action, path, source }
}

#[cfg(test)]
mod tests;
