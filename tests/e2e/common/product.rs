//! The sample's definition, changed.

use camino::Utf8Path;

use super::repository;

/// Copies the sample's definition into a folder of its own; it is restarted for a new license there.
pub fn restarting(to: &Utf8Path) {
    let from = repository("products/sample");
    for file in [
        "product.yaml",
        "keys/license-test.pub.pem",
        "examples/revocations.json",
    ] {
        let to = to.join(file);
        fs_err::create_dir_all(to.parent().unwrap()).unwrap();
        fs_err::copy(from.join(file), to).unwrap();
    }
    let text = fs_err::read_to_string(to.join("product.yaml")).unwrap();
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.contains("path: /api/v1/license/reload"))
        .collect();
    let text = kept.join("\n").replace("method: reload", "method: restart");
    fs_err::write(to.join("product.yaml"), text + "\n").unwrap();
}
