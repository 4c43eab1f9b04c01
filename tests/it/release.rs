//! Adding releases with the real binary.

use camino::Utf8PathBuf;

use crate::common::{Ran, TestEnv, data};

struct Vendor {
    env: TestEnv,
}

impl Vendor {
    fn new() -> Self {
        Self {
            env: TestEnv::with_products(),
        }
    }

    fn add(&self, version: &str, more: &[&str]) -> Ran {
        let layout = data("layout/good");
        let mut args = vec!["release", "add", "demo", version, "--from", layout.as_str()];
        for component in ["api=demo:1.0.0", "agent=demo:1.0.0"] {
            args.extend(["--image", component]);
        }
        self.env.run(&[&args, more].concat())
    }

    fn releases(&self) -> Utf8PathBuf {
        self.env.root().join("products/demo/releases")
    }
}

#[test]
fn an_sbom_is_made_of_each_image_and_its_digest_recorded() {
    let vendor = Vendor::new();
    vendor
        .add("1.1.0", &[])
        .exits(0)
        .says(&["api: made an SBOM", "added Demo 1.1.0"]);
    let document = fs_err::read(vendor.releases().join("1.1.0/sbom/api.cdx.json")).unwrap();
    let release = fs_err::read_to_string(vendor.releases().join("1.1.0.yaml")).unwrap();
    let digest = landfall::oci::Digest::of(&document);
    assert!(release.contains(&format!("sbom: {digest}")), "{release}");
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    assert_eq!(document["bomFormat"], "CycloneDX");
    assert_eq!(document["metadata"]["component"]["version"], "1.0.0");

    vendor.add("1.1.0", &["--no-sbom"]).exits(0);
    assert!(!vendor.releases().join("1.1.0/sbom/api.cdx.json").exists());
}

#[test]
fn what_a_release_promises_is_written_down() {
    let vendor = Vendor::new();
    let more = [
        "--no-sbom",
        "--old-version-works",
        "--reachable-from",
        "1.0",
        "--note",
        "Read me.",
    ];
    vendor.add("1.1.0", &more).exits(0);
    let release = fs_err::read_to_string(vendor.releases().join("1.1.0.yaml")).unwrap();
    for line in ["reachable_from: '1.0'", "old_version_works: true", "- Read me."] {
        assert!(release.contains(line), "{line} is not in {release}");
    }
    vendor
        .add("1.0.0", &["--reachable-from", "1.0"])
        .exits(64)
        .says(&["--reachable-from takes a version before 1.0.0"]);
}
