//! The doctor with made-up worlds, and its probes with real sockets.

mod checks;
mod probes;
mod world;

use std::collections::BTreeMap;

use crate::deployment::{Answers, Deployment, resolve};
use crate::oci::Digest;
use crate::product::{Catalog, ImageOrigin, RELEASE_SCHEMA, Release, ReleaseImage};
use crate::wizard::{apply_all, complete_without_asking, write};

/// Resolves the sample product with answers, on images that nobody has.
fn deployment(pairs: &[&str]) -> Deployment {
    let entry = Catalog::default().open("sample").unwrap();
    let product = entry.product();
    let mut answers = Answers::new("sample", "acme");
    let given = ["tier=enterprise", "services.license.token=file:license.jwt"];
    let pairs: Vec<String> = given.iter().chain(pairs).map(|pair| (*pair).to_owned()).collect();
    apply_all(product, &mut answers, &pairs).unwrap();
    let answers = complete_without_asking(product, &answers).unwrap();
    let document = Answers::parse("landfall.yaml", &write(product, &answers)).unwrap();
    let image = |name: &String| ReleaseImage {
        reference: format!("registry.test/{name}:1.0.0"),
        digest: Digest::of(name.as_bytes()),
        platforms: BTreeMap::new(),
        size: 64 << 20,
        source: ImageOrigin::Registry,
        sbom: None,
    };
    let release = Release {
        schema: RELEASE_SCHEMA.to_owned(),
        product: "sample".to_owned(),
        version: "1.0.0".parse().unwrap(),
        images: product
            .components
            .keys()
            .map(|name| (name.clone(), image(name)))
            .collect(),
        reachable_from: None,
        migrations: Default::default(),
        notes: vec![],
    };
    resolve(&entry, &release, &document).unwrap()
}
