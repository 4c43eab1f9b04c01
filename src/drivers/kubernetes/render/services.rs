//! The services that Landfall runs in the cluster, for an evaluation.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::super::place::{Flavor, Place, SERVICES_VALUES, dashed};
use super::{images, secret_key, yaml};
use crate::deployment::{Deployment, Part, ResolvedService, SecretForm};
use crate::product::ServiceKind;
use crate::render::{Artifacts, RenderError, Templates};

/// What `services.values.yaml.tera` reads.
#[derive(Serialize)]
struct Values<'a> {
    title: &'a str,
    values: String,
}

/// Lists the services that run in containers of their own for a part.
pub(in crate::drivers::kubernetes) fn runs<'a>(
    deployment: &'a Deployment,
    part: &Part,
) -> Vec<(&'a str, &'a ResolvedService)> {
    let needed = |name: &String| {
        part.components
            .iter()
            .any(|component| component.needs.contains(name))
    };
    let container = |service: &ResolvedService| {
        matches!(
            service.kind,
            ServiceKind::Sql | ServiceKind::Cache | ServiceKind::Temporal
        )
    };
    deployment
        .services
        .iter()
        .filter(|(name, service)| service.is_run_by(&part.name) && container(service) && needed(name))
        .map(|(name, service)| (name.as_str(), service))
        .collect()
}

/// Renders the values of the chart that runs them; says whether there are any.
pub(super) fn render(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    templates: &Templates,
    artifacts: &mut Artifacts,
) -> Result<bool, RenderError> {
    let mut services = BTreeMap::new();
    for (name, service) in runs(deployment, part) {
        services.insert(dashed(name), values(deployment, part, place, name, service)?);
    }
    if services.is_empty() {
        return Ok(false);
    }
    let options = &place.options;
    let all = json!({
        "fullnameOverride": place.name,
        "global": {
            "imagePullSecrets": options.pull_secret.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
        },
        "openshift": options.flavor == Flavor::Openshift,
        "networkPolicy": {
            "enabled": options.network_policies,
            "from": [{ "podSelector": { "matchLabels": { "app.kubernetes.io/instance": place.name } } }],
        },
        "services": services,
    });
    let context = Values {
        title: &deployment.title,
        values: yaml(&all),
    };
    artifacts.add(SERVICES_VALUES, templates.render(SERVICES_VALUES, &context)?);
    Ok(true)
}

fn values(
    deployment: &Deployment,
    part: &Part,
    place: &Place,
    name: &str,
    service: &ResolvedService,
) -> Result<Value, RenderError> {
    let Some(image) = &service.image else {
        return Err(RenderError::Options {
            part: part.name.clone(),
            message: format!(
                "release {} has no image to run the service `{name}` with: add the release with `--image \
                 {name}=REFERENCE`, or give a service of yours (`services.{name}.supply: yours`)",
                deployment.version
            ),
        });
    };
    let image = images::image(deployment, part, place, name, image)?;
    let options = &place.options;
    let mut values = json!({
        "image": image,
        // Enough to try the product out, and what a namespace with a quota asks for.
        "resources": {
            "requests": { "cpu": "250m", "memory": "512Mi" },
            "limits": { "memory": "512Mi" },
        },
        "storage": {
            "size": options.storage_size,
            "storageClass": options.storage_class.clone().unwrap_or_default(),
        },
    });
    if let Some(port) = service.port("port") {
        values["port"] = port.into();
    }
    let password = format!("{name}_password");
    let password = json!({ "secret": place.secrets(), "key": secret_key(SecretForm::Value, &password) });
    match service.kind {
        ServiceKind::Sql => {
            values["kind"] = "postgresql".into();
            values["databases"] = json!([{
                "name": service.text("name"), "role": service.text("user"), "password": password,
            }]);
        }
        ServiceKind::Cache => {
            values["kind"] = "redis".into();
            values["password"] = password;
        }
        ServiceKind::Temporal => {
            values["kind"] = "temporal".into();
            values["namespaces"] = json!([service.text("namespace")]);
        }
        _ => {}
    }
    Ok(values)
}
