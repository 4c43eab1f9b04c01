//! Helm releases: what they are made of, and what their history tells.

use camino::Utf8Path;

use super::place::{CHART, CLOSED, SERVICES_CHART, SERVICES_VALUES, STOPPED, VALUES};
use crate::oci::Digest;
use crate::plan::ChartRef;
use crate::render::Artifacts;
use crate::tools::HelmRelease;

/// The first word of what Landfall notes with a revision.
const NOTE: &str = "landfall";

/// The product's release, with more values on top.
pub(super) fn product(release: &str, more: &[&str]) -> ChartRef {
    let values = std::iter::once(VALUES).chain(more.iter().copied());
    ChartRef {
        release: release.to_owned(),
        chart: CHART.into(),
        values: values.map(Into::into).collect(),
    }
}

/// The release with the bundled services, with more values on top.
pub(super) fn services(release: &str, more: &[&str]) -> ChartRef {
    let values = std::iter::once(SERVICES_VALUES).chain(more.iter().copied());
    ChartRef {
        release: release.to_owned(),
        chart: SERVICES_CHART.into(),
        values: values.map(Into::into).collect(),
    }
}

/// Names a release with more values on top: [`product`] or [`services`].
pub(super) type Chart = fn(&str, &[&str]) -> ChartRef;

/// Finds the values on top with which a release was made, by its stamp.
pub(super) fn variant(
    artifacts: &Artifacts,
    release: &str,
    chart: Chart,
    found: Option<&Digest>,
) -> Option<ChartRef> {
    let variants: [&[&str]; 3] = [&[], &[STOPPED], &[CLOSED]];
    let charts = variants.into_iter().map(|more| chart(release, more));
    charts
        .into_iter()
        .find(|chart| Some(&stamp(artifacts, chart)) == found)
}

/// Computes the digest of a chart and its values.
pub(super) fn stamp(artifacts: &Artifacts, chart: &ChartRef) -> Digest {
    let belongs =
        |path: &Utf8Path| path.starts_with(&chart.chart) || chart.values.iter().any(|values| values == path);
    let mut part = Artifacts::default();
    for (path, artifact) in artifacts.iter().filter(|(path, _)| belongs(path)) {
        part.add(path.clone(), artifact.text.clone());
    }
    part.digest()
}

/// Writes what is noted with a revision.
pub(super) fn note(run: &str, step: &str, stamp: Digest) -> String {
    format!("{NOTE} {run} {step} {stamp}")
}

/// Finds the revision that counts: the one that is deployed.
pub(super) fn deployed(history: &[HelmRelease]) -> Option<&HelmRelease> {
    history.iter().rev().find(|release| release.status == "deployed")
}

/// Reads the stamp of a revision; one that went back to another has that one's.
pub(super) fn stamp_of(history: &[HelmRelease], release: &HelmRelease) -> Option<Digest> {
    let mut release = release;
    // A revision only ever goes back to an earlier one.
    loop {
        if let Some(number) = release.description.strip_prefix("Rollback to ") {
            let number: u32 = number.trim().parse().ok()?;
            if number >= release.revision {
                return None;
            }
            release = history.iter().find(|other| other.revision == number)?;
            continue;
        }
        let mut words = release.description.split(' ');
        return match words.next() {
            Some(NOTE) => words.nth(2)?.parse().ok(),
            _ => None,
        };
    }
}

/// Says whether a revision was made by a step of a run.
pub(super) fn is_of(release: &HelmRelease, run: &str, step: &str) -> bool {
    release.description.starts_with(&format!("{NOTE} {run} {step} "))
}

/// Finds the revision that was deployed before a step of a run changed it.
pub(super) fn before(history: &[HelmRelease], run: &str, step: &str) -> Option<u32> {
    let first = history.iter().position(|release| is_of(release, run, step));
    let earlier = &history[..first.unwrap_or(history.len())];
    let complete = |release: &&HelmRelease| matches!(release.status.as_str(), "deployed" | "superseded");
    earlier
        .iter()
        .rev()
        .find(complete)
        .map(|release| release.revision)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(revision: u32, status: &str, description: &str) -> HelmRelease {
        HelmRelease {
            manifest: String::new(),
            revision,
            status: status.to_owned(),
            description: description.to_owned(),
        }
    }

    #[test]
    fn a_revision_that_went_back_has_the_stamp_of_the_one_it_went_back_to() {
        let (one, two) = (Digest::of("one"), Digest::of("two"));
        let history = [
            release(1, "superseded", &note("r1", "release/apply", one)),
            release(2, "superseded", &note("r2", "release/apply", two)),
            release(3, "deployed", "Rollback to 1"),
        ];
        let last = deployed(&history).unwrap();
        assert_eq!(stamp_of(&history, last), Some(one));
        assert_eq!(before(&history, "r2", "release/apply"), Some(1));
        assert_eq!(before(&history, "r4", "release/apply"), Some(3));
        assert_eq!(
            stamp_of(&history, &release(4, "deployed", "Upgrade complete")),
            None
        );
    }
}
