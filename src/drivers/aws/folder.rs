//! The root modules on this machine, where Terraform works on them.
//!
//! One folder for each layer, as it is rendered. Beside what is rendered lie what Terraform keeps there (providers, the
//! lock file, a local state) and files of Landfall's own.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};

use super::error::AccountError;
use super::place::{APPLICATION, BOOTSTRAP, DATA, FOUNDATION, MODULES};
use crate::render::Artifacts;

/// What a layer is given by another: from which, by which output, to which.
pub(super) const HANDED: [(&str, &str, &str); 3] = [
    (FOUNDATION, "for_data", DATA),
    (FOUNDATION, "for_application", APPLICATION),
    (DATA, "for_application", APPLICATION),
];
/// What a layer is applied with beside what was answered.
const SETTINGS: &str = "landfall.auto.tfvars.json";
/// What puts a layer's state elsewhere than it is rendered.
pub(super) const OVERRIDE: &str = "landfall_override.tf";
/// A plan that Terraform wrote down.
pub(super) const PLAN: &str = "landfall.tfplan";
/// What Terraform tells while it applies, line by line, until the layer is done.
pub(super) const RECORD: &str = "landfall-apply.jsonl";
/// What takes over things that were made and did not get into the state.
const ADOPTED: &str = "landfall-adopted.tf";

/// Says of which root module a layer's folder was prepared.
pub(super) const PREPARED: &str = ".terraform/landfall-prepared";

/// The folder of one part.
#[derive(Debug, Clone)]
pub(super) struct Folder(pub(super) Utf8PathBuf);

impl Folder {
    /// Returns the folder of a layer.
    pub(super) fn layer(&self, layer: &str) -> Utf8PathBuf {
        self.0.join(layer)
    }

    /// Says whether root modules lie there, of whichever run.
    pub(super) fn is_laid_out(&self) -> bool {
        self.layer(FOUNDATION).join("versions.tf").is_file()
    }

    /// Writes what is rendered, and removes what is not rendered any more.
    pub(super) fn lay_out(&self, artifacts: &Artifacts) -> Result<(), AccountError> {
        let artifacts = artifacts.without(|path| path.starts_with(crate::drivers::BEFORE));
        artifacts.write(&self.0)?;
        let rendered = |path: &Utf8Path| artifacts.get(path).is_some();
        for layer in layers(&artifacts).into_iter().chain([MODULES]) {
            self.sweep(Utf8Path::new(layer), &rendered)?;
        }
        Ok(())
    }

    /// Removes files of Terraform's language that are neither rendered nor ours.
    fn sweep(&self, below: &Utf8Path, rendered: &dyn Fn(&Utf8Path) -> bool) -> Result<(), AccountError> {
        let folder = self.0.join(below);
        let Ok(entries) = folder.read_dir_utf8() else {
            return Ok(());
        };
        for entry in entries {
            let entry = entry.map_err(AccountError::file("read", &folder))?;
            let path = below.join(entry.file_name());
            let name = entry.file_name();
            if entry.path().is_dir() && name != ".terraform" {
                self.sweep(&path, rendered)?;
                continue;
            }
            let is_read = [".tf", ".tf.json", ".tfvars", ".tfvars.json"]
                .iter()
                .any(|end| name.ends_with(end));
            let is_handed = HANDED.iter().any(|(from, ..)| name == handed_file(from));
            let is_ours = [SETTINGS, OVERRIDE, ADOPTED].contains(&name) || is_handed;
            if is_read && !is_ours && !rendered(&path) {
                remove(entry.path())?;
            }
        }
        Ok(())
    }

