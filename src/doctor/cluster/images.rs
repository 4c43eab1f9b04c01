//! Whether every image can be pulled.

use super::super::{Finding, Level};
use super::{ClusterNeeds, ClusterSeen, ImageAnswer, unseen};

pub(super) fn pulled(seen: &ClusterSeen, needs: &ClusterNeeds) -> Vec<Finding> {
    let mut findings = Vec::new();
    let namespace = seen.namespace.as_str();
    let named = needs.pull_secret.as_deref();
    if let Some((name, found)) = named.and_then(|name| Some((name, seen.found.secrets.get(name)?))) {
        let subject = format!("Secret {name}");
        findings.push(match found {
            Err(why) => unseen("image", &subject, why),
            Ok(true) => Finding::ok("image", &subject, "it is there, to pull images with"),
            Ok(false) => {
                let message =
                    format!("the Secret that images are pulled with is not in the namespace {namespace}");
                Finding::new("image", &subject, Level::Blocker, message).fix(format!(
                    "kubectl --namespace {namespace} create secret docker-registry {name} \
                     --docker-server=HOST --docker-username=USER --docker-password=..."
                ))
            }
        });
    }
    for image in &seen.found.images {
        let subject = image.reference.as_str();
        // Nodes of a cloud sign in to its registry by themselves; from here one may not.
        let nodes_may = needs.nodes_sign_in && named.is_none();
        findings.push(match &image.answer {
            ImageAnswer::There => Finding::ok("image", subject, "it can be pulled"),
            ImageAnswer::Missing => {
                Finding::new("image", subject, Level::Blocker, "the registry does not have it").fix(format!(
                    "push the release's images there, or name the right registry as `parts.{}.options.registry`",
                    seen.part
                ))
            }
            ImageAnswer::Refused if nodes_may => {
                let message = "the registry refuses it to you; the cluster's nodes must have the right to pull it";
                Finding::new("image", subject, Level::Warning, message)
                    .fix("let the nodes' identity pull from the registry")
            }
            ImageAnswer::Refused => {
                let message = "the registry refuses it: credentials are missing, or may not pull it";
                Finding::new("image", subject, Level::Blocker, message).fix(format!(
                    "`docker login` here, and name a Secret with credentials as `parts.{}.options.pull_secret`",
                    seen.part
                ))
            }
            // The cluster may reach what this machine does not.
            ImageAnswer::Silent(why) => {
                let message = format!("the registry cannot be asked from here, so this is not checked: {why}");
                Finding::new("image", subject, Level::Warning, message)
            }
        });
    }
    findings
}
