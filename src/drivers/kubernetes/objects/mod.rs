//! The objects of Helm releases: as they were rendered, as the cluster would have them, and as they are.
//!
//! What is compared and judged is pure; this file alone asks the cluster, and changes nothing there.

mod compare;
mod judge;
mod owners;

pub(super) use compare::{Change, Measure, Path, compare};
pub(super) use judge::{both, phrase, phrase_addition, sides, weigh, weigh_addition};
pub(super) use owners::{additions, is_ours, owner};

use std::collections::BTreeSet;

use serde_json::Value;

use super::cluster::{Cluster, not_found};
use super::error::ClusterError;
use super::perform::Files;
use super::workload::{kind, name, text};
use crate::deployment::SecretForm;
use crate::edits::Vault;
use crate::plan::ChartRef;
use crate::render::Artifacts;
use crate::tools::Charted;

/// Sides of one object.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// As it was rendered.
    pub(super) rendered: Value,
    /// As the cluster would have it; as it was rendered where the cluster does not say.
    pub(super) expected: Value,
    /// How exactly the one before is meant.
    pub(super) measure: Measure,
    /// As it is; none when it is gone.
    pub(super) live: Option<Value>,
    /// Why the cluster does not say what it would make of it.
    pub(super) refused: Option<String>,
}

impl Placed {
    /// Names it as `kubectl` does.
    pub(super) fn name(&self) -> String {
        title(&self.rendered)
    }

    /// Lists what differs from what was rendered; what an autoscaler decides does not.
    pub(super) fn changes(&self, scaled: &Scaled) -> Vec<Change> {
        let Some(live) = &self.live else {
            return Vec::new();
        };
        let by_autoscaler = |change: &Change| {
            let replicas = change.path.names() == ["spec", "replicas"];
            let stopped = change.live.as_ref().and_then(Value::as_u64) == Some(0);
            replicas && !stopped && scaled.holds(live)
        };
        let mut changes = compare(&self.expected, live, self.measure);
        changes.retain(|change| !by_autoscaler(change));
        changes
    }
}

/// Names an object as `kubectl` does: `deployment/notes-api`.
pub(super) fn title(object: &Value) -> String {
    format!("{}/{}", kind(object).to_lowercase(), name(object))
}

/// What autoscalers of a namespace scale.
#[derive(Debug, Clone, Default)]
pub(super) struct Scaled(BTreeSet<String>);

impl Scaled {
    /// Reads it from the autoscalers.
    fn of(autoscalers: &[Value]) -> Self {
        let target = |object: &Value| {
            let kind = text(object, "/spec/scaleTargetRef/kind").to_lowercase();
            format!("{kind}/{}", text(object, "/spec/scaleTargetRef/name"))
        };
        Self(autoscalers.iter().map(target).collect())
    }

    /// Says whether an object is one of them.
    pub(super) fn holds(&self, object: &Value) -> bool {
        self.0.contains(&title(object))
    }
}

/// Reads YAML documents.
pub(super) fn documents(manifest: &str) -> Result<Vec<Value>, ClusterError> {
    use serde::Deserialize as _;
    let mut documents = Vec::new();
    for document in serde_yaml::Deserializer::from_str(manifest) {
        let value = Value::deserialize(document).map_err(|error| ClusterError::Strange {
            because: format!("what was rendered is no YAML: {error}"),
        })?;
        if value.is_object() {
            documents.push(value);
        }
    }
    Ok(documents)
}

/// Says whether two objects are one, of the same kind, name and group.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    let group = |object: &Value| {
        let version = object
            .get("apiVersion")
            .and_then(Value::as_str)
            .unwrap_or_default();
        version.split_once('/').map_or("", |(group, _)| group).to_owned()
    };
    title(one) == title(other) && group(one) == group(other)
}

impl Cluster {
    /// Renders a chart as this cluster would get it.
    pub(super) async fn rendered(
        &self,
        artifacts: &Artifacts,
        chart: &ChartRef,
    ) -> Result<String, ClusterError> {
        let files = Files::write(artifacts)?;
        let values: Vec<_> = chart.values.iter().map(|path| files.path(path)).collect();
        let charted = Charted {
            release: &chart.release,
            chart: &files.path(&chart.chart),
            values: &values,
        };
        let asking = || ClusterError::tool("ask the cluster what it knows");
        let (version, groups) =
            tokio::try_join!(self.api.version(&self.cancel), self.api.groups(&self.cancel))
                .map_err(asking())?;
        let manifest = self.helm.manifest(charted, &version, &groups, &self.cancel).await;
        manifest.map_err(ClusterError::tool(format!("render {}", chart.release)))
    }

