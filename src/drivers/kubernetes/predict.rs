//! What a look at the cluster would show once an earlier stage of the same plan is done.

use super::observe::Observed;
use super::place::{CLOSED, Place};
use super::release::{product, services, stamp};
use crate::deployment::{Deployment, Part};
use crate::drivers::Likeness;
use crate::render::{Artifacts, RenderError};

/// Turns what is seen now into what will be seen after the stage before.
///
/// # Errors
/// [`RenderError::Options`] when an option is not usable.
pub fn after(
    now: Observed,
    deployment: &Deployment,
    (earlier, earlier_part, earlier_artifacts): (&Deployment, &Part, &Artifacts),
) -> Result<Observed, RenderError> {
    let place = Place::of(earlier, earlier_part)?;
    let mut seen = now;
    seen.installed = Some(earlier.version.to_string());
    seen.namespace = true;
    seen.release.deployed = true;
    seen.release.pending = false;
    seen.release.gone.clear();
    seen.release.stamp = Some(stamp(earlier_artifacts, &product(&place.name, &[CLOSED])));
    if seen.services.deployed {
        seen.services.pending = false;
        seen.services.gone.clear();
        seen.services.stamp = Some(stamp(earlier_artifacts, &services(&place.services(), &[])));
    }
    for likeness in seen.secrets.values_mut() {
        if earlier.secrets == deployment.secrets {
            *likeness = Likeness::Same;
        }
    }
    for workload in seen.workloads.values_mut() {
        workload.installed = true;
        workload.wanted = true;
        workload.ready = true;
    }
    Ok(seen)
}
