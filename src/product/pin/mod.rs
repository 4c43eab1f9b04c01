//! A release is made: every component's image is looked up and pinned by digest.
//!
//! No digest is invented: what is not in the source is refused. No clock is read either, so the same images give the
//! same release.

mod bill;
#[cfg(test)]
mod tests;
mod write;

pub use bill::bills;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Entry, ImageOrigin, MigrationPromise, Product, ProductError, RELEASE_SCHEMA, Release, ReleaseImage,
    Version,
};
use crate::document::nearest;
use crate::expression::Scope;
use crate::oci::{ImageSource, OciError, Resolved};

/// Looks up the image of every component and pins it, for all its platforms.
///
/// A component without a reference in `images` has the one that its definition names, with the version as the tag;
/// settings in it take their defaults. A service has an image only where one is given: with it a target runs the
/// service, or saves its data. What the migrations promise, notes and reach are the caller's to add.
///
/// # Errors
/// [`ProductError::ImagesMissing`] with every component that has no image; [`ProductError::PinImage`] for one that
/// cannot be read; [`ProductError::UnknownComponent`] for a reference to nothing of the product's.
pub async fn pin(
    entry: &Entry,
    version: &Version,
    images: &BTreeMap<String, String>,
    source: &ImageSource,
    origin: &ImageOrigin,
) -> Result<Release, ProductError> {
    let product = entry.product();
    check_names(product, images)?;
    let mut pinned = BTreeMap::new();
    let mut known: BTreeMap<String, ReleaseImage> = BTreeMap::new();
    let mut missing: Vec<(String, String)> = Vec::new();
    let mut first = None;
    let services = product.services.keys().filter(|name| images.contains_key(*name));
    for component in product.components.keys().chain(services) {
        let reference = match images.get(component) {
            Some(given) => given.clone(),
            None => default_reference(product, component, version)?,
        };
        if let Some(image) = known.get(&reference) {
            pinned.insert(component.clone(), image.clone());
            continue;
        }
        match image(source, &reference, origin).await {
            Ok(image) => {
                known.insert(reference, image.clone());
                pinned.insert(component.clone(), image);
            }
            Err(error @ OciError::ImageMissing { .. }) => {
                missing.push((component.clone(), reference));
                first.get_or_insert(error);
            }
            Err(source) => {
                return Err(ProductError::PinImage {
                    component: component.clone(),
                    reference,
                    source: Box::new(source),
                });
            }
        }
    }
    if let Some(source) = first {
        return Err(ProductError::ImagesMissing {
            components: missing,
            source: Box::new(source),
        });
    }
    Ok(Release {
        schema: RELEASE_SCHEMA.to_owned(),
        product: product.name.clone(),
        version: version.clone(),
        images: pinned,
        reachable_from: None,
        migrations: MigrationPromise::default(),
        notes: Vec::new(),
    })
}

fn check_names(product: &Product, images: &BTreeMap<String, String>) -> Result<(), ProductError> {
    let names = product.components.keys().chain(product.services.keys());
    let names: Vec<&str> = names.map(String::as_str).collect();
    match images.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(stranger) => Err(ProductError::UnknownComponent {
            product: product.name.clone(),
            component: stranger.clone(),
            known: names.join(", "),
            nearest: nearest(stranger, names).map(str::to_owned),
        }),
    }
}

/// Names the image that a component's definition speaks of; one with a tag or digest of its own stays as it is.
fn default_reference(product: &Product, component: &str, version: &Version) -> Result<String, ProductError> {
    let fail = |error: crate::expression::ExpressionError| ProductError::ImageName {
        component: component.to_owned(),
        message: error.to_string(),
    };
    let template = product
        .components
        .get(component)
        .map_or("", |component| component.image.as_str());
    let roots = json!({
        "settings": default_settings(product),
        "installation": { "version": version.as_str() },
    });
    let name = Scope::new(&roots)
        .and_then(|scope| scope.render(template))
        .map_err(fail)?;
    let last = name.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) {
        return Ok(name);
    }
    // `+` starts build metadata in a version, and cannot stand in a tag.
    Ok(format!("{name}:{}", version.as_str().replace('+', "_")))
}

/// Collects the defaults of all settings; one that has none is empty.
fn default_settings(product: &Product) -> Map<String, Value> {
    let mut settings = Map::new();
    for question in &product.questions {
        let value = match &question.default {
            Some(Value::String(text)) => Scope::new(&json!({ "settings": settings }))
                .and_then(|scope| scope.render(text))
                .unwrap_or_default()
                .into(),
            Some(value) => value.clone(),
            None => "".into(),
        };
        settings.insert(question.key.clone(), value);
    }
    settings
}

async fn image(
    source: &ImageSource,
    reference: &str,
    origin: &ImageOrigin,
) -> Result<ReleaseImage, OciError> {
    let resolved = source.resolve(reference).await?;
    let mut image = ReleaseImage {
        reference: reference.to_owned(),
        digest: resolved.digest,
        platforms: resolved
            .platforms
            .iter()
            .map(|found| (found.platform.to_string(), found.manifest))
            .collect(),
        size: 0,
        source: origin.clone(),
        sbom: source.sbom(&resolved).await,
    };
    image.size = size(source, &image, &resolved).await?;
    Ok(image)
}

/// Sums the blobs of all platforms; a layer that several share is counted, and carried, once.
async fn size(source: &ImageSource, image: &ReleaseImage, resolved: &Resolved) -> Result<u64, OciError> {
    let mut blobs = BTreeMap::new();
    for found in &resolved.platforms {
        let exact = ReleaseImage {
            digest: found.manifest,
            ..image.clone()
        };
        let read = source.find(&exact.pinned(), &found.platform).await?;
        blobs.extend(read.blobs().map(|blob| (blob.digest, blob.size)));
    }
    Ok(blobs.values().sum())
}