    /// Looks at every object of a manifest.
    pub(super) async fn placed(&self, manifest: &str) -> Result<Vec<Placed>, ClusterError> {
        let rendered = documents(manifest)?;
        if rendered.is_empty() {
            return Ok(Vec::new());
        }
        let (expected, live) = tokio::join!(
            self.api.dry_run(manifest, &self.cancel),
            self.api.get_all(manifest, &self.cancel)
        );
        let mut placed = Vec::new();
        for rendered in rendered {
            let find = |list: &[Value]| list.iter().find(|object| is_same(object, &rendered)).cloned();
            let live = match &live {
                Ok(live) => find(live),
                Err(_) => self.live(&rendered).await?,
            };
            let expected = match &expected {
                Ok(expected) => Ok(find(expected)),
                Err(_) => self.expected(&rendered).await,
            };
            let (expected, refused) = match expected {
                Ok(expected) => (expected, None),
                Err(why) => (None, Some(why)),
            };
            placed.push(Placed {
                measure: if expected.is_some() {
                    Measure::Exact
                } else {
                    Measure::Said
                },
                expected: expected.unwrap_or_else(|| rendered.clone()),
                rendered,
                live,
                refused,
            });
        }
        Ok(placed)
    }

    /// Looks at one object; one of a kind that the cluster does not know is not there.
    async fn live(&self, rendered: &Value) -> Result<Option<Value>, ClusterError> {
        let found = self.api.get_all(&rendered.to_string(), &self.cancel).await;
        match found {
            Ok(found) => Ok(found.into_iter().next()),
            Err(error) if not_found(&error) => Ok(None),
            Err(error) => Err(ClusterError::tool(format!("read {}", title(rendered)))(error)),
        }
    }

    /// Asks for one object what the cluster would make of it, or says why that cannot be known.
    pub(super) async fn expected(&self, rendered: &Value) -> Result<Option<Value>, String> {
        let made = self.api.dry_run(&rendered.to_string(), &self.cancel).await;
        match made {
            Ok(made) => Ok(made.into_iter().next()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Finds out what autoscalers of the namespace scale.
    pub(super) async fn scaled(&self) -> Result<Scaled, ClusterError> {
        let listed = self.api.list("horizontalpodautoscalers", "", &self.cancel).await;
        match listed {
            Ok(listed) => Ok(Scaled::of(&listed)),
            Err(error) if not_found(&error) => Ok(Scaled::default()),
            Err(error) => Err(ClusterError::tool("list the autoscalers")(error)),
        }
    }

    /// Learns every secret that may stand where it should not.
    pub(super) async fn vault(&self) -> Result<Vault, ClusterError> {
        let mut vault = Vault::default();
        let known = self.secret(&self.place.secrets()).await?;
        for (name, value) in known.unwrap_or_default() {
            vault.write(SecretForm::Value, &name, value.clone());
            vault.guard(value);
        }
        Ok(vault)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(live: Option<Value>) -> Placed {
        let rendered = json!({ "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "notes-api" }, "spec": { "replicas": 2 } });
        Placed {
            expected: rendered.clone(),
            rendered,
            measure: Measure::Exact,
            live,
            refused: None,
        }
    }

    fn scaled_to(count: u32) -> Value {
        let mut live = placed(None).rendered;
        live["spec"]["replicas"] = json!(count);
        live
    }

    #[test]
    fn what_an_autoscaler_decides_is_no_change_unless_it_is_nothing() {
        let autoscaler =
            json!({ "spec": { "scaleTargetRef": { "kind": "Deployment", "name": "notes-api" } } });
        let (by, none) = (Scaled::of(&[autoscaler]), Scaled::default());
        assert_eq!(placed(Some(scaled_to(7))).changes(&by), []);
        assert_eq!(placed(Some(scaled_to(7))).changes(&none).len(), 1);
        assert_eq!(placed(Some(scaled_to(0))).changes(&by).len(), 1);
        assert_eq!(placed(None).changes(&none), []);
    }

    #[test]
    fn documents_without_anything_in_them_are_left_out() {
        let found = documents("---\n# nothing\n---\nkind: Service\nmetadata: { name: a }\n---\n").unwrap();
        assert_eq!(found.iter().map(title).collect::<Vec<_>>(), ["service/a"]);
    }
}
