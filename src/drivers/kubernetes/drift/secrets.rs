//! The Secrets that Landfall makes; no value is ever shown.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::error::ClusterError;
use super::super::look::{look_at_files, look_at_secrets};
use super::super::objects::{Path, additions, owner};
use super::{Look, UP};
use crate::drivers::Likeness;
use crate::status::Class;

impl Look<'_> {
    pub(super) async fn secrets(&mut self) -> Result<(), ClusterError> {
        let (world, installed) = (self.world, self.installed);
        let (deployment, part) = (installed.deployment, installed.part);
        let seen = look_at_secrets(world, &self.cluster, deployment, part).await?;
        self.entries(&self.cluster.place.secrets(), "secret", &seen)
            .await?;
        let seen = look_at_files(world, &self.cluster, part, installed.artifacts).await?;
        self.entries(&self.cluster.place.files(), "file", &seen).await
    }

    async fn entries(
        &mut self,
        object: &str,
        what: &str,
        seen: &BTreeMap<String, Likeness>,
    ) -> Result<(), ClusterError> {
        if seen.is_empty() {
            return Ok(());
        }
        let subject = format!("secret/{object}");
        let manifest = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": object } });
        let found = self
            .cluster
            .api
            .get_all(&manifest.to_string(), &self.cluster.cancel)
            .await;
        let found = found.map_err(ClusterError::tool(format!("read the Secret {object}")))?;
        let Some(live) = found.first() else {
            self.dangerous(&subject, "is gone", Some(UP));
            return Ok(());
        };
        for (key, likeness) in seen {
            let by = owner(live, &entry(key));
            match (likeness, by) {
                (Likeness::Absent, _) => {
                    let what = format!("lacks the {what} `{key}`");
                    self.dangerous(&subject, what, Some(UP));
                }
                (_, Some(by)) => {
                    let what = format!("the {what} `{key}` was changed by {} at {}", by.name, by.time);
                    self.dangerous(&subject, what, None);
                }
                (Likeness::Different, None) => {
                    let what = format!("the {what} `{key}` is older than where it comes from");
                    self.found(Class::Expected, &subject, what, Some(UP));
                }
                (Likeness::Same, None) => {}
            }
        }
        for added in additions(&ours(seen), live) {
            let what = format!("{} was added by {}", added.path, added.by.name);
            self.found(Class::Yours, &subject, what, None);
        }
        Ok(())
    }
}

fn entry(key: &str) -> Path {
    Path::default().field("data").field(key)
}

/// Writes the Secret as Landfall made it, values left out.
fn ours(seen: &BTreeMap<String, Likeness>) -> Value {
    let keys: BTreeSet<&String> = seen.keys().collect();
    let data: Map<String, Value> = keys.into_iter().map(|key| (key.clone(), Value::Null)).collect();
    json!({ "type": "Opaque", "data": data, "metadata": { "labels": {
        "app.kubernetes.io/managed-by": null, "app.kubernetes.io/part-of": null,
    } } })
}
