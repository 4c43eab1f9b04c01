//! Images as tasks pull them, and those that are copied to ECR first.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::place::{Architecture, Images, Place, TOOLS, dashed};
use super::services::Managed;
use crate::deployment::{Deployment, Part};
use crate::drivers::images::Image;
use crate::product::{ReleaseImage, ServiceKind};
use crate::render::RenderError;

/// The images of a part by what runs them.
#[derive(Debug, Default)]
pub(super) struct All {
    /// References by digest.
    pub(super) pulled: BTreeMap<String, String>,
    /// What is copied to this installation's own repositories first.
    pub(super) copies: Vec<Copy>,
}

/// One image that is copied.
#[derive(Debug, Serialize)]
pub(super) struct Copy {
    from: String,
    to: String,
}

impl All {
    /// Lists the images of a part.
    ///
    /// # Errors
    /// [`RenderError::Options`] when one is not to be had, or is not made for the processors.
    pub(super) fn of(
        deployment: &Deployment,
        part: &Part,
        place: &Place,
        managed: Managed<'_>,
    ) -> Result<Self, RenderError> {
        let mut all = Self::default();
        for component in &part.components {
            let image = (component.name.as_str(), &component.image);
            check_platform(part, place, image)?;
            all.add(deployment, part, place, (&dashed(&component.name), image))?;
        }
        match &place.options.tools_image {
            Some(given) => all.add_given(place, given),
            None => {
                let tools = tools(deployment, part, managed)?;
                check_platform(part, place, tools)?;
                all.add(deployment, part, place, (TOOLS, tools))?;
            }
        }
        Ok(all)
    }

    fn add(
        &mut self,
        deployment: &Deployment,
        part: &Part,
        place: &Place,
        (key, (name, image)): (&str, (&str, &ReleaseImage)),
    ) -> Result<(), RenderError> {
        if place.options.images == Images::Ecr {
            let to = format!("{}/{}/{key}", place.ecr(), place.name);
            self.copy(key, image.pinned(), to, &image.digest.to_string());
            return Ok(());
        }
        let registry = place.options.registry.as_deref();
        let image = Image::of(deployment, part, registry, (name, image))?;
        self.pulled.insert(key.to_owned(), image.reference());
        Ok(())
    }

    /// Adds the tools that the answers name.
    fn add_given(&mut self, place: &Place, given: &str) {
        match given.split_once('@') {
            Some((_, digest)) if place.options.images == Images::Ecr => {
                let to = format!("{}/{}/{TOOLS}", place.ecr(), place.name);
                self.copy(TOOLS, given.to_owned(), to, digest);
            }
            _ => _ = self.pulled.insert(TOOLS.to_owned(), given.to_owned()),
        }
    }

    fn copy(&mut self, key: &str, from: String, to: String, digest: &str) {
        self.pulled.insert(key.to_owned(), format!("{to}@{digest}"));
        // An image that nobody tagged is taken for a leftover after a while.
        let tag = digest.replace(':', "-");
        self.copies.push(Copy {
            from,
            to: format!("{to}:{tag}"),
        });
    }
}

/// Finds the release's image with a shell: that of its database, which has `psql` too.
fn tools<'a>(
    deployment: &'a Deployment,
    part: &Part,
    managed: Managed<'a>,
) -> Result<(&'a str, &'a ReleaseImage), RenderError> {
    let databases = deployment
        .services
        .iter()
        .filter(|(_, service)| service.kind == ServiceKind::Sql);
    let found = databases.map(|(name, service)| (name.as_str(), service));
    let mut found = managed.database.into_iter().chain(found);
    found
        .find_map(|(name, service)| Some((name, service.image.as_ref()?)))
        .ok_or_else(|| RenderError::Options {
            part: part.name.clone(),
            message: format!(
                "release {} has no image with a shell, which lays out files before a component starts: name one as \
                 `tools_image`, or add the release with the image of its database (`--image`)",
                deployment.version
            ),
        })
}

/// Finds out whether an image is made for the processors; one that says nothing of itself may be.
fn check_platform(
    part: &Part,
    place: &Place,
    (name, image): (&str, &ReleaseImage),
) -> Result<(), RenderError> {
    let (platform, answer) = match place.options.architecture {
        Architecture::Amd64 => ("linux/amd64", "arm64"),
        Architecture::Arm64 => ("linux/arm64", "amd64"),
    };
    let fits = image.platforms.is_empty() || image.platforms.keys().any(|it| it.starts_with(platform));
    if fits {
        return Ok(());
    }
    Err(RenderError::Options {
        part: part.name.clone(),
        message: format!(
            "the image of `{name}` is not made for {platform}: answer `architecture` with `{answer}`"
        ),
    })
}