    /// Writes a file where its content is another one.
    fn write(&self, path: impl AsRef<Utf8Path>, text: &str) -> Result<(), AccountError> {
        let path = self.0.join(path);
        if fs_err::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&self.0);
        fs_err::create_dir_all(folder).map_err(AccountError::file("make the folder", folder))?;
        fs_err::write(&path, text).map_err(AccountError::file("write", &path))
    }

    /// Gives a layer what another one has, or will have.
    pub(super) fn hand(&self, from: &str, to: &str, given: &Value) -> Result<(), AccountError> {
        self.write(Utf8Path::new(to).join(handed_file(from)), &pretty(given))
    }

    /// Gives a layer variables of its own; those that are not named have their defaults.
    pub(super) fn settings(&self, layer: &str, settings: &Map<String, Value>) -> Result<(), AccountError> {
        let path = Utf8Path::new(layer).join(SETTINGS);
        match settings.is_empty() {
            true => remove(&self.0.join(path)),
            false => self.write(path, &pretty(&settings.clone().into())),
        }
    }

    /// Lets a layer's state be a local one that nobody keeps, or the one that is rendered.
    pub(super) fn without_bucket(&self, layer: &str, without: bool) -> Result<(), AccountError> {
        let path = Utf8Path::new(layer).join(OVERRIDE);
        let text = "# The bucket of the states is not there yet: this is a preview.\nterraform {\n  backend \"local\" {\n    path = \"landfall-preview.tfstate\"\n  }\n}\n";
        match without {
            true => self.write(path, text),
            false => remove(&self.0.join(path)),
        }
    }

    /// Lets the state of the layer that makes the bucket lie in it, beside those of the other layers, or where it is rendered.
    pub(super) fn bootstrap_in_bucket(&self, inside: bool) -> Result<(), AccountError> {
        let path = Utf8Path::new(BOOTSTRAP).join(OVERRIDE);
        if !inside {
            return remove(&self.0.join(path));
        }
        let other = self.layer(FOUNDATION).join("versions.tf");
        let rendered = fs_err::read_to_string(&other).map_err(AccountError::file("read", &other))?;
        let block = rendered
            .find("  backend \"s3\" {")
            .and_then(|begin| Some(&rendered[begin..begin + rendered[begin..].find("\n  }\n")? + 5]));
        let block = block.ok_or_else(|| AccountError::strange(format!("{other} has no backend in S3")))?;
        let block = block.replace(
            &format!("/{FOUNDATION}.tfstate"),
            &format!("/{BOOTSTRAP}.tfstate"),
        );
        let text = format!(
            "# The bucket is there, and keeps the state of what makes it, too.\nterraform {{\n{block}}}\n"
        );
        self.write(path, &text)
    }

    /// Writes down what Terraform is to take over before anything else.
    pub(super) fn adopt(&self, layer: &str, found: &BTreeMap<String, String>) -> Result<(), AccountError> {
        let path = Utf8Path::new(layer).join(ADOPTED);
        if found.is_empty() {
            return remove(&self.0.join(path));
        }
        let block = |(address, id): (&String, &String)| {
            format!(
                "import {{\n  to = {address}\n  id = {}\n}}\n",
                super::render::hcl::Hcl::text(id).write(0)
            )
        };
        self.write(path, &found.iter().map(block).collect::<String>())
    }
}

/// Removes a file, where it is there.
pub(super) fn remove(path: &Utf8Path) -> Result<(), AccountError> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(AccountError::file("remove", path)),
    }
}

/// Lists the layers that are rendered, in the order in which they are applied.
pub(super) fn layers(artifacts: &Artifacts) -> Vec<&'static str> {
    let rendered = |layer: &&str| artifacts.get(&Utf8Path::new(layer).join("versions.tf")).is_some();
    super::place::LAYERS.into_iter().filter(rendered).collect()
}

fn handed_file(from: &str) -> String {
    format!("{from}.auto.tfvars.json")
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_what_makes_the_bucket_lies_in_it_beside_the_others() {
        let guard = tempfile::tempdir().unwrap();
        let folder = Folder(Utf8PathBuf::from_path_buf(guard.path().to_owned()).unwrap());
        fs_err::create_dir(folder.layer(FOUNDATION)).unwrap();
        let rendered = include_str!("../../../tests/golden/sample/aws/foundation/versions.tf");
        fs_err::write(folder.layer(FOUNDATION).join("versions.tf"), rendered).unwrap();
        folder.bootstrap_in_bucket(true).unwrap();
        let path = folder.layer(BOOTSTRAP).join(OVERRIDE);
        insta::assert_snapshot!(fs_err::read_to_string(&path).unwrap(), @r#"
        # The bucket is there, and keeps the state of what makes it, too.
        terraform {
          backend "s3" {
            bucket              = "notes-state-123456789012"
            key                 = "notes/main/bootstrap.tfstate"
            region              = "eu-west-1"
            use_lockfile        = true
            allowed_account_ids = ["123456789012"]
          }
        }
        "#);
        folder.bootstrap_in_bucket(false).unwrap();
        assert!(!path.exists());
    }
}
