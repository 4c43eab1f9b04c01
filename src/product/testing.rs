//! A release for tests, of images that nobody has.

use std::collections::BTreeMap;

use super::{ImageOrigin, MigrationPromise, Product, RELEASE_SCHEMA, Release, ReleaseImage, Version};
use crate::oci::Digest;

/// Makes a release with an image for every component of a product.
pub(crate) fn release(product: &Product, version: &str) -> Release {
    let version: Version = version.parse().unwrap();
    let image = |name: &String| ReleaseImage {
        reference: format!("images-made-up-for-tests.invalid/{name}:{version}"),
        digest: Digest::of(name),
        platforms: BTreeMap::new(),
        size: 64 << 20,
        source: ImageOrigin::Registry,
        sbom: None,
    };
    let images = product.components.keys().map(|name| (name.clone(), image(name)));
    Release {
        schema: RELEASE_SCHEMA.to_owned(),
        product: product.name.clone(),
        images: images.collect(),
        version,
        reachable_from: None,
        migrations: MigrationPromise::default(),
        notes: Vec::new(),
    }
}
