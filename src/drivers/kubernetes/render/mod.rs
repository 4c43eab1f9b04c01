//! Deployment to artifacts: the chart as it is kept, and the values that make it this product.

mod exposure;
mod gitops;
mod images;
mod jobs;
mod network;
mod services;
mod values;

pub(super) use jobs::{SNAPSHOTS, hook_artifact, job_artifact, store};
pub(super) use services::runs as bundled;
pub(super) use values::{file_key, secret_key, with_paths};

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::Serialize;
use serde_json::{Value, json};

use super::place::{
    CHART, CLOSED, Flavor, GitOps, NAMESPACE, Place, SERVICES_CHART, STOPPED, VALUES, dashed,
};
use crate::deployment::{Deployment, Part};
use crate::render::{Artifacts, RenderError, Templates};

static CHARTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/helm/charts");

/// What `values.yaml.tera` reads: blocks of YAML, so that comments can stand between them.
#[derive(Serialize)]
struct Values<'a> {
    title: &'a str,
    version: &'a str,
    identity: String,
    images: String,
    components: String,
    exposure: String,
    network: String,
    cluster: String,
    monitoring: String,
    migration: String,
    probing: String,
}

#[derive(Serialize)]
struct Guide<'a> {
    title: &'a str,
    version: &'a str,
    name: &'a str,
    namespace: &'a str,
    services: bool,
    migration: bool,
    /// Seconds that the migration may take.
    within: u32,
    probing: bool,
    secrets: Vec<String>,
    secret: String,
    files: Vec<String>,
    files_secret: String,
}

/// Renders a part.
///
/// # Errors
/// [`RenderError`] when an option is not usable, or an image cannot be pulled.
pub fn render(deployment: &Deployment, part: &Part) -> Result<Artifacts, RenderError> {
    let place = Place::of(deployment, part)?;
    let templates = Templates::of("kubernetes");
    let mut artifacts = Artifacts::default();
    chart(CHART, &mut artifacts);
    artifacts.add(
        VALUES,
        templates.render(VALUES, &product_values(deployment, part, &place)?)?,
    );
    artifacts.add(
        CLOSED,
        templates.render(CLOSED, &json!({ "title": deployment.title }))?,
    );
    artifacts.add(
        STOPPED,
        templates.render(STOPPED, &json!({ "title": deployment.title }))?,
    );
    let namespace = json!({ "namespace": place.options.namespace });
    artifacts.add(NAMESPACE, templates.render(NAMESPACE, &namespace)?);
    let services = services::render(deployment, part, &place, &templates, &mut artifacts)?;
    if services {
        chart(SERVICES_CHART, &mut artifacts);
    }
    jobs::render(deployment, part, &place, &templates, &mut artifacts)?;
    for component in &part.components {
        for (name, file) in component.files.iter().filter(|(_, file)| file.is_private()) {
            let path = format!("files/{}", file_key(component, name));
            artifacts.add(path, with_paths(&file.content));
        }
    }
    let guide = guide(deployment, part, &place, services);
    artifacts.add("README.md", templates.render("README.md", &guide)?);
    if place.options.gitops != GitOps::None {
        gitops::render(deployment, part, &place, &templates, &mut artifacts)?;
    }
    Ok(artifacts)
}

/// Adds a chart as it is kept, but for what only its own tests read.
fn chart(name: &str, artifacts: &mut Artifacts) {
    let Some(folder) = CHARTS.get_dir(name) else {
        return;
    };
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        let inner = folder
            .dirs()
            .filter(|inner| inner.path().file_name() != Some("ci".as_ref()));
        folders.extend(inner);
        for file in folder.files() {
            if let (Some(path), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                artifacts.add(path, text.to_owned());
            }
        }
    }
}

