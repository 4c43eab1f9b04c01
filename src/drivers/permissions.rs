//! What whoever carries a deployment out has to be allowed, part by part.

use serde::Serialize;

use super::{DriverError, World, aws};
pub use crate::aws::{Decision, Denied};
use crate::deployment::{Deployment, Part};
use crate::product::Target;

/// What a part takes.
#[derive(Debug, Serialize)]
pub struct PartPermissions {
    /// The part.
    pub part: String,
    /// Where it lies; none where the vendor runs it.
    pub target: Option<Target>,
    /// The policies, of which all are needed; none where the target has no such thing.
    pub documents: Vec<aws::Document>,
    /// Whether roles that are made can be given any right there is, because no policy bounds them.
    pub unbounded: bool,
}

/// Lists what whoever applies each part has to be allowed. Pure.
///
/// # Errors
/// [`DriverError::Render`] for what cannot be rendered.
pub fn permissions(deployment: &Deployment) -> Result<Vec<PartPermissions>, DriverError> {
    let of_part = |part: &Part| {
        let mut found = PartPermissions {
            part: part.name.clone(),
            target: part.target,
            documents: Vec::new(),
            unbounded: false,
        };
        if part.target == Some(Target::Aws) {
            let place = aws::Place::of(deployment, part)?;
            found.unbounded = place.options.permissions_boundary.is_none();
            found.documents = aws::permissions(deployment, part)?;
        }
        Ok(found)
    };
    deployment.parts.values().map(of_part).collect()
}

/// What of a part's policies is denied to whoever is signed in.
#[derive(Debug, Serialize)]
pub struct PartDenied {
    /// The part.
    pub part: String,
    /// Who was asked about, and what came of it.
    #[serde(flatten)]
    pub simulated: aws::Simulated,
}

/// Has IAM work out what of the policies of a part is denied to whoever is signed in; changes nothing.
///
/// # Errors
/// [`DriverError::Account`] when nobody is signed in, or IAM may not be asked.
pub async fn denied(
    world: &World,
    deployment: &Deployment,
    permissions: &PartPermissions,
) -> Result<Option<PartDenied>, DriverError> {
    let part = deployment.parts.get(&permissions.part);
    let Some(part) = part.filter(|_| !permissions.documents.is_empty()) else {
        return Ok(None);
    };
    let simulated = aws::simulate(world, deployment, part, &permissions.documents).await?;
    Ok(Some(PartDenied {
        part: part.name.clone(),
        simulated,
    }))
}
