//! Which release this is: read from `release.json` beside the binary.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Explain as _, Failure};

/// What a release says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// The version that `/version` reports.
    pub version: String,
    /// The newest migration this release knows, and the schema it needs.
    pub schema: u32,
    /// Whether it ever becomes ready.
    #[serde(default)]
    pub behaviour: Behaviour,
}

/// How a release behaves once it runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Behaviour {
    /// It becomes ready when what it needs is there.
    #[default]
    Healthy,
    /// It starts and stays alive, but never becomes ready.
    Unhealthy,
}

impl Default for Release {
    fn default() -> Self {
        Self {
            version: "1.0.0".into(),
            schema: 1,
            behaviour: Behaviour::Healthy,
        }
    }
}

impl Release {
    /// Reads the file beside the running binary; without one it is the first release.
    pub fn beside_binary() -> Result<Self, Failure> {
        let binary = std::env::current_exe().explain("cannot tell where this binary lies")?;
        binary
            .parent()
            .map_or_else(|| Ok(Self::default()), Self::in_folder)
    }

    fn in_folder(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("release.json");
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).explain(format_args!(
                "cannot read {}, correct or remove it",
                path.display()
            )),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).explain(format_args!("cannot open {}", path.display())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_fields() {
        let text = r#"{ "version": "1.2.0", "schema": 2, "behaviour": "unhealthy" }"#;
        let release: Release = serde_json::from_str(text).unwrap();
        assert_eq!((release.version.as_str(), release.schema), ("1.2.0", 2));
        assert_eq!(release.behaviour, Behaviour::Unhealthy);
    }

    #[test]
    fn is_healthy_unless_told_otherwise() {
        let release: Release = serde_json::from_str(r#"{ "version": "1.1.0", "schema": 2 }"#).unwrap();
        assert_eq!(release.behaviour, Behaviour::Healthy);
    }

    #[test]
    fn refuses_an_unknown_field() {
        let text = r#"{ "version": "1.1.0", "schema": 2, "behavior": "unhealthy" }"#;
        assert!(serde_json::from_str::<Release>(text).is_err());
    }

    #[test]
    fn is_the_first_release_without_a_file() {
        let release = Release::in_folder(Path::new("/nonexistent")).unwrap();
        assert_eq!(release, Release::default());
    }

    #[test]
    fn every_packed_release_reads() {
        let mut known: Vec<serde_json::Map<String, serde_json::Value>> =
            serde_json::from_str(include_str!("../releases.json")).unwrap();
        let releases: Vec<Release> = known
            .iter_mut()
            .map(|release| {
                release.remove("promise").unwrap();
                serde_json::from_value(release.clone().into()).unwrap()
            })
            .collect();
        assert_eq!(releases[0], Release::default());
    }
}
