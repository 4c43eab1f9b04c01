//! Reads OCI images, from a layout folder, and unpacks them.
//!
//! Facts come from the OCI image-spec 1.1 (`image-layout.md`, `manifest.md`, `config.md`, `layer.md`) and the
//! distribution-spec 1.1. Nothing here prints, starts programs, or reads the environment or the clock.
//!
//! An image is looked up by name in a [`Layout`], which answers an [`Image`]: digests, sizes and the few
//! configuration values a deployment needs. Its blobs live in a [`Blobs`] folder, and [`unpack`] turns them into a
//! file tree. Every byte that is used was checked against the digest that named it.

mod binary;
mod blobs;
mod digest;
mod error;
mod image;
mod layer;
mod layout;
mod platform;
#[cfg(test)]
mod testing;
mod tree;
mod unpack;

pub use binary::resolve_binary;
pub use blobs::{Blob, Blobs};
pub use digest::{Digest, Hasher, VerifyingReader};
pub use error::OciError;
pub use image::{Image, ImageConfig, Layer, PlatformImage, Resolved};
pub use layout::{Entry, Layout};
pub use platform::Platform;
pub use unpack::{MARKER, UnpackOptions, Unpacked, unpack};
