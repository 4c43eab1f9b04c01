//! The secrets that the data layer keeps.

use std::collections::BTreeMap;

use serde::Serialize;

use super::binding::handed_secret;
use super::services::Managed;
use crate::deployment::{Bound, Deployment, Part, ResolvedComponent, SecretOrigin};

/// Says where the value of each secret that the data layer keeps comes from.
pub(super) fn origins(
    deployment: &Deployment,
    part: &Part,
    managed: Managed<'_>,
) -> BTreeMap<String, SecretOrigin> {
    let kept = kept(deployment, part, managed).into_iter();
    let mut all: BTreeMap<String, SecretOrigin> = kept
        .filter_map(|kept| Some((kept.name.clone(), deployment.secrets.get(&kept.name)?.clone())))
        .collect();
    for component in &part.components {
        for (name, handed) in &component.provisioned {
            let origin = SecretOrigin::File(handed.source.clone());
            all.insert(handed_secret(component, name), origin);
        }
    }
    all
}

/// A secret that somebody has to give a value, in the words of the guide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    pub(super) name: String,
    /// Where its value comes from.
    about: String,
}

/// Lists the secrets of a part by name.
pub(super) fn kept(deployment: &Deployment, part: &Part, managed: Managed<'_>) -> Vec<Kept> {
    let told = part
        .components
        .iter()
        .flat_map(ResolvedComponent::texts)
        .flat_map(Bound::secrets);
    let services = [managed.database, managed.cache].into_iter().flatten();
    let passwords = services.filter_map(|(_, service)| service.secret("password"));
    let mut all: BTreeMap<String, String> = told
        .chain(passwords)
        .map(|name| {
            (
                name.to_owned(),
                deployment.secrets.get(name).map_or_else(String::new, about),
            )
        })
        .collect();
    for component in &part.components {
        for (name, handed) in &component.provisioned {
            let about = format!("what is in {}", handed.source);
            all.insert(handed_secret(component, name), about);
        }
    }
    all.into_iter()
        .map(|(name, about)| Kept { name, about })
        .collect()
}

fn about(origin: &SecretOrigin) -> String {
    match origin {
        SecretOrigin::Generated(length) => format!("{length} random letters and digits"),
        SecretOrigin::Token(length) => {
            format!("the SHA-256, in hexadecimal digits, of {length} random letters and digits that you keep")
        }
        SecretOrigin::File(path) => format!("what is in {path}"),
        SecretOrigin::Env(name) => format!("what `{name}` holds in the environment"),
    }
}
