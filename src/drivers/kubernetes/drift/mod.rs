//! Comparing a cluster with what was placed there. It only looks.

mod objects;
mod running;
mod secrets;

use serde_json::Value;

use super::cluster::Cluster;
use super::error::ClusterError;
use super::look::place;
use super::objects::Scaled;
use super::place::{NAMESPACE, STOPPED};
use super::release::{Chart, deployed, product, services, stamp, stamp_of, variant};
use super::render::bundled;
use crate::drivers::{Installed, World};
use crate::edits::Vault;
use crate::plan::ChartRef;
use crate::status::{Class, Drift, Report};
use crate::tools::HelmRelease;

/// Brings everything in line.
const UP: &str = "landfall up";

/// Compares everything that was placed in a cluster with what is there.
///
/// # Errors
/// [`ClusterError`] when the cluster cannot be asked.
pub async fn drift(world: &World, installed: Installed<'_>, stopped: bool) -> Result<Report, ClusterError> {
    let place = place(installed.deployment, installed.part)?;
    let cluster = Cluster::connect(world, &place)?;
    let mut look = Look {
        world,
        installed,
        stopped,
        vault: cluster.vault().await?,
        scaled: Scaled::default(),
        cluster,
        report: Report::default(),
        placed: Vec::new(),
    };
    if !look.namespace().await? {
        return Ok(look.report);
    }
    look.scaled = look.cluster.scaled().await?;
    look.secrets().await?;
    look.release(&place.name.clone(), product).await?;
    if !bundled(installed.deployment, installed.part).is_empty() {
        look.release(&place.services(), services).await?;
    }
    look.volumes().await?;
    look.running().await?;
    look.strangers().await?;
    Ok(look.report)
}

struct Look<'a> {
    world: &'a World,
    installed: Installed<'a>,
    stopped: bool,
    vault: Vault,
    scaled: Scaled,
    cluster: Cluster,
    report: Report,
    /// What the releases placed.
    placed: Vec<Value>,
}

impl Look<'_> {
    fn found(&mut self, class: Class, subject: impl AsRef<str>, what: impl Into<String>, next: Option<&str>) {
        self.report.drift.push(Drift {
            class,
            part: self.installed.part.name.clone(),
            subject: subject.as_ref().to_owned(),
            what: what.into(),
            difference: None,
            next: next.map(str::to_owned),
        });
    }

    fn dangerous(&mut self, subject: impl AsRef<str>, what: impl Into<String>, next: Option<&str>) {
        self.found(Class::Dangerous, subject, what, next);
    }

    fn with_difference(&mut self, difference: Option<String>) {
        if let Some(drift) = self.report.drift.last_mut() {
            drift.difference = difference;
        }
    }

    /// Looks at the namespace; says whether it is there.
    async fn namespace(&mut self) -> Result<bool, ClusterError> {
        let manifest = self.installed.artifacts.get(NAMESPACE.into());
        let manifest = manifest.map_or("", |artifact| artifact.text.as_str());
        let placed = self.cluster.placed(manifest).await?;
        let Some(namespace) = placed.into_iter().next() else {
            return Ok(true);
        };
        match &namespace.live {
            None => {
                let what = "is gone, and everything in it";
                self.dangerous(namespace.name(), what, Some(UP));
                Ok(false)
            }
            // Where it was there before Landfall, its labels are its owner's.
            Some(live) if !super::objects::is_ours(live) => Ok(true),
            Some(_) => {
                let fix = format!("landfall render --out DIR, then kubectl apply -f DIR/{NAMESPACE}");
                self.object(&namespace, Some(&fix));
                Ok(true)
            }
        }
    }

    /// Looks at a Helm release and everything that it placed.
    async fn release(&mut self, name: &str, chart: Chart) -> Result<(), ClusterError> {
        let history = self.cluster.api.releases(name, &self.cluster.cancel).await;
        let history = history.map_err(ClusterError::tool(format!("read the revisions of {name}")))?;
        let subject = format!("release/{name}");
        let Some(last) = deployed(&history) else {
            self.dangerous(&subject, "is not installed", Some(UP));
            return Ok(());
        };
        let found = variant(
            self.installed.artifacts,
            name,
            chart,
            stamp_of(&history, last).as_ref(),
        );
        let placed = self.revision(&subject, &history, last, found);
        let manifest = self.cluster.rendered(self.installed.artifacts, &placed).await?;
        for object in self.cluster.placed(&manifest).await? {
            let next = format!("{UP} --overwrite objects/{}", object.name());
            self.object(&object, Some(&next));
            self.placed.push(object.rendered);
        }
        Ok(())
    }

    /// Judges the revision that is deployed; returns what should be there.
    fn revision(
        &mut self,
        subject: &str,
        history: &[HelmRelease],
        last: &HelmRelease,
        found: Option<ChartRef>,
    ) -> ChartRef {
        if let Some(newest) = history.last().filter(|newest| newest.revision > last.revision) {
            let (number, status, said) = (newest.revision, &newest.status, &newest.description);
            let what = format!("has a newer revision {number}, which is {status}: {said}");
            self.dangerous(subject, what, Some(UP));
        }
        let name = subject.rsplit('/').next().unwrap_or_default();
        let chart: Chart = if name == self.cluster.place.name {
            product
        } else {
            services
        };
        let wanted: &[&str] = if self.stopped { &[STOPPED] } else { &[] };
        let wanted = chart(name, wanted);
        let Some(found) = found else {
            let (number, said) = (last.revision, &last.description);
            let what = format!("has revision {number}, which is not what Landfall installed: {said}");
            self.dangerous(subject, what, Some(UP));
            return wanted;
        };
        let artifacts = self.installed.artifacts;
        if self.stopped {
            let what = "is stopped, as `landfall stop` left it";
            self.found(Class::Expected, subject, what, Some("landfall start"));
        } else if stamp(artifacts, &found) != stamp(artifacts, &wanted) {
            self.dangerous(subject, "keeps users out, or is stopped", Some(UP));
        }
        found
    }
}
