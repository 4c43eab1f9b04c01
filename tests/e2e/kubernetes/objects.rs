//! What lies in a ground's namespace.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::common::{COMPONENTS, Ground};

impl Ground {
    /// Lists objects of the namespace.
    #[track_caller]
    pub fn objects(&self, kinds: &str) -> Vec<Value> {
        let listed: Value = serde_json::from_str(&self.kubectl(&["get", kinds, "-o", "json"])).unwrap();
        listed["items"].as_array().expect("a list").clone()
    }

    /// Names objects of the namespace, with their kinds.
    #[track_caller]
    pub fn names(&self, kinds: &str) -> Vec<String> {
        let said = self.kubectl(&["get", kinds, "-o", "name"]);
        said.lines().map(str::to_owned).collect()
    }

    /// Names the pods that stay: one that is being stopped may take its time, and is gone a moment later.
    pub fn pods_that_stay(&self) -> Vec<String> {
        let template =
            "{{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}} {{end}}{{end}}";
        let said = self.kubectl(&["get", "pods", "--output", &format!("go-template={template}")]);
        said.split_whitespace().map(str::to_owned).collect()
    }

    /// Reads an object as JSON.
    #[track_caller]
    pub fn object_text(&self, kind: &str, name: &str) -> String {
        self.kubectl(&["get", kind, name, "-o", "json"])
    }

    /// Writes down which revision every object is at, but for what changes by itself.
    pub fn revisions(&self) -> BTreeMap<String, String> {
        let kinds = self.kubectl(&["api-resources", "--verbs=list", "--namespaced", "-o", "name"]);
        let living = ["events", "metrics.k8s.io", "leases", "endpoint"];
        let kinds: Vec<&str> = kinds
            .lines()
            .filter(|kind| !living.iter().any(|living| kind.contains(living)))
            .collect();
        let mut revisions = BTreeMap::new();
        for mut object in self.objects(&kinds.join(",")) {
            let name = format!("{}/{}", object["kind"], object["metadata"]["name"]);
            let told = if object["kind"] == "HorizontalPodAutoscaler" {
                // It notes what it measures.
                object["status"] = Value::Null;
                object["metadata"]["resourceVersion"] = Value::Null;
                object["metadata"]["managedFields"] = Value::Null;
                object.to_string()
            } else {
                object["metadata"]["resourceVersion"].to_string()
            };
            revisions.insert(name, told);
        }
        revisions
    }

    /// Lists the digests of the images that the pods of components run, by component.
    pub fn digests(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut digests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for pod in self.objects("pods") {
            let component = pod["metadata"]["labels"]["app.kubernetes.io/component"]
                .as_str()
                .unwrap_or("");
            if !COMPONENTS.contains(&component) || !pod["metadata"]["deletionTimestamp"].is_null() {
                continue;
            }
            for container in pod["status"]["containerStatuses"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let image = container["imageID"].as_str().unwrap();
                let (_, digest) = image.rsplit_once('@').expect("it is pulled by digest");
                digests
                    .entry(component.to_owned())
                    .or_default()
                    .insert(digest.to_owned());
            }
        }
        digests
    }
}
