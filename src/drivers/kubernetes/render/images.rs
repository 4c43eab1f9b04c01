//! Images as the cluster pulls them.

use std::collections::BTreeMap;

use super::super::place::{Place, dashed};
use crate::deployment::{Deployment, Part};
use crate::drivers::images::Image;
use crate::product::ReleaseImage;
use crate::render::RenderError;

/// Lists the image of every component.
pub(super) fn images(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
) -> Result<BTreeMap<String, Image>, RenderError> {
    let mut images = BTreeMap::new();
    for component in &part.components {
        let image = image(deployment, part, place, &component.name, &component.image)?;
        images.insert(dashed(&component.name), image);
    }
    Ok(images)
}

/// Says from where the cluster pulls an image.
pub(super) fn image(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    name: &str,
    image: &ReleaseImage,
) -> Result<Image, RenderError> {
    Image::of(deployment, part, place.options.registry.as_deref(), (name, image))
}
