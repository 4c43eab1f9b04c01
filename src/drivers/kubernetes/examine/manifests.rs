//! What the charts and Jobs of a part would make, as objects.

use camino::Utf8PathBuf;
use serde::Deserialize;
use serde_json::Value;

use super::super::perform::Files;
use super::super::place::{CHART, SERVICES_CHART, SERVICES_VALUES, VALUES};
use super::super::render::SNAPSHOTS;
use super::{Ask, why};
use crate::doctor::Looked;
use crate::render::Artifacts;
use crate::run::chain_text;
use crate::tools::Charted;

/// The objects of a part.
#[derive(Debug, Clone, Default)]
pub(super) struct Manifests {
    /// Those of the charts.
    pub(super) charts: Vec<Value>,
    /// Those that run or are made in passing: migration, saving, putting back.
    pub(super) passing: Vec<Value>,
}

impl Manifests {
    /// Goes through those of charts and those in passing.
    pub(super) fn all(&self) -> impl Iterator<Item = &Value> {
        self.charts.iter().chain(&self.passing)
    }
}

/// Renders everything that a part would make.
pub(super) async fn render(
    ask: &Ask<'_>,
    artifacts: &Artifacts,
    version: &semver::Version,
    apis: &[String],
) -> Looked<Manifests> {
    let files = Files::write(artifacts).map_err(|error| chain_text(&error))?;
    let text = |path: &str| {
        artifacts
            .get(path.into())
            .map_or("", |artifact| artifact.text.as_str())
    };
    let migrates = text(VALUES).lines().any(|line| line.starts_with("migration:"));
    let set = ["migration.render=true", "migration.runId=check"];
    let name = ask.cluster.place.name.clone();
    let services = ask.cluster.place.services();
    let (product, services) = tokio::join!(
        chart(
            ask,
            &files,
            (&name, CHART, VALUES),
            version,
            (apis, if migrates { &set } else { &[] })
        ),
        async {
            match artifacts.get(SERVICES_VALUES.into()) {
                Some(_) => {
                    let chart_of = (services.as_str(), SERVICES_CHART, SERVICES_VALUES);
                    chart(ask, &files, chart_of, version, (apis, &[])).await
                }
                None => Ok(Vec::new()),
            }
        }
    );
    let mut manifests = Manifests::default();
    for object in services?.into_iter().chain(product?) {
        let of_job = object
            .pointer("/metadata/labels/app.kubernetes.io~1component")
            .is_some_and(|component| component == "migration");
        match of_job {
            true => manifests.passing.push(object),
            false => manifests.charts.push(object),
        }
    }
    for (path, artifact) in artifacts.iter() {
        if path.starts_with("jobs") || path == SNAPSHOTS {
            manifests.passing.extend(documents(&artifact.text));
        }
    }
    Ok(manifests)
}

async fn chart(
    ask: &Ask<'_>,
    files: &Files,
    (release, chart, values): (&str, &str, &str),
    version: &semver::Version,
    (apis, set): (&[String], &[&str]),
) -> Looked<Vec<Value>> {
    let values: [Utf8PathBuf; 1] = [files.path(values.into())];
    let charted = Charted {
        release,
        chart: &files.path(chart.into()),
        values: &values,
    };
    let helm = &ask.cluster.helm;
    let rendered = helm.render(charted, version, apis, set, ask.cancel).await;
    Ok(documents(&rendered.map_err(|error| why(&error))?))
}

/// Reads the objects of a text with several documents.
pub(super) fn documents(text: &str) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(text)
        .filter_map(|document| Value::deserialize(document).ok())
        .filter(Value::is_object)
        .collect()
}
