//! What the releases placed: every object, the volumes behind them, and what others put beside them.

use serde_json::Value;

use super::super::cluster::not_found;
use super::super::error::ClusterError;
use super::super::objects::{
    Placed, additions, both, owner, phrase, phrase_addition, title, weigh, weigh_addition,
};
use super::super::workload::{kind, name, text};
use super::{Look, UP};
use crate::status::Class;

/// Kinds among which objects of others are looked for.
const KINDS: &str = "deployments,statefulsets,daemonsets,cronjobs,services,configmaps,serviceaccounts,ingresses,\
                     networkpolicies,poddisruptionbudgets,horizontalpodautoscalers,roles,rolebindings";

impl Look<'_> {
    /// Judges one object.
    pub(super) fn object(&mut self, placed: &Placed, next: Option<&str>) {
        let (subject, kind) = (placed.name(), kind(&placed.rendered).to_owned());
        let Some(live) = &placed.live else {
            self.dangerous(&subject, "is gone", Some(UP));
            return;
        };
        if let Some(why) = &placed.refused {
            let why = why.lines().next().unwrap_or_default();
            let note = format!("{subject}: compared with what was rendered only: {why}");
            self.report.notes.push(note);
        }
        for change in placed.changes(&self.scaled) {
            let owner = owner(live, &change.path);
            let what = phrase(&change, owner.as_ref());
            self.found(weigh(&kind, &change), &subject, what, next);
            self.with_difference(both(&kind, &change, &self.vault));
        }
        for addition in additions(&placed.rendered, live) {
            if placed
                .changes(&self.scaled)
                .iter()
                .any(|change| change.path == addition.path)
                || self.is_scaling(&addition.path.to_string(), live)
            {
                continue;
            }
            let what = phrase_addition(&addition);
            self.found(weigh_addition(&kind, &addition), &subject, what, None);
        }
    }

    /// Says whether a field is a number that the chart leaves to an autoscaler.
    fn is_scaling(&self, path: &str, live: &Value) -> bool {
        let none = live.pointer("/spec/replicas").and_then(Value::as_u64) == Some(0);
        path == "spec.replicas" && !none && self.scaled.holds(live)
    }

    /// Looks for the volumes of what keeps data.
    pub(super) async fn volumes(&mut self) -> Result<(), ClusterError> {
        let claims = "persistentvolumeclaims";
        let listed = self.cluster.api.list(claims, "", &self.cluster.cancel).await;
        let listed = listed.map_err(ClusterError::tool("list the volumes"))?;
        let mut wanted = Vec::new();
        for keeper in self.placed.iter().filter(|object| kind(object) == "StatefulSet") {
            let templates = keeper
                .pointer("/spec/volumeClaimTemplates")
                .and_then(Value::as_array);
            let count = keeper
                .pointer("/spec/replicas")
                .and_then(Value::as_u64)
                .unwrap_or(1);
            for template in templates.into_iter().flatten() {
                wanted.extend((0..count).map(|index| format!("{}-{}-{index}", name(template), name(keeper))));
            }
        }
        for claim in wanted {
            if listed.iter().all(|found| name(found) != claim) {
                let subject = format!("persistentvolumeclaim/{claim}");
                self.dangerous(subject, "is gone, and the data in it", None);
            }
        }
        Ok(())
    }

    /// Looks for what carries this installation's name and was not placed, and for policies beside its own.
    pub(super) async fn strangers(&mut self) -> Result<(), ClusterError> {
        let place = &self.cluster.place;
        let ours = format!(
            "app.kubernetes.io/instance in ({},{})",
            place.name,
            place.services()
        );
        let (api, cancel) = (&self.cluster.api, &self.cluster.cancel);
        let (ours, policies) = tokio::join!(
            api.list(KINDS, &ours, cancel),
            api.list("networkpolicies", "", cancel)
        );
        let mut found = Vec::new();
        for listed in [ours, policies] {
            match listed {
                Ok(listed) => found.extend(listed),
                Err(error) if not_found(&error) => {}
                Err(error) => self
                    .report
                    .notes
                    .push(format!("objects of others were not looked for: {error}")),
            }
        }
        let mut known: Vec<String> = self.placed.iter().map(title).collect();
        for object in found {
            let owned = object.pointer("/metadata/ownerReferences/0").is_some();
            let hook = object
                .pointer("/metadata/annotations")
                .and_then(|notes| notes.get("helm.sh/hook"));
            let own = text(&object, "/metadata/labels/app.kubernetes.io~1managed-by") == "landfall";
            // A migration has a policy of its own, which stays with its Job until the next one.
            let own = own || text(&object, "/metadata/labels/app.kubernetes.io~1component") == "migration";
            let title = title(&object);
            if owned || own || hook.is_some() || known.contains(&title) {
                continue;
            }
            let what = match kind(&object) {
                "NetworkPolicy" => "adds to the network policies; Landfall leaves it alone",
                _ => "is an object under this installation's name that Landfall did not place",
            };
            self.found(Class::Yours, &title, what, None);
            known.push(title);
        }
        Ok(())
    }
}
