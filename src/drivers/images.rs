//! Images as a target pulls them: from the registry that the release names, or from another with the same content.

use std::time::Duration;

use super::World;
use crate::deployment::{Deployment, Part};
use crate::doctor::{ImageAnswer, ImageSeen};
use crate::oci::{Digest, ImageSource, Offer, Registry};
use crate::product::{ImageOrigin, ReleaseImage};
use crate::render::RenderError;
use crate::run::chain_text;

/// How long a registry may take; one behind a firewall that drops everything says nothing at all.
const PATIENCE: Duration = Duration::from_secs(4);

/// An image by its digest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Image {
    /// Registry and repository.
    pub(super) repository: String,
    /// The digest.
    pub(super) digest: Digest,
}

impl Image {
    /// Says from where a part pulls an image; a registry of the customer's goes before the release's.
    ///
    /// # Errors
    /// [`RenderError::Options`] when the release has it in a folder, and no registry is named.
    pub(super) fn of(
        deployment: &Deployment,
        part: &Part,
        registry: Option<&str>,
        (name, image): (&str, &ReleaseImage),
    ) -> Result<Self, RenderError> {
        let (host, path) = split(&image.reference);
        let repository = match (registry, &image.source) {
            (Some(registry), _) => format!("{}/{path}", registry.trim_end_matches('/')),
            (None, ImageOrigin::Registry) => {
                format!("{}{path}", host.map_or(String::new(), |host| format!("{host}/")))
            }
            (None, ImageOrigin::Layout(folder)) => {
                let place = part.target.map_or("target", |target| target.title());
                return Err(RenderError::Options {
                    part: part.name.clone(),
                    message: format!(
                        "release {} has the image of `{name}` from the folder {folder}, which {place} cannot pull from: \
                         push it to a registry, and name that as `registry`",
                        deployment.version
                    ),
                });
            }
        };
        Ok(Self {
            repository,
            digest: image.digest,
        })
    }

    /// Writes it as one reference.
    pub(super) fn reference(&self) -> String {
        format!("{}@{}", self.repository, self.digest)
    }
}

/// Finds the way to the registries that a part's images come from.
pub(super) fn registry(world: &World, part: &Part) -> Result<Registry, String> {
    let any = part.components.first().map(|component| ReleaseImage {
        source: ImageOrigin::Registry,
        ..component.image.clone()
    });
    match any.as_ref().map(|image| (world.images)(image)) {
        Some(Ok(ImageSource::Registry { registry, .. })) => Ok(registry),
        Some(Err(error)) => Err(chain_text(&error)),
        _ => Err("no way to a registry is known".to_owned()),
    }
}

/// Asks a registry for an image.
pub(super) async fn offered(registry: &Registry, reference: &str) -> ImageSeen {
    let answer = match tokio::time::timeout(PATIENCE, registry.offer(reference)).await {
        Ok(Offer::There) => ImageAnswer::There,
        Ok(Offer::Missing) => ImageAnswer::Missing,
        Ok(Offer::Refused) => ImageAnswer::Refused,
        Ok(Offer::Silent(why)) => ImageAnswer::Silent(why),
        Err(_) => ImageAnswer::Silent(format!("no answer within {} seconds", PATIENCE.as_secs())),
    };
    ImageSeen {
        reference: reference.to_owned(),
        answer,
    }
}

/// Splits a reference into its registry, where it names one, and its repository without tag and digest.
fn split(reference: &str) -> (Option<&str>, &str) {
    let name = reference.split('@').next().unwrap_or_default();
    let tag = name.rfind(':').filter(|colon| !name[*colon..].contains('/'));
    let name = &name[..tag.unwrap_or(name.len())];
    match name.split_once('/') {
        Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
        _ => (None, name),
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_reference_is_split_at_its_registry() {
        assert_eq!(split("sample-api:1.0.0"), (None, "sample-api"));
        assert_eq!(split("acme/api@sha256:00"), (None, "acme/api"));
        assert_eq!(
            split("registry.acme.com:5000/acme/api:1"),
            (Some("registry.acme.com:5000"), "acme/api")
        );
    }
}
