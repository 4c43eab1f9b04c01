//! Reads OCI images, from a layout folder or a registry, and unpacks them.
//!
//! Facts come from the OCI image-spec 1.1 (`image-layout.md`, `manifest.md`, `config.md`, `layer.md`) and the
//! distribution-spec 1.1. Nothing here prints, starts programs, or reads the environment or the clock.
//!
//! An image is looked up by name in an [`ImageSource`], which answers an [`Image`]: digests, sizes and the few
//! configuration values a deployment needs. Its blobs live in a [`Blobs`] folder, and [`unpack`] turns them into a
//! file tree. Every byte that is used was checked against the digest that named it.

mod binary;
mod blobs;
mod credentials;
mod digest;
mod error;
mod fetch;
mod image;
mod inventory;
mod layer;
mod layout;
mod platform;
mod reference;
mod registry;
mod sbom;
mod source;
#[cfg(test)]
mod testing;
mod tree;
mod unpack;

pub use binary::resolve_binary;
pub use blobs::{Blob, Blobs};
pub use credentials::{Credential, CredentialHelper, Credentials};
pub use digest::{Digest, Hasher, VerifyingReader};
pub use error::OciError;
pub use image::{Image, ImageConfig, Layer, PlatformImage, Resolved};
pub use inventory::{INVENTORY, TreeChange, changes};
pub use layout::{Entry, Layout};
pub use platform::Platform;
pub use registry::{Offer, Registry, RegistryOptions};
pub use sbom::Bill;
pub use source::{ImageSource, Materialised};
pub use unpack::{MARKER, UnpackOptions, Unpacked, unpack};
