//! JSON schemas for `kubeconform`: of several versions of Kubernetes, and of the custom resources that charts may render.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::tools::go_module;
use crate::ground::cache::{Cache, text_key};
use crate::ground::python::package;
use crate::workspace::files_below;

/// The variable with the folder, for tests.
pub const VARIABLE: &str = "LANDFALL_TEST_SCHEMAS";
/// The oldest that is still kept alive by somebody, what the test cluster is, one between, and the newest.
const VERSIONS: [&str; 4] = ["1.31.0", "1.33.0", "1.34.0", "1.37.0"];
/// Carries the schemas of every version since 1.25.
const SOURCE: (&str, &str) = ("kubernetes-validate", "1.37.0");
/// Raised when the same sources must be written anew.
const FORMAT: &str = "3";

/// A Go module that holds definitions of custom resources.
struct Definitions {
    module: &'static str,
    version: &'static str,
    folder: &'static str,
}

/// The Gateway API's version is that of the ingress controller, see `images.rs`.
const DEFINITIONS: [Definitions; 2] = [
    Definitions {
        module: "sigs.k8s.io/gateway-api",
        version: "v1.6.3",
        folder: "config/crd/standard",
    },
    Definitions {
        module: "github.com/prometheus-operator/prometheus-operator",
        version: "v0.85.0",
        folder: "example/prometheus-operator-crd",
    },
];

/// Gives the folder of schemas: those of Kubernetes where `kubeconform -schema-location FOLDER -strict` looks, those of
/// custom resources in `crds/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json`.
pub fn folder(cache: &Cache) -> anyhow::Result<PathBuf> {
    let mut from = format!("{FORMAT} {SOURCE:?} {VERSIONS:?}");
    for Definitions { module, version, .. } in DEFINITIONS {
        from.push_str(&format!(" {module} {version}"));
    }
    cache.made("schemas", &text_key(&from), |folder| {
        let (name, version) = SOURCE;
        let source = package(cache, name, version)?.join("kubernetes_validate/kubernetes-json-schema");
        for version in VERSIONS {
            let from = source.join(format!("v{version}-local-strict"));
            copy(&from, &folder.join(format!("v{version}-standalone-strict")))?;
        }
        for file in definitions()? {
            custom(&file, &folder.join("crds"))?;
        }
        Ok(())
    })
}

/// Lists the files that define custom resources, as a cluster takes them.
pub fn definitions() -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for Definitions {
        module,
        version,
        folder,
    } in DEFINITIONS
    {
        let found = files_below(&go_module(module, version)?.join(folder));
        anyhow::ensure!(!found.is_empty(), "{module} {version} has nothing in {folder}");
        files.extend(found);
    }
    Ok(files)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    let files = files_below(from);
    anyhow::ensure!(!files.is_empty(), "there are no schemas in {}", from.display());
    for file in files {
        let mut schema: Value = serde_json::from_slice(&fs::read(&file)?)?;
        // By these the package's files find each other on a server; ours lie in a folder.
        schema.as_object_mut().map(|schema| schema.remove("$id"));
        let text = serde_json::to_string(&schema)?.replace("/api/_definitions.json#", "_definitions.json#");
        fs::write(to.join(file.file_name().context("a file has a name")?), text)?;
    }
    Ok(())
}

/// Writes the schemas of the custom resources that a file defines.
fn custom(file: &Path, folder: &Path) -> anyhow::Result<()> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    for document in serde_yaml::Deserializer::from_str(&text) {
        let definition =
            Value::deserialize(document).with_context(|| format!("cannot understand {}", file.display()))?;
        if definition["kind"] != "CustomResourceDefinition" {
            continue;
        }
        let spec = &definition["spec"];
        let word = |value: &Value| value.as_str().map(str::to_lowercase).context("not a word");
        let folder = folder.join(word(&spec["group"])?);
        fs::create_dir_all(&folder)?;
        for version in spec["versions"].as_array().context("no versions")? {
            let name = format!(
                "{}_{}.json",
                word(&spec["names"]["kind"])?,
                word(&version["name"])?
            );
            let schema = strict(version["schema"]["openAPIV3Schema"].clone());
            fs::write(folder.join(name), serde_json::to_vec(&schema)?)?;
        }
    }
    Ok(())
}

/// Makes a schema refuse keys that it does not know, as the API server's strict validation does.
fn strict(mut schema: Value) -> Value {
    let is_open = schema["x-kubernetes-preserve-unknown-fields"] == true;
    let Some(object) = schema.as_object_mut() else {
        return schema;
    };
    if object.get("x-kubernetes-int-or-string") == Some(&json!(true)) {
        return json!({ "type": ["string", "integer"] });
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = object.get_mut(key) {
            *inner = strict(inner.take());
        }
    }
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        // The bare `metadata` of a definition stands for the whole of it.
        for (_, inner) in properties
            .iter_mut()
            .filter(|(_, inner)| **inner != json!({ "type": "object" }))
        {
            *inner = strict(inner.take());
        }
        if !is_open {
            object.entry("additionalProperties").or_insert(json!(false));
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strict_schema_knows_its_keys_and_leaves_metadata_open() {
        let schema = json!({ "properties": {
            "metadata": { "type": "object" },
            "spec": { "properties": { "port": { "x-kubernetes-int-or-string": true } } },
            "any": { "properties": { "a": {} }, "x-kubernetes-preserve-unknown-fields": true },
        } });
        let strict = strict(schema);
        assert_eq!(strict["additionalProperties"], false);
        assert_eq!(strict["properties"]["metadata"], json!({ "type": "object" }));
        let spec = &strict["properties"]["spec"];
        assert_eq!(spec["additionalProperties"], false);
        assert_eq!(spec["properties"]["port"]["type"], json!(["string", "integer"]));
        assert_eq!(strict["properties"]["any"].get("additionalProperties"), None);
    }
}
