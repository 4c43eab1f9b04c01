//! What Terraform is told: providers come from a folder, and from nowhere else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::ground::cache::{Cache, text_key};
use crate::ground::variable;

/// The variable that names the folder of providers.
const PROVIDERS: &str = "LANDFALL_TEST_PROVIDERS";
/// What a folder of providers has in it.
const HOST: &str = "registry.terraform.io";

/// Gives the path of a configuration of Terraform's that allows one folder of providers; none when there is no such folder.
pub fn configuration(cache: &Cache) -> anyhow::Result<Option<PathBuf>> {
    let Some(mirror) = mirror(&places()) else {
        return Ok(None);
    };
    let text = text(&mirror);
    let folder = cache.made("terraform-mirror", &text_key(&text), |folder| {
        Ok(fs::write(folder.join("terraform.rc"), &text)?)
    });
    let folder = folder.context("cannot write what Terraform is told")?;
    Ok(Some(folder.join("terraform.rc")))
}

/// Lists where providers may lie: what is set, where Terraform itself looks, and what an image brought.
fn places() -> Vec<PathBuf> {
    if let Some(set) = variable(PROVIDERS) {
        return vec![set.into()];
    }
    let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
    let mut places = vec![
        home.join(".terraform.d/plugins"),
        home.join(".local/share/terraform/plugins"),
        "/usr/local/share/terraform/plugins".into(),
        "/usr/share/terraform/plugins".into(),
    ];
    let brought = fs::read_dir("/opt").into_iter().flatten().flatten();
    let mut brought: Vec<PathBuf> = brought.map(|entry| entry.path()).collect();
    brought.sort();
    places.extend(brought);
    places
}

fn mirror(places: &[PathBuf]) -> Option<PathBuf> {
    let is_mirror = |place: &&PathBuf| place.join(HOST).is_dir();
    places.iter().find(is_mirror).cloned()
}

fn text(mirror: &Path) -> String {
    // Quotes and escapes of a path are those of a JSON text.
    let path = serde_json::Value::from(mirror.to_string_lossy());
    format!(
        "# Nothing else is named, so nothing else is asked.\nprovider_installation {{\n  filesystem_mirror {{\n    path = {path}\n  }}\n}}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_folder_that_holds_providers_is_the_mirror() {
        let folder = std::env::temp_dir().join(format!("landfall-providers-{}", std::process::id()));
        let (empty, first, second) = (folder.join("empty"), folder.join("first"), folder.join("second"));
        fs::create_dir_all(&empty).unwrap();
        for mirror in [&first, &second] {
            fs::create_dir_all(mirror.join(HOST)).unwrap();
        }
        assert_eq!(mirror(&[empty.clone(), first.clone(), second]), Some(first));
        assert_eq!(mirror(&[empty]), None);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn no_other_way_to_providers_is_named() {
        let text = text(Path::new("/a \"folder\""));
        assert!(text.contains(r#"path = "/a \"folder\"""#), "{text}");
        assert!(
            !text.contains("direct") && !text.contains("network_mirror"),
            "{text}"
        );
    }
}
