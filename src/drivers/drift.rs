//! What the answers ask for now, compared with what was rendered last.

use super::Before;
use crate::deployment::Deployment;
use crate::edits::difference;
use crate::render::Artifacts;
use crate::status::{Class, Drift, Report};

/// What is to be compared beside the machine itself.
#[derive(Debug, Clone, Copy)]
pub struct Drifting<'a> {
    /// What the answers ask for now, with what is rendered of it; none when they cannot be resolved.
    pub desired: Option<(&'a Deployment, &'a Artifacts)>,
    /// What is installed.
    pub before: &'a Before,
    /// Whether the product was stopped on purpose.
    pub stopped: bool,
    /// Whether every file of every image is read.
    pub deep: bool,
}

/// Compares what is asked for with what was rendered last: all of it is to be expected.
pub(super) fn pending(desired: &Deployment, artifacts: &Artifacts, before: &Before) -> Report {
    let mut report = Report::default();
    let mut add = |part: &str, subject: String, what: String, next: &str| {
        report.drift.push(Drift {
            class: Class::Expected,
            part: part.to_owned(),
            subject,
            what,
            difference: None,
            next: Some(next.to_owned()),
        });
    };
    let (old, new) = (&before.deployment.version, &desired.version);
    if old != new {
        let next = format!("landfall upgrade --to {new}");
        let what = format!("is {new} in the answers, and {old} is installed");
        add("", "release".to_owned(), what, &next);
        return report;
    }
    for part in desired.parts.values() {
        let installed = before.deployment.parts.get(&part.name);
        for component in &part.components {
            let was =
                installed.and_then(|part| part.components.iter().find(|other| other.name == component.name));
            if let Some(was) = was.filter(|was| was.image.digest != component.image.digest) {
                let (was, now) = (was.image.digest.short(), component.image.digest.short());
                let what = format!("is image {now} in release {new} now, and {was} is installed");
                add(&part.name, component.name.clone(), what, "landfall up");
            }
        }
    }
    files(artifacts, before, &mut report);
    report
}

fn files(artifacts: &Artifacts, before: &Before, report: &mut Report) {
    let part = |path: &camino::Utf8Path| {
        let first = path.components().next();
        first.map_or_else(String::new, |piece| piece.as_str().to_owned())
    };
    let mut add = |path: &camino::Utf8PathBuf, what: &str, text: Option<String>| {
        report.drift.push(Drift {
            class: Class::Expected,
            part: part(path),
            subject: path.strip_prefix(part(path)).unwrap_or(path).to_string(),
            what: what.to_owned(),
            difference: text,
            next: Some("landfall up".to_owned()),
        });
    };
    for (path, artifact) in artifacts.iter() {
        match before.artifacts.get(path) {
            None => add(path, "is new in what is rendered now", None),
            Some(was) if was.text != artifact.text => {
                let text = difference(&was.text, &artifact.text);
                add(path, "changes with the next `up`", Some(text));
            }
            Some(_) => {}
        }
    }
    for (path, _) in before.artifacts.iter() {
        if artifacts.get(path).is_none() {
            add(path, "is not rendered any more", None);
        }
    }
}
