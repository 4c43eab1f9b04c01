//! The doctor with made-up worlds, and its probes with real sockets.

mod checks;
mod probes;
mod world;

use crate::deployment::{Answers, Deployment, resolve};
use crate::product::Catalog;
use crate::product::testing::release;
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
    resolve(&entry, &release(product, "1.0.0"), &document).unwrap()
}