fn product_values<'a>(
    deployment: &'a Deployment,
    part: &Part,
    place: &Place,
) -> Result<Values<'a>, RenderError> {
    let options = &place.options;
    let components: BTreeMap<String, values::Component> = part
        .components
        .iter()
        .map(|component| {
            let values = values::component(deployment, part, place, component);
            (dashed(&component.name), values)
        })
        .collect();
    let identity = json!({
        "product": { "name": deployment.product, "title": deployment.title, "version": deployment.version },
        "fullnameOverride": place.name,
        "global": {
            "imagePullSecrets": options.pull_secret.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        },
    });
    let images = images::images(deployment, part, place)?;
    Ok(Values {
        title: &deployment.title,
        version: deployment.version.as_str(),
        identity: yaml(&identity),
        images: yaml(&json!({ "images": images })),
        components: yaml(&BTreeMap::from([("components", components)])),
        exposure: yaml(&exposure::exposure(part, place)),
        network: yaml(&json!({ "networkPolicy": network::policy(deployment, part, place) })),
        cluster: yaml(&cluster(place)),
        monitoring: yaml(&json!({ "metrics": {
            "serviceMonitor": { "enabled": options.monitoring },
            "prometheusRule": { "enabled": options.monitoring },
            "dashboard": { "enabled": options.monitoring },
        } })),
        migration: migration(part),
        probing: probing(part),
    })
}

fn migration(part: &Part) -> String {
    let Some(migration) = &part.migration else {
        return String::new();
    };
    yaml(&json!({ "migration": {
        "component": dashed(&migration.component),
        "args": migration.args,
        "activeDeadlineSeconds": migration.within,
    } }))
}

fn probing(part: &Part) -> String {
    let Some(probing) = &part.probing else {
        return String::new();
    };
    yaml(&json!({ "test": {
        "component": dashed(&probing.component),
        "command": probing.command,
        "args": probing.args,
    } }))
}

/// What differs by the kind of cluster and its surroundings.
fn cluster(place: &Place) -> Value {
    let options = &place.options;
    let mut values = json!({ "openshift": options.flavor == Flavor::Openshift });
    if let Some(identity) = &options.workload_identity {
        let annotation = match options.flavor {
            Flavor::Eks | Flavor::Generic | Flavor::Openshift => "eks.amazonaws.com/role-arn",
            Flavor::Aks => "azure.workload.identity/client-id",
            Flavor::Gke => "iam.gke.io/gcp-service-account",
        };
        let mut defaults = json!({ "serviceAccount": { "annotations": { annotation: identity } } });
        if options.flavor == Flavor::Aks {
            // The webhook hands out tokens to pods with this label alone.
            defaults["podLabels"] = json!({ "azure.workload.identity/use": "true" });
        }
        values["defaults"] = defaults;
    }
    if options.ca.is_some() {
        values["ca"] = json!({ "secret": place.files(), "key": "ca.crt" });
    }
    if options.http_proxy.is_some() || options.https_proxy.is_some() {
        values["proxy"] = json!({
            "http": options.http_proxy.clone().unwrap_or_default(),
            "https": options.https_proxy.clone().unwrap_or_default(),
            "noProxy": options.no_proxy,
        });
    }
    values
}

fn guide<'a>(deployment: &'a Deployment, part: &'a Part, place: &'a Place, services: bool) -> Guide<'a> {
    let keys = super::secrets::keys(deployment, part);
    let files = super::secrets::files(part, place);
    Guide {
        title: &deployment.title,
        version: deployment.version.as_str(),
        name: &place.name,
        namespace: &place.options.namespace,
        services,
        migration: part.migration.is_some(),
        within: part.migration.as_ref().map_or(0, |migration| migration.within),
        probing: part.probing.is_some(),
        secrets: keys
            .into_iter()
            .map(|(form, name)| secret_key(form, &name))
            .collect(),
        secret: place.secrets(),
        files: files.keys(),
        files_secret: place.files(),
    }
}

/// Writes a value as YAML.
pub(super) fn yaml(value: &impl Serialize) -> String {
    serde_yaml::to_string(value).expect("values are made of maps with text keys, lists and scalars")
}
