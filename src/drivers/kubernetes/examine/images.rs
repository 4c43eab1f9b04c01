//! What registries say to the images that the cluster would pull.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::Value;

use super::super::workload::text;
use super::Ask;
use super::manifests::Manifests;
use super::needs::{containers, template};
use crate::deployment::Part;
use crate::doctor::{ImageAnswer, ImageSeen};
use crate::drivers::World;
use crate::drivers::images::offered;
use crate::oci::{Credentials, Registry};
use crate::run::chain_text;

/// Asks for every image at once: with the pull secret's credentials where it is there, else with the operator's.
pub(super) async fn ask(ask: &Ask<'_>, world: &World, part: &Part, manifests: &Manifests) -> Vec<ImageSeen> {
    let references: BTreeSet<&str> = manifests
        .all()
        .filter_map(template)
        .flat_map(containers)
        .map(|(_, container)| text(container, "/image"))
        .filter(|image| !image.is_empty())
        .collect();
    let registry = match registry(ask, world, part).await {
        Ok(registry) => registry,
        Err(why) => {
            let silent = |reference: &&str| ImageSeen {
                reference: (*reference).to_owned(),
                answer: ImageAnswer::Silent(why.clone()),
            };
            return references.iter().map(silent).collect();
        }
    };
    let asked = references
        .into_iter()
        .map(|reference| offered(&registry, reference));
    join_all(asked).await
}

async fn registry(ask: &Ask<'_>, world: &World, part: &Part) -> Result<Registry, String> {
    let registry = crate::drivers::images::registry(world, part)?;
    let Some(name) = &ask.cluster.place.options.pull_secret else {
        return Ok(registry);
    };
    let Ok(Some(secret)) = ask.get("secret", name).await else {
        return Ok(registry);
    };
    let packed = secret.pointer("/data/.dockerconfigjson").and_then(Value::as_str);
    let config = packed
        .and_then(|text| STANDARD.decode(text).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(config) = config else {
        return Ok(registry);
    };
    let credentials = Credentials::from_docker_config(&config, None).map_err(|error| chain_text(&error))?;
    registry
        .with_credentials(credentials)
        .map_err(|error| chain_text(&error))
}
